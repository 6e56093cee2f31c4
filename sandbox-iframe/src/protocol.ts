import { isArray, isSafeInteger } from "./primordials.ts";
import { type Sections, Taken, readSections } from "./binary.ts";
import { isBuffer } from "./bytes.ts";

/**
 * What page and frame say to each other: flat lists of messages, each a kind
 * and a fixed number of members, cheap to clone and checked member by member.
 * A number by which the page names a request is the page's own.
 */

/** Page to frame. */
export const Ask = { call: 1, cancel: 2, body: 3, lost: 4, gone: 5, emit: 6, listen: 7, upload: 8, end: 9, pull: 10 } as const;
/** Frame to page. */
export const Tell = { result: 1, error: 2, state: 3, body: 4, farewell: 5, item: 6, event: 7, end: 8, taken: 9, progress: 10 } as const;

/** What the frame tells of its session. */
export type State = "ready" | "closed" | "unavailable";

/** What a page can ask for. */
export interface Requests {
  /** wants is a sum of Wants. */
  call(id: number, command: string, json: string, timeout: number, wants: number, sections: Sections): void;
  /** Takes a request back; of a listen it is the end. */
  cancel(id: number): void;
  /** target is the label of a window, or empty for all. */
  emit(id: number, event: string, target: string, json: string, sections: Sections): void;
  listen(id: number, event: string): void;
  /** One item of a call's upload. */
  upload(id: number, json: string, sections: Sections): void;
  /** No more of them follow. */
  end(id: number, aborted: boolean): void;
  /** The page has done with a stream's items, or events, up to that offset. */
  pull(id: number, consumed: number): void;
}

/** What the frame does on the page's word. */
export interface Asked extends Requests {
  body(body: ArrayBuffer): void;
  lost(): void;
  gone(): void;
}

/** What a page hears of its requests. */
export interface Answers {
  reply(id: number, ok: boolean, json: string, sections: Sections): void;
  /** One item of a call's stream. upTo is the offset after it, to be said in pull. */
  item(id: number, upTo: number, json: string, sections: Sections): void;
  /** An event, the number-th for its listen, from the window of that label, or from the core where it is empty. */
  event(id: number, upTo: number, number: number, label: string, json: string, sections: Sections): void;
  /** No more items follow; the result does. */
  end(id: number): void;
  /** So many items of an upload have been sealed in all. */
  taken(id: number, count: number): void;
  /** How far a call is; total is 0 if that is not known. */
  progress(id: number, done: number, total: number, text: string): void;
}

/** What the page does on the frame's word. */
export interface Told extends Answers {
  state(state: State): void;
  body(body: ArrayBuffer): void;
  farewell(body: ArrayBuffer): void;
}

const isTimeout = (v: unknown): v is number => isSafeInteger(v) && (v as number) >= 0 && (v as number) < 2 ** 32;
const isCount = (v: unknown): v is number => isSafeInteger(v) && (v as number) >= 0;

/** Reads a list from the page, up to the first message that is none. */
export function readAsked(list: unknown, to: Asked): void {
  if (!isArray(list)) return;
  const taken = new Taken();
  for (let i = 0; i < list.length; ) {
    const kind: unknown = list[i];
    const a: unknown = list[i + 1];
    if (kind === Ask.call) {
      const command: unknown = list[i + 2];
      const json: unknown = list[i + 3];
      const timeout: unknown = list[i + 4];
      const wants: unknown = list[i + 5];
      const sections = readSections(list[i + 6], taken);
      if (!isSafeInteger(a) || typeof command !== "string" || typeof json !== "string" || !isTimeout(timeout)) return;
      if (!isCount(wants) || wants > 7 || sections === undefined) return;
      to.call(a as number, command, json, timeout, wants, sections);
      i += 7;
    } else if (kind === Ask.body && isBuffer(a)) {
      to.body(a);
      i += 2;
    } else if (kind === Ask.lost || kind === Ask.gone) {
      if (kind === Ask.lost) to.lost();
      else to.gone();
      i += 1;
    } else {
      const read = isSafeInteger(a) ? readAbout(list, i, kind, a as number, to, taken) : 0;
      if (read === 0) return;
      i += read;
    }
  }
}

// One of the shorter messages about a request: how many members it takes, 0 if it is none.
function readAbout(list: unknown[], i: number, kind: unknown, id: number, to: Asked, taken: Taken): number {
  const b: unknown = list[i + 2];
  if (kind === Ask.cancel) {
    to.cancel(id);
    return 2;
  }
  if (kind === Ask.pull && isCount(b)) {
    to.pull(id, b);
    return 3;
  }
  if (kind === Ask.end && (b === 0 || b === 1)) {
    to.end(id, b === 1);
    return 3;
  }
  if (typeof b !== "string") return 0;
  if (kind === Ask.listen) {
    to.listen(id, b);
    return 3;
  }
  if (kind === Ask.upload) {
    const sections = readSections(list[i + 3], taken);
    if (sections === undefined) return 0;
    to.upload(id, b, sections);
    return 4;
  }
  if (kind !== Ask.emit) return 0;
  const target: unknown = list[i + 3];
  const json: unknown = list[i + 4];
  const sections = readSections(list[i + 5], taken);
  if (typeof target !== "string" || typeof json !== "string" || sections === undefined) return 0;
  to.emit(id, b, target, json, sections);
  return 6;
}

/** Reads a list from the frame, up to the first message that is none. */
export function readTold(list: unknown, to: Told): void {
  if (!isArray(list)) return;
  const taken = new Taken();
  for (let i = 0; i < list.length; ) {
    const kind: unknown = list[i];
    const a: unknown = list[i + 1];
    if (kind === Tell.result) {
      const json: unknown = list[i + 2];
      const sections = readSections(list[i + 3], taken);
      if (!isSafeInteger(a) || typeof json !== "string" || sections === undefined) return;
      to.reply(a as number, true, json, sections);
      i += 4;
    } else if (kind === Tell.state && (a === "ready" || a === "closed" || a === "unavailable")) {
      to.state(a);
      i += 2;
    } else if ((kind === Tell.body || kind === Tell.farewell) && isBuffer(a)) {
      if (kind === Tell.body) to.body(a);
      else to.farewell(a);
      i += 2;
    } else {
      const read = isSafeInteger(a) ? readOf(list, i, kind, a as number, to, taken) : 0;
      if (read === 0) return;
      i += read;
    }
  }
}

// What goes on under a request's number: how many members it takes, 0 if it is none.
function readOf(list: unknown[], i: number, kind: unknown, id: number, to: Told, taken: Taken): number {
  const b: unknown = list[i + 2];
  const c: unknown = list[i + 3];
  switch (kind) {
    case Tell.error:
      if (typeof b !== "string") return 0;
      to.reply(id, false, b, 0);
      return 3;
    case Tell.end:
      to.end(id);
      return 2;
    case Tell.taken:
      if (!isCount(b)) return 0;
      to.taken(id, b);
      return 3;
    case Tell.item: {
      const sections = readSections(list[i + 4], taken);
      if (!isCount(b) || typeof c !== "string" || sections === undefined) return 0;
      to.item(id, b, c, sections);
      return 5;
    }
    case Tell.event: {
      const label: unknown = list[i + 4];
      const json: unknown = list[i + 5];
      const sections = readSections(list[i + 6], taken);
      if (!isCount(b) || !isCount(c) || typeof label !== "string" || typeof json !== "string" || sections === undefined) return 0;
      to.event(id, b, c, label, json, sections);
      return 7;
    }
    case Tell.progress: {
      const text: unknown = list[i + 4];
      if (!isCount(b) || !isCount(c) || typeof text !== "string") return 0;
      to.progress(id, b, c, text);
      return 5;
    }
    default:
      return 0;
  }
}
