// The viewer: frames as whole numbers from the server, made grey here, so that a window moves without asking anybody.
// The page around it works without: its strip leads to pages with pictures.
"use strict";

(() => {
  const root = document.getElementById("viewer");
  if (!root || !window.PointerEvent) return;
  const T = JSON.parse(root.dataset.texts);
  const $ = (id) => document.getElementById(id);
  const make = (name, kind, parent) => {
    const one = document.createElement(name);
    if (kind) one.className = kind;
    if (parent) parent.append(one);
    return one;
  };
  const link = root.dataset.link;
  /// The address of something of a study; whoever came by a link goes on by it.
  const way = (study, rest) => {
    const path = `/archive/studies/${encodeURIComponent(study)}${rest}`;
    return link ? `${path}${path.includes("?") ? "&" : "?"}${link}` : path;
  };
  const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
  const say = (text) => { $("said").textContent = text; };

  // ---- Frames -------------------------------------------------------------------------------------------

  /// Undoes the differences between neighbours: 8 bits, or 16 bits as low bytes, then high bytes.
  const undo = (head, bytes) => {
    const count = head.columns * head.rows * head.channels;
    const out = head.bytes === 2 ? new Uint16Array(count) : new Uint8Array(count);
    if (head.bytes === 2) {
      for (let i = 0, sum = 0; i < count; i += 1) out[i] = sum = (sum + bytes[i] + (bytes[count + i] << 8)) & 0xFFFF;
    } else {
      for (let i = 0; i < count; i += 1) out[i] = bytes[i] + (i < head.channels ? 0 : out[i - head.channels]);
    }
    return out;
  };

  const read = (buffer) => {
    const length = new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const bytes = new Uint8Array(buffer, 4 + length);
    const count = head.columns * head.rows * head.channels * head.bytes;
    if (head.curve) head.curve.greys = Uint8Array.from(atob(head.curve.greys), (one) => one.charCodeAt(0));
    return { head, samples: undo(head, bytes), overlay: head.overlay ? bytes.slice(count) : null, size: count };
  };

  /// Frames that were loaded, those that were used last at the end; no more than memory allows.
  const shelf = new Map();
  const SHELF_BYTES = (navigator.deviceMemory || 4) < 4 ? 96e6 : 320e6;
  let shelved = 0;
  let busy = 0;

  const keyOf = (ref, by) => `${ref.instance} ${ref.frame} ${by}`;

  const load = (ref, by) => {
    const key = keyOf(ref, by);
    const kept = shelf.get(key);
    if (kept) { shelf.delete(key); shelf.set(key, kept); return kept.promise; }
    const entry = { size: 0, frame: null };
    busy += 1;
    const address = way(ref.study, `/frames/${encodeURIComponent(ref.instance)}?frame=${ref.frame}&each=${by}`);
    entry.promise = fetch(address, { redirect: "error" }).then(async (answer) => {
      if (answer.status === 401 || answer.status === 403) throw new Error(T.over);
      if (!answer.ok) throw new Error(T.failed);
      entry.frame = read(await answer.arrayBuffer());
      entry.size = entry.frame.size;
      shelved += entry.size;
      for (const [old, one] of shelf) {
        if (shelved <= SHELF_BYTES || old === key) break;
        if (one.frame) { shelf.delete(old); shelved -= one.size; }
      }
      return entry.frame;
    }).catch((error) => {
      shelf.delete(key);
      throw error instanceof TypeError ? new Error(T.gone) : error;
    }).finally(() => { busy -= 1; setTimeout(prefetch, 0); });
    shelf.set(key, entry);
    return entry.promise;
  };

  const AHEAD = 24;
  /// Loads what will be wanted next: neighbours of what is shown, the nearest first.
  const prefetch = () => {
    for (const pane of panes) {
      for (let step = 1; step <= AHEAD && busy < 3; step += 1) {
        for (const at of pane.cine ? [pane.index + step] : [pane.index + step, pane.index - step]) {
          const ref = pane.stack[pane.cine ? at % pane.stack.length : at];
          if (!ref || busy >= 3 || shelf.has(keyOf(ref, pane.by(ref)))) continue;
          if (ref.columns * ref.rows > 4e6 && step > 2) continue;
          load(ref, pane.by(ref)).catch(() => {});
        }
      }
    }
  };

  // ---- Studies ------------------------------------------------------------------------------------------

  const studies = new Map();
  const study = async (uid) => {
    if (!studies.has(uid)) {
      const answer = await fetch(way(uid, "/list"), { redirect: "error" });
      if (!answer.ok) throw new Error(answer.status === 403 || answer.status === 401 ? T.over : T.failed);
      const one = await answer.json();
      one.marks = new Map();
      for (const mark of one.keys.flatMap((key) => key.marks)) {
        const frames = one.marks.get(mark.instance) || [];
        one.marks.set(mark.instance, mark.frames.length ? frames.concat(mark.frames) : [0]);
      }
      studies.set(uid, one);
    }
    return studies.get(uid);
  };

  const isKey = (one, ref) => {
    const frames = one.marks.get(ref.instance);
    return Boolean(frames) && (frames.includes(0) || frames.includes(ref.frame));
  };

  /// All frames of a series, in their order.
  const stackOf = (one, series) => series.list.filter((line) => line.kind === "image").flatMap((line) =>
    Array.from({ length: Math.max(line.frames, 1) }, (_, at) => ({
      study: one.uid, instance: line.uid, number: line.number, frame: at + 1, frames: line.frames,
      columns: line.columns, rows: line.rows,
    })));

  // ---- Grey ---------------------------------------------------------------------------------------------

  /// The grey of a value (PS3.3, section C.11.2.1).
  const greyOf = (window, value) => {
    const { center, width, shape } = window;
    let part;
    if (shape === "sigmoid") part = 1 / (1 + Math.exp(-4 * (value - center) / width));
    else if (shape === "linear-exact") part = (value - center) / width + 0.5;
    else if (width <= 1) return value <= center - 0.5 ? 0 : 255;
    else part = (value - (center - 0.5)) / (width - 1) + 0.5;
    return Math.round(clamp(part, 0, 1) * 255);
  };

  const wholeOf = (head) => ({ center: (head.least + head.most) / 2, width: Math.max(head.most - head.least, 1), shape: "linear-exact" });

  /// What a frame is shown with where nobody chose: its own window, its own curve, or all that is in it.
  const ownOf = (head) => {
    if (head.channels === 3) return { center: 127.5, width: 255, shape: "linear-exact" };
    return head.windows[0] || wholeOf(head);
  };

  /// For each sample the pixel of the screen.
  const tableOf = (head, window, invert) => {
    const table = new Uint32Array(head.bytes === 2 ? 65536 : 256);
    const flip = head.inverted !== invert ? 255 : 0;
    for (let sample = 0; sample < table.length; sample += 1) {
      const value = sample * head.slope + head.intercept;
      let grey;
      if (!window && head.curve) {
        const { first, greys } = head.curve;
        grey = greys[clamp(Math.round(value) - first, 0, greys.length - 1)];
      } else grey = greyOf(window || ownOf(head), value);
      table[sample] = (0xFF000000 | ((grey ^ flip) * 0x010101)) >>> 0;
    }
    return table;
  };

  const paint = (frame, window, invert, image) => {
    const { head, samples, overlay } = frame;
    const out = new Uint32Array(image.data.buffer);
    const table = tableOf(head, window, invert);
    if (head.channels === 3) {
      for (let i = 0, at = 0; i < out.length; i += 1, at += 3) {
        out[i] = 0xFF000000 | (table[samples[at + 2]] & 0xFF) << 16 | (table[samples[at + 1]] & 0xFF) << 8 | table[samples[at]] & 0xFF;
      }
    } else for (let i = 0; i < out.length; i += 1) out[i] = table[samples[i]];
    if (overlay) for (let i = 0; i < out.length; i += 1) if (overlay[i]) out[i] = 0xFFFFFFFF;
  };

  const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };
  const opposite = (letters) => [...letters].map((one) => OPPOSITE[one] || "").join("");

  // ---- Lengths ------------------------------------------------------------------------------------------

  /// How long a line is, in words; what says how large pixels are is told with it.
  const lengthOf = (head, [x0, y0, x1, y1]) => {
    const within = ([left, top, right, bottom], x, y) => x >= left && x <= right + 1 && y >= top && y <= bottom + 1;
    const region = head.regions.find((one) => within(one.place, x0, y0) && within(one.place, x1, y1));
    const scale = region || head.spacing;
    if (!scale) return `${Math.hypot(x1 - x0, y1 - y0).toFixed(0)} ${T.pixels}`;
    const length = Math.hypot((x1 - x0) * scale.columns, (y1 - y0) * scale.rows);
    const text = length >= 100 ? `${(length / 10).toFixed(1)} cm` : `${length.toFixed(1)} mm`;
    return decimal(region ? text : `${text}${said(scale.said)}`);
  };
  const said = (name) => ({ ImagerPixelSpacing: ` ${T.detector}`, NominalScannedPixelSpacing: ` ${T.film}` })[name] || "";
  const decimal = (text) => (document.documentElement.lang === "de" ? text.replace(".", ",") : text);

  // ---- Panes --------------------------------------------------------------------------------------------

  const isTouch = matchMedia("(pointer: coarse)").matches;
  let tool = isTouch ? "scroll" : "window";
  let active = null;
  const panes = [];

  class Pane {
    constructor(number) {
      this.number = number;
      this.stack = [];
      this.all = [];
      this.index = 0;
      this.measures = new Map();
      this.box = make("section", "pane", $("panes"));
      this.box.setAttribute("aria-label", `${T.pane} ${number}`);
      this.canvas = make("canvas", "", this.box);
      this.canvas.tabIndex = 0;
      this.canvas.setAttribute("role", "img");
      this.canvas.setAttribute("aria-label", T.empty);
      this.canvas.setAttribute("aria-describedby", "help");
      this.context = this.canvas.getContext("2d");
      this.picture = make("canvas");
      this.corners = ["tl", "tr", "bl", "br", "top", "left", "right", "bottom", "notice"].reduce((all, name) =>
        ({ ...all, [name]: make("div", `corner ${name}`, this.box) }), {});
      this.paper = make("article", "paper", this.box);
      this.paper.hidden = true;
      this.paper.tabIndex = 0;
      this.place = make("input", "place", this.box);
      this.place.type = "range";
      this.place.min = 1;
      this.place.setAttribute("aria-label", T.position);
      this.place.addEventListener("input", () => { activate(this); this.go(Number(this.place.value) - 1); });
      this.reset();
      this.corners.notice.textContent = T.empty;
      new ResizeObserver(() => this.draw()).observe(this.box);
      this.box.addEventListener("pointerdown", () => activate(this), true);
      this.box.addEventListener("focusin", () => activate(this));
      this.canvas.addEventListener("keydown", (event) => keys(this, event));
      gestures(this);
    }

    /// As it is when a series is opened.
    reset() {
      Object.assign(this, { window: null, invert: false, zoom: 1, x: 0, y: 0 });
      this.isPainted = false;
      this.draw();
    }

    /// Shows a series, from a frame on.
    open(one, series, wanted) {
      Object.assign(this, { study: one, series, frame: null });
      this.play(false);
      this.all = stackOf(one, series);
      this.stack = this.all;
      this.paper.hidden = true;
      this.canvas.hidden = this.place.hidden = false;
      this.reset();
      if (keysOnly) this.filter(true);
      mark();
      if (!this.stack.length) { this.read(one, series); return; }
      const at = this.stack.findIndex((ref) => ref.instance === wanted?.instance && (!wanted.frame || ref.frame === wanted.frame));
      this.index = -1;
      this.go(at >= 0 ? at : 0);
    }

    /// Key images alone, or all.
    filter(only) {
      const here = this.stack[this.index];
      const keys = this.all.filter((ref) => isKey(this.study, ref));
      this.stack = only && keys.length ? keys : this.all;
      this.index = -1;
      if (this.stack.length) this.go(Math.max(this.stack.indexOf(here), 0));
    }

    /// Shows a report or a document as its own page has it.
    async read(one, series) {
      for (const corner of Object.values(this.corners)) corner.textContent = "";
      this.canvas.hidden = this.place.hidden = true;
      this.paper.hidden = false;
      this.paper.textContent = T.loading;
      const said = [];
      for (const line of series.list.slice(0, 10)) {
        const answer = await fetch(way(one.uid, `/instances/${encodeURIComponent(line.uid)}`), { redirect: "error" }).catch(() => null);
        const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
        said.push(...(page ? page.querySelectorAll("main section.card") : []));
      }
      if (this.series !== series) return;
      this.paper.replaceChildren(...said);
      if (!said.length) this.paper.textContent = T.failed;
      this.draw();
    }

    /// How many pixels are loaded as one: small frames whole, large ones as fine as the screen and the zoom show.
    by(ref) {
      if (ref.columns * ref.rows < 1.5e6) return 1;
      const shown = this.fit(ref.columns, ref.rows) * this.zoom * (window.devicePixelRatio || 1);
      return [8, 4, 2].find((by) => by * shown <= 1.05) || 1;
    }

    fit(columns, rows) {
      return Math.min(this.box.clientWidth / columns, this.box.clientHeight / rows) || 1;
    }

    async go(index) {
      index = clamp(index, 0, this.stack.length - 1);
      const ref = this.stack[index];
      if (!ref) return;
      const isOther = index !== this.index;
      this.index = index;
      this.place.max = this.stack.length;
      this.place.value = index + 1;
      this.place.hidden = this.stack.length < 2;
      this.tell();
      const by = this.by(ref);
      const isNow = shelf.get(keyOf(ref, by))?.frame;
      if (!isNow && isOther) this.corners.notice.textContent = T.loading;
      try {
        const frame = isNow ? await load(ref, by) && isNow : await load(ref, by);
        if (this.stack[this.index] !== ref) return;
        Object.assign(this, { frame, shown: ref, isPainted: false });
        this.corners.notice.textContent = "";
      } catch (error) {
        if (this.stack[this.index] !== ref) return;
        Object.assign(this, { frame: null, shown: ref });
        this.corners.notice.textContent = error.message;
      }
      this.tell();
      this.draw();
      if (this === active) { presets(); remember(); }
      prefetch();
    }

    step(by) {
      if (!this.stack.length) return;
      this.go(this.index + by);
      if (isLinked) for (const other of panes) if (other !== this && other.stack.length) other.go(other.index + by);
    }

    play(on) {
      clearTimeout(this.cine);
      this.cine = null;
      if (!on || this.stack.length < 2) { if (this === active) pressed("cine", false); return; }
      const turn = async () => {
        const begun = performance.now();
        await this.go((this.index + 1) % this.stack.length);
        if (this.cine) this.cine = setTimeout(turn, Math.max(1000 / Number($("rate").value) - (performance.now() - begun), 0));
      };
      this.cine = setTimeout(turn, 0);
    }

    /// Texts in the corners, and for those who listen.
    tell() {
      const ref = this.stack[this.index];
      if (!ref) return;
      const { study: one, series, frame } = this;
      const name = series.description || `${series.modality} ${series.number}`;
      const at = `${this.index + 1}/${this.stack.length}`;
      this.corners.tl.textContent = `${one.patient.name}\n${one.patient.id}${one.patient.birth ? ` · ${one.patient.birth}` : ""}`;
      this.corners.tr.textContent = `${one.date} ${one.time}\n${name}`;
      const count = ref.frames > 1 ? ` · ${T.frame} ${ref.frame}` : "";
      this.corners.br.textContent = `${isKey(one, ref) ? `★ ${T.key}\n` : ""}${T.image} ${ref.number}${count}\n${at}`;
      this.canvas.setAttribute("aria-label", `${name}, ${T.image} ${this.index + 1} ${T.of} ${this.stack.length}`);
      const [right, bottom] = frame?.head.sides || ["", ""];
      this.corners.right.textContent = right;
      this.corners.left.textContent = opposite(right);
      this.corners.bottom.textContent = bottom;
      this.corners.top.textContent = opposite(bottom);
      this.figures();
    }

    figures() {
      const head = this.frame?.head;
      if (!head) { this.corners.bl.textContent = ""; return; }
      const used = this.window || (head.curve && !head.windows.length ? null : ownOf(head));
      const scale = this.scale() / (window.devicePixelRatio || 1);
      const size = head.by > 1 ? ` · ${T.reduced}` : "";
      const shown = used && head.channels === 1 ? `W ${Math.round(used.width)} L ${Math.round(used.center)}\n` : "";
      this.corners.bl.textContent = `${shown}${Math.round(scale * 100)} %${size}${head.spacing ? `\n${head.spacing.said}` : ""}`;
    }

    /// Pixels of the canvas for one of the frame.
    scale() {
      const [columns, rows] = this.frame.head.whole;
      return this.fit(columns, rows * this.frame.head.ratio) * this.zoom * (window.devicePixelRatio || 1);
    }

    /// Where the frame's first pixel is on the canvas, and how large its pixels are there.
    transform() {
      const [columns, rows] = this.frame.head.whole, dots = window.devicePixelRatio || 1;
      const across = this.scale(), down = across * this.frame.head.ratio;
      return {
        across, down,
        left: this.canvas.width / 2 + this.x * dots - columns * across / 2,
        top: this.canvas.height / 2 + this.y * dots - rows * down / 2,
      };
    }

    /// A place of the window as one of the frame.
    within(event) {
      const box = this.canvas.getBoundingClientRect(), dots = window.devicePixelRatio || 1;
      const { left, top, across, down } = this.transform();
      return [((event.clientX - box.left) * dots - left) / across, ((event.clientY - box.top) * dots - top) / down];
    }

    lines() {
      const key = this.shown ? keyOf(this.shown, 1) : "";
      if (!this.measures.has(key)) this.measures.set(key, []);
      return this.measures.get(key);
    }

    draw() {
      if (this.isDue) return;
      this.isDue = true;
      requestAnimationFrame(() => { this.isDue = false; this.drawNow(); });
    }

    drawNow() {
      const dots = window.devicePixelRatio || 1;
      const width = Math.round(this.box.clientWidth * dots), height = Math.round(this.box.clientHeight * dots);
      if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
      const { context, frame } = this;
      context.fillStyle = "#000";
      context.fillRect(0, 0, width, height);
      if (!frame || this.canvas.hidden) return;
      const { columns, rows, whole } = frame.head;
      if (!this.isPainted) {
        if (this.picture.width !== columns || this.picture.height !== rows || !this.image) {
          Object.assign(this.picture, { width: columns, height: rows });
          this.image = new ImageData(columns, rows);
        }
        paint(frame, this.window, this.invert, this.image);
        this.picture.getContext("2d").putImageData(this.image, 0, 0);
        this.isPainted = true;
      }
      const { left, top, across, down } = this.transform();
      context.imageSmoothingEnabled = across < 4;
      context.imageSmoothingQuality = "high";
      context.drawImage(this.picture, left, top, whole[0] * across, whole[1] * down);
      this.drawLines(dots);
      this.figures();
      this.finer();
    }

    /// Loads the frame finer when the zoom wants it.
    finer() {
      const ref = this.stack[this.index];
      if (ref === this.shown && this.by(ref) < this.frame.head.by) this.go(this.index);
    }

    drawLines(dots) {
      const { context } = this, { left, top, across, down } = this.transform();
      context.lineWidth = 1.5 * dots;
      context.font = `600 ${13 * dots}px system-ui, sans-serif`;
      context.textBaseline = "bottom";
      for (const line of this.lines()) {
        const [x0, y0, x1, y1] = [left + line[0] * across, top + line[1] * down, left + line[2] * across, top + line[3] * down];
        context.strokeStyle = "#ffd166";
        context.beginPath();
        context.moveTo(x0, y0);
        context.lineTo(x1, y1);
        for (const [x, y] of [[x0, y0], [x1, y1]]) { context.moveTo(x + 4 * dots, y); context.arc(x, y, 4 * dots, 0, 7); }
        context.stroke();
        const text = lengthOf(this.frame.head, line), wide = context.measureText(text).width;
        const x = clamp(x1 + 8 * dots, 2, this.canvas.width - wide - 4 * dots), y = clamp(y1 - 4 * dots, 20 * dots, this.canvas.height);
        context.fillStyle = "rgba(0,0,0,.65)";
        context.fillRect(x - 3 * dots, y - 17 * dots, wide + 6 * dots, 19 * dots);
        context.fillStyle = "#ffd166";
        context.fillText(text, x, y);
      }
    }

    zoomBy(factor, event) {
      if (!this.frame) return;
      const before = this.zoom, box = this.canvas.getBoundingClientRect();
      this.zoom = clamp(this.zoom * factor, 0.2, 40);
      const held = event ? [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2] : [0, 0];
      const share = this.zoom / before;
      this.x = held[0] - (held[0] - this.x) * share;
      this.y = held[1] - (held[1] - this.y) * share;
      this.draw();
    }

    setWindow(window) {
      this.window = window;
      this.isPainted = false;
      this.draw();
    }

    /// Moves the window: to the right wider, down brighter values come to the middle.
    moveWindow(from, across, down) {
      const width = Math.max(from.width * Math.exp(across / 220), this.frame.head.channels === 3 ? 8 : 1);
      this.setWindow({ center: from.center + down * from.width / 300, width, shape: from.shape === "sigmoid" ? "sigmoid" : "linear" });
    }
  }

  // ---- Hands --------------------------------------------------------------------------------------------

  const near = (pane, event) => {
    const { left, top, across, down } = pane.transform(), box = pane.canvas.getBoundingClientRect();
    const dots = window.devicePixelRatio || 1, reach = (event.pointerType === "touch" ? 24 : 10) * dots;
    const x = (event.clientX - box.left) * dots, y = (event.clientY - box.top) * dots;
    for (const line of pane.lines()) {
      for (const end of [0, 2]) if (Math.hypot(left + line[end] * across - x, top + line[end + 1] * down - y) < reach) return { line, end };
    }
    return null;
  };

  const gestures = (pane) => {
    const { canvas } = pane;
    const fingers = new Map();
    let hold = null;
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", () => { Object.assign(pane, { zoom: 1, x: 0, y: 0 }); pane.draw(); });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      activate(pane);
      if (event.ctrlKey) { pane.zoomBy(Math.exp(-event.deltaY / 300), event); return; }
      pane.wheel = (pane.wheel || 0) + (event.deltaMode ? event.deltaY * 40 : event.deltaY);
      const steps = Math.trunc(pane.wheel / 40);
      if (steps) { pane.wheel -= steps * 40; pane.step(Math.abs(steps) > 3 ? steps : Math.sign(steps)); }
    }, { passive: false });

    const begin = (event) => {
      const using = event.pointerType === "mouse" && event.button === 1 ? "pan" : event.pointerType === "mouse" && event.button === 2 ? "zoom" : tool;
      const head = pane.frame?.head;
      hold = { using, x: event.clientX, y: event.clientY, px: pane.x, py: pane.y, index: pane.index, window: head && (pane.window || ownOf(head)) };
      if (using === "measure" && head) {
        hold.end = near(pane, event);
        if (!hold.end) {
          const [x, y] = pane.within(event), line = [x, y, x, y];
          pane.lines().push(line);
          hold.end = { line, end: 2, isNew: true };
        }
      }
    };
    const move = (event) => {
      const across = event.clientX - hold.x, down = event.clientY - hold.y;
      if (!pane.frame) return;
      if (hold.using === "window") pane.moveWindow(hold.window, across, down);
      else if (hold.using === "pan") { pane.x = hold.px + across; pane.y = hold.py + down; pane.draw(); }
      else if (hold.using === "zoom") { pane.zoomBy(Math.exp(-(event.clientY - (hold.last ?? hold.y)) / 150), { clientX: hold.x, clientY: hold.y }); hold.last = event.clientY; }
      else if (hold.using === "scroll") {
        const steps = Math.round(down / clamp(pane.box.clientHeight / pane.stack.length, 4, 28));
        const to = clamp(hold.index + steps, 0, pane.stack.length - 1);
        if (to !== pane.index) pane.step(to - pane.index);
      } else if (hold.end) {
        [hold.end.line[hold.end.end], hold.end.line[hold.end.end + 1]] = pane.within(event);
        pane.draw();
      }
    };
    const end = () => {
      if (hold?.end?.isNew) {
        const line = hold.end.line, { across } = pane.transform();
        // A tap without a way is no line.
        if (Math.hypot(line[2] - line[0], line[3] - line[1]) * across < 4) pane.lines().pop();
        else say(lengthOf(pane.frame.head, line));
        pane.draw();
      }
      if (hold?.using === "window") presets();
      hold = null;
    };

    /// Two fingers: how far apart, and where their middle is.
    const pair = () => {
      const [a, b] = [...fingers.values()];
      return { apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY), clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
    };
    let pinch = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, event);
      canvas.focus({ preventScroll: true });
      if (event.pointerType === "mouse") event.preventDefault();
      if (fingers.size === 1) begin(event);
      else if (fingers.size === 2) {
        if (hold?.end?.isNew) pane.lines().pop();
        hold = null;
        pinch = pair();
      }
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, event);
      if (fingers.size === 1 && hold) move(event);
      else if (fingers.size === 2 && pinch) {
        const now = pair();
        pane.x += now.clientX - pinch.clientX;
        pane.y += now.clientY - pinch.clientY;
        pane.zoomBy(now.apart / Math.max(pinch.apart, 1), now);
        pinch = now;
      }
    });
    const up = (event) => {
      if (!fingers.delete(event.pointerId)) return;
      if (fingers.size < 2) pinch = null;
      if (!fingers.size) end();
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
  };

  const keys = (pane, event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const acts = {
      ArrowDown: () => pane.step(1), ArrowRight: () => pane.step(1), ArrowUp: () => pane.step(-1), ArrowLeft: () => pane.step(-1),
      PageDown: () => pane.step(10), PageUp: () => pane.step(-10),
      Home: () => pane.go(0), End: () => pane.go(pane.stack.length - 1),
      "+": () => pane.zoomBy(1.25), "-": () => pane.zoomBy(0.8), 0: () => { Object.assign(pane, { zoom: 1, x: 0, y: 0 }); pane.draw(); },
      i: () => act("invert"), r: () => act("reset"), " ": () => act("cine"),
      s: () => choose("scroll"), w: () => choose("window"), z: () => choose("zoom"), p: () => choose("pan"), m: () => choose("measure"),
      k: () => { const at = pane.stack.findIndex((ref, at) => at > pane.index && isKey(pane.study, ref)); pane.go(at >= 0 ? at : pane.stack.findIndex((ref) => isKey(pane.study, ref))); },
      Delete: () => { pane.lines().pop(); pane.draw(); }, Backspace: () => { pane.lines().pop(); pane.draw(); },
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  };

  // ---- Tools --------------------------------------------------------------------------------------------

  let isLinked = false;
  let keysOnly = false;
  const pressed = (name, on) => root.querySelector(`[data-act="${name}"]`)?.setAttribute("aria-pressed", on);

  const choose = (name) => {
    tool = name;
    for (const one of root.querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", one.dataset.tool === name);
    $("panes").dataset.tool = name;
  };

  const activate = (pane) => {
    if (active === pane) return;
    active = pane;
    for (const one of panes) one.box.classList.toggle("active", one === pane && panes.length > 1);
    pressed("invert", pane.invert);
    pressed("cine", Boolean(pane.cine));
    presets();
    mark();
  };

  const CT = [["soft", 40, 400], ["lung", -600, 1500], ["bone", 400, 1800], ["brain", 40, 80]];
  /// The windows that can be chosen, and which one is.
  const presets = () => {
    const head = active?.frame?.head, list = $("preset");
    const offered = [];
    if (head && head.channels === 1) {
      offered.push([T.own, null]);
      head.windows.slice(1).forEach((one, at) => offered.push([one.name || `${T.own} ${at + 2}`, one]));
      if (active.series.modality === "CT") CT.forEach(([name, center, width]) => offered.push([T[name], { center, width, shape: "linear" }]));
      offered.push([T.whole, wholeOf(head)]);
    }
    const same = (one) => JSON.stringify([one?.center, one?.width]) === JSON.stringify([active.window?.center, active.window?.width]);
    const at = offered.findIndex(([, one]) => same(one));
    list.replaceChildren(new Option(T.presets, ""), ...offered.map(([name], at) => new Option(name, at)));
    list.value = at >= 0 ? String(at) : "";
    list.disabled = !offered.length;
    list.onchange = () => { if (list.value !== "" && active?.frame) active.setWindow(offered[Number(list.value)][1]); };
  };

  const act = (name) => {
    const pane = active;
    if (name === "split") { split(panes.length === 1); return; }
    if (name === "linked") { isLinked = !isLinked; pressed("linked", isLinked); return; }
    if (name === "keys") { keysOnly = !keysOnly; pressed("keys", keysOnly); panes.filter((one) => one.all.length).forEach((one) => one.filter(keysOnly)); return; }
    if (!pane?.stack.length) return;
    if (name === "invert") { pane.invert = !pane.invert; pane.isPainted = false; pressed("invert", pane.invert); pane.draw(); }
    if (name === "reset") { pane.reset(); pressed("invert", false); presets(); }
    if (name === "clear") { pane.measures.clear(); pane.draw(); }
    if (name === "cine") { const on = !pane.cine; pane.play(on); pressed("cine", on && pane.stack.length > 1); }
  };

  const split = (on) => {
    if (on && panes.length === 1) { panes.push(new Pane(2)); activate(panes[1]); }
    if (!on && panes.length === 2) { const gone = panes.pop(); gone.play(false); gone.box.remove(); active = null; activate(panes[0]); }
    $("panes").classList.toggle("two", panes.length === 2);
    pressed("split", panes.length === 2);
    panes.forEach((pane) => pane.draw());
  };

  /// Which series of the strip are shown.
  const mark = () => {
    for (const one of document.querySelectorAll("#strip a")) {
      if (active?.series?.uid === one.dataset.series) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current");
    }
  };

  let due = 0;
  /// The address says what is shown, for those who reload it or write it down.
  const remember = () => {
    clearTimeout(due);
    due = setTimeout(() => {
      const ref = panes[0]?.stack[panes[0].index];
      if (!ref || ref.study !== root.dataset.study) return;
      history.replaceState(null, "", way(ref.study, `/view?instance=${encodeURIComponent(ref.instance)}&frame=${ref.frame}`));
    }, 600);
  };

  /// Another study's series in the strip.
  const add = (one) => {
    if (document.querySelector(`#strip ul[data-study="${CSS.escape(one.uid)}"]`)) return;
    make("h2", "", $("strip")).textContent = `${one.date} ${one.description}`;
    const list = make("ul", "", $("strip"));
    list.dataset.study = one.uid;
    for (const series of one.list) {
      const images = series.list.filter((line) => line.kind === "image"), to = images[images.length >> 1] || series.list[0];
      if (!to) continue;
      const entry = make("a", "", make("li", "", list));
      entry.dataset.series = series.uid;
      entry.href = way(one.uid, `/instances/${encodeURIComponent(to.uid)}`);
      if (images.length) Object.assign(make("img", "", entry), { alt: "", width: 96, height: 96, loading: "lazy", src: way(one.uid, `/thumbnails/${encodeURIComponent(to.uid)}`) });
      else make("span", "sign", entry).textContent = "¶";
      make("span", "called", entry).textContent = series.description || `${series.modality} ${series.number}`;
      make("span", "count", entry).textContent = `${series.modality}${images.length ? ` · ${stackOf(one, series).length}` : ""}`;
    }
  };

  const compare = async (uid) => {
    const one = await study(uid);
    add(one);
    split(true);
    const like = panes[0].series;
    const able = one.list.filter((series) => stackOf(one, series).length);
    const best = able.find((series) => series.description === like?.description && series.modality === like?.modality) || able.find((series) => series.modality === like?.modality) || able[0];
    activate(panes[1]);
    if (best) panes[1].open(one, best);
  };

  const begin = async () => {
    panes.push(new Pane(1));
    choose(tool);
    activate(panes[0]);
    $("tools").hidden = false;
    $("tools").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.tool) choose(button.dataset.tool);
      if (button?.dataset.act) act(button.dataset.act);
    });
    $("strip").addEventListener("click", async (event) => {
      const entry = event.target.closest("a[data-series]");
      if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const one = await study(entry.closest("ul").dataset.study);
      const series = one.list.find((series) => series.uid === entry.dataset.series);
      if (series) active.open(one, series);
    });
    $("prior")?.addEventListener("change", (event) => {
      if (event.target.value) compare(event.target.value).catch((error) => say(error.message));
    });
    try {
      const one = await study(root.dataset.study);
      const { series, instance, frame } = root.dataset;
      const wanted = one.list.find((each) => each.uid === series || each.list.some((line) => line.uid === instance))
        || one.list.find((each) => stackOf(one, each).length) || one.list[0];
      if (wanted) panes[0].open(one, wanted, instance ? { instance, frame: Number(frame) || 0 } : null);
    } catch (error) {
      panes[0].corners.notice.textContent = error.message;
    }
  };

  begin();
})();
