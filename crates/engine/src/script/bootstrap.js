// Makes a fresh context a place where scripts cannot keep anything from one message for the next, and
// where time and chance come from the envelope. Runs once per runtime, before any script.
(function (native, messagePrototype) {
  "use strict";
  const define = (object, key, value) =>
    Object.defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true });
  const remove = (object, key) => {
    if (object !== undefined) delete object[key];
  };

  // Settings that would outlive a message, and what could block or tell the time.
  remove(Error, "prepareStackTrace");
  remove(Error, "stackTraceLimit");
  for (const key of ["eval", "Atomics", "SharedArrayBuffer", "WeakRef", "FinalizationRegistry", "performance"]) {
    remove(globalThis, key);
  }

  // No code from text.
  const functions = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const prototype of functions.map(Object.getPrototypeOf)) {
    const refuse = function Function() {
      throw new TypeError("code cannot be made from text");
    };
    Object.defineProperty(refuse, "prototype", { value: prototype });
    Object.defineProperty(prototype, "constructor", { value: refuse });
  }
  define(globalThis, "Function", Function.prototype.constructor);

  // Date: the only time is the envelope's arrival, the only zone is UTC.
  const NativeDate = Date;
  const zoneless = (text) => {
    if (/(?:[zZ]|[+-]\d\d:?\d\d|\b(?:GMT|UTC|[A-Z]{2,4})|\))\s*$/.test(text)) return text;
    if (/^[+-]?\d{4,6}(?:-\d\d)?(?:-\d\d)?$/.test(text)) return text;
    return /^[+-]?\d{4,6}-\d\d-\d\dT/.test(text) ? text + "Z" : text + " GMT";
  };
  const utc = NativeDate.UTC;
  const parse = (text) => NativeDate.parse(zoneless(`${text}`));
  const prototype = NativeDate.prototype;
  const primitive = (value) => (typeof value === "object" && value !== null ? `${value}` : value);
  const UtcDate = function Date(...parts) {
    if (new.target === undefined) return prototype.toString.call(new NativeDate(native.now()));
    let time;
    if (parts.length === 0) time = native.now();
    else if (parts.length > 1) time = utc(...parts);
    else if (parts[0] instanceof NativeDate) time = prototype.getTime.call(parts[0]);
    else time = primitive(parts[0]);
    if (typeof time === "string") time = parse(time);
    return Reflect.construct(NativeDate, [time], new.target);
  };
  Object.defineProperty(UtcDate, "length", { value: 7 });
  Object.defineProperty(UtcDate, "prototype", { value: prototype, writable: false });
  define(UtcDate, "UTC", utc);
  define(UtcDate, "parse", (text) => parse(text));
  define(UtcDate, "now", () => native.now());
  for (const part of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    define(prototype, `get${part}`, prototype[`getUTC${part}`]);
    if (part !== "Day") define(prototype, `set${part}`, prototype[`setUTC${part}`]);
  }
  const toUtc = prototype.toUTCString;
  const toIso = prototype.toISOString;
  remove(prototype, "getYear");
  remove(prototype, "setYear");
  define(prototype, "getTimezoneOffset", function getTimezoneOffset() { return 0; });
  define(prototype, "toString", function toString() { return toUtc.call(this); });
  define(prototype, "toLocaleString", function toLocaleString() { return toUtc.call(this); });
  for (const key of ["toDateString", "toLocaleDateString"]) {
    define(prototype, key, function () { return toIso.call(this).slice(0, 10); });
  }
  for (const key of ["toTimeString", "toLocaleTimeString"]) {
    define(prototype, key, function () { return toIso.call(this).slice(11, 19); });
  }
  define(prototype, "constructor", UtcDate);
  define(globalThis, "Date", UtcDate);

  define(Math, "random", function random() { return native.random(); });

  // console writes into the message's own trace.
  const show = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (value instanceof messagePrototype.constructor) return "[message]";
    if (typeof value === "object" && value !== null) {
      try {
        return JSON.stringify(value);
      } catch {
        return "[object]";
      }
    }
    return String(value);
  };
  const console = {};
  for (const level of ["debug", "info", "log", "warn", "error"]) {
    const lead = level === "warn" || level === "error" ? `${level}: ` : "";
    define(console, level, (...values) => native.note(lead + values.map(show).join(" ")));
  }
  define(globalThis, "console", console);

  // ctx: one object for all messages; what it tells is asked of the host each time.
  const getters = (object, from) => {
    for (const key of Object.keys(from)) Object.defineProperty(object, key, { get: from[key], enumerable: true });
    return object;
  };
  const values = {
    get(key, otherwise) { return native.value(key) ?? otherwise; },
    has(key) { return native.value(key) !== undefined; },
    set(key, value) { native.setValue(key, value); },
    delete(key) { return native.deleteValue(key); },
    keys() { return native.valueKeys(); },
  };
  const ctx = getters({
    values,
    lookup(table, key, otherwise) { return native.lookup(table, key) ?? otherwise; },
    note(text) { native.note(show(text)); },
    uuid() { return native.nextUuid(); },
  }, {
    channel() { return native.channel(); },
    id() { return native.id(); },
    system() { return native.system(); },
    peer() { return native.peer(); },
    format() { return native.format(); },
    receivedMs() { return native.now(); },
    received() { return toIso.call(new NativeDate(native.now())); },
  });

  // The module "klinke".
  const fields = ["year", "month", "day", "hour", "minute", "second", "millisecond"];
  const parseDate = (text, pattern) => {
    const parts = native.parseDate(text, pattern);
    if (parts === undefined) return undefined;
    const date = {};
    for (let at = 0; at < parts.length; at++) date[fields[at]] = parts[at];
    return date;
  };
  const formatDate = (date, pattern) => {
    if (typeof date === "number") date = new NativeDate(date);
    const parts = date instanceof NativeDate
      ? [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(),
         date.getUTCMinutes(), date.getUTCSeconds(), date.getUTCMilliseconds()]
      : fields.map((field) => date[field]);
    const end = parts.indexOf(undefined);
    return native.formatDate(end < 0 ? parts : parts.slice(0, end), pattern);
  };
  const klinke = {
    __proto__: null,
    parseDate,
    formatDate,
    reformatDate(text, from, to) {
      const date = parseDate(text, from);
      return date === undefined ? "" : formatDate(date, to);
    },
    pad(text, width, fill = " ", side = "left") {
      const all = `${text}`;
      if (all.length >= width) return side === "left" ? all.slice(all.length - width) : all.slice(0, width);
      return side === "left" ? all.padStart(width, fill) : all.padEnd(width, fill);
    },
    base64: {
      encode(data) { return native.base64(data); },
      decode(text) { return native.unbase64(text); },
      text(text) { return native.unbase64Text(text); },
    },
    sha256(data) { return native.sha256(data); },
    uuid(name) { return native.uuid(name); },
  };

  // Freezing a prototype would also forbid `this.name = …` on objects that inherit from it. Where that is
  // a common thing to write, the property becomes an accessor that sets the heir's own.
  const tamed = [Object.prototype, Error.prototype, AggregateError.prototype, EvalError.prototype,
    RangeError.prototype, ReferenceError.prototype, SyntaxError.prototype, TypeError.prototype,
    URIError.prototype, Array.prototype, Map.prototype, Set.prototype];
  for (const home of tamed) {
    for (const key of Reflect.ownKeys(home)) {
      const property = Object.getOwnPropertyDescriptor(home, key);
      const plain = "value" in property && property.configurable && typeof key === "string";
      const kept = home === Array.prototype && !["toString", "constructor"].includes(key);
      if (!plain || kept) continue;
      const value = property.value;
      Object.defineProperty(home, key, {
        get() { return value; },
        set(own) {
          if (this === home) throw new TypeError("built-in objects cannot be changed");
          Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
        },
        enumerable: false,
        configurable: false,
      });
    }
  }

  // Freeze all that can be reached.
  const seen = new Set();
  const harden = (root) => {
    const todo = [root];
    for (let item = todo.pop(); item !== undefined; item = todo.pop()) {
      if (seen.has(item)) continue;
      seen.add(item);
      Object.freeze(item);
      const inherited = Object.getPrototypeOf(item);
      if (inherited !== null) todo.push(inherited);
      const keys = Reflect.ownKeys(item);
      // Most are plain built-in functions: a length and a name, nothing to go on to.
      if (keys.length === 2 && typeof item === "function") continue;
      for (const key of keys) {
        const property = Object.getOwnPropertyDescriptor(item, key);
        for (const value of [property.value, property.get, property.set]) {
          if ((typeof value === "object" && value !== null) || typeof value === "function") todo.push(value);
        }
      }
    }
  };
  const iterators = [[].values(), new Map().values(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/a/g),
    (function* () {})(), (async function* () {})(), Iterator.from({ next() {} }), [].values().map((x) => x)];
  for (const item of [globalThis, klinke, ctx, console, messagePrototype, ...functions, ...iterators]) harden(item);
  return [klinke, ctx];
});
