// Declarations for the scripts of a Klinke site. An editor that knows TypeScript completes and checks
// with them; running needs none of this, types are erased.
//
//     import type { Message, Context } from "klinke";
//     export default (msg: Message, ctx: Context) => { …; return msg; };
//
// What to return: `msg` (changed or not); a list of messages, each sent on by itself in this order; or
// nothing (also null, false, an empty list), which filters the message.
//
// Variables at the top level of a file live for one message. Built-in objects are frozen. `Date` knows
// the time at which the message arrived, in UTC; `Math.random()` gives the same numbers each time the
// message is handled. `console.log` writes into the message's own trace.

declare module "klinke" {
  /** What can be written at a path: null says "no value" (the receiver deletes his), undefined and "" clear. */
  export type Settable = string | number | boolean | null | undefined;

  /** The message. Paths are written as in the site's steps. */
  export interface Message {
    /** The name of its format. */
    readonly format: string;
    /** The first value at a path; `otherwise`, or "" without it, when there is no text. */
    get(path: string): string;
    get<T>(path: string, otherwise: T): string | T;
    /** True when there is text at the path. */
    has(path: string): boolean;
    /** True when it is said that there is no value. */
    isNull(path: string): boolean;
    /** All values at a path that names several; "" where there is no text. */
    all(path: string): string[];
    /** Sets the value at a path, making what is missing on the way there. */
    set(path: string, value: Settable): void;
    /** Empties the place. */
    clear(path: string): void;
    /** Removes what the path names, the whole part or one repetition; gives how many. */
    delete(path: string): number;
    /** How many parts or repetitions the path names. */
    count(path: string): number;
    /** A second message with the same content. */
    copy(): Message;
    /** The whole payload as text. */
    text(): string;
    /** An operation that only this format knows. */
    operate(name: string, ...values: Settable[]): string | undefined;
    /** `operate("insert", …)` */
    insert(...values: Settable[]): string | undefined;
    /** `operate("move", …)` */
    move(...values: Settable[]): string | undefined;
    /** `operate("append", …)` */
    append(...values: Settable[]): string | undefined;
    /** `operate("renumber", …)` */
    renumber(...values: Settable[]): string | undefined;
  }

  /** Values that later steps of the same message find, by name. */
  export interface Values {
    get(key: string): string | undefined;
    get<T>(key: string, otherwise: T): string | T;
    has(key: string): boolean;
    /** null and undefined delete. */
    set(key: string, value: string | null | undefined): void;
    delete(key: string): boolean;
    keys(): string[];
  }

  /** What is known besides the message. */
  export interface Context {
    /** The channel's name. */
    readonly channel: string;
    /** The number under which the store keeps the message. */
    readonly id: string;
    /** The system that sent it, as systems.toml names it; "" when not known. */
    readonly system: string;
    /** The sender's address, or the file's name. */
    readonly peer: string;
    /** The name of the format in which it came. */
    readonly format: string;
    /** When it arrived, as 2026-03-01T08:15:00.250Z. */
    readonly received: string;
    /** The same in milliseconds since 1970. */
    readonly receivedMs: number;
    readonly values: Values;
    /** Looks a key up in a table of the site. */
    lookup(table: string, key: string): string | undefined;
    lookup<T>(table: string, key: string, otherwise: T): string | T;
    /** Adds a line to the message's own trace. */
    note(text: unknown): void;
    /** A UUID; the same sequence each time the message is handled. */
    uuid(): string;
  }

  /** A date as far as it is known. */
  export interface PartialDate {
    year: number;
    month?: number;
    day?: number;
    hour?: number;
    minute?: number;
    second?: number;
    millisecond?: number;
  }

  /**
   * Reads a date by a pattern of yyyy, yy, MM, dd, HH, mm, ss, SSS and text between. The text may end
   * early: "yyyyMMddHHmmss" reads "1980" too. undefined when it is no date.
   */
  export function parseDate(text: string, pattern: string): PartialDate | undefined;
  /** Writes a date by a pattern; what is not known is left out with what would have joined it. */
  export function formatDate(date: PartialDate | Date | number, pattern: string): string;
  /** Reads by one pattern and writes by the other; "" when it is no date. */
  export function reformatDate(text: string, from: string, to: string): string;
  /** Makes a text exactly so wide: fills or cuts on the left (default) or the right. */
  export function pad(text: string | number, width: number, fill?: string, side?: "left" | "right"): string;
  export const base64: {
    /** Of text (as UTF-8) or bytes. */
    encode(data: string | Uint8Array): string;
    decode(text: string): Uint8Array;
    /** Decodes to text; throws when it is not UTF-8. */
    text(text: string): string;
  };
  /** In hexadecimal digits, of text (as UTF-8) or bytes. */
  export function sha256(data: string | Uint8Array): string;
  /** A UUID made from a name: the same for the same name. */
  export function uuid(name: string): string;
}

/** Writes into the message's own trace, never into a log. */
declare const console: {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  log(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
};
