import { isArray, isSafeInteger } from "./primordials.ts";
import { isBuffer } from "./bytes.ts";

/**
 * What page and frame say to each other: flat lists of messages, each a kind
 * and a fixed number of members, cheap to clone and checked member by member.
 */

/** Page to frame. */
export const Ask = { call: 1, cancel: 2, body: 3, lost: 4, gone: 5 } as const;
/** Frame to page. */
export const Tell = { result: 1, error: 2, state: 3, body: 4, farewell: 5 } as const;

/** What the frame tells of its session. */
export type State = "ready" | "closed" | "unavailable";

/** What the frame does on the page's word. */
export interface Asked {
  call(id: number, command: string, json: string, timeout: number): void;
  cancel(id: number): void;
  body(body: ArrayBuffer): void;
  lost(): void;
  gone(): void;
}

/** What the page does on the frame's word. */
export interface Told {
  reply(id: number, ok: boolean, json: string): void;
  state(state: State): void;
  body(body: ArrayBuffer): void;
  farewell(body: ArrayBuffer): void;
}

const isTimeout = (v: unknown): v is number => isSafeInteger(v) && (v as number) >= 0 && (v as number) < 2 ** 32;

/** Reads a list from the page, up to the first message that is none. */
export function readAsked(list: unknown, to: Asked): void {
  if (!isArray(list)) return;
  for (let i = 0; i < list.length; ) {
    const kind: unknown = list[i];
    const a: unknown = list[i + 1];
    if (kind === Ask.call) {
      const command: unknown = list[i + 2];
      const json: unknown = list[i + 3];
      const timeout: unknown = list[i + 4];
      if (!isSafeInteger(a) || typeof command !== "string" || typeof json !== "string" || !isTimeout(timeout)) return;
      to.call(a as number, command, json, timeout);
      i += 5;
    } else if (kind === Ask.cancel && isSafeInteger(a)) {
      to.cancel(a as number);
      i += 2;
    } else if (kind === Ask.body && isBuffer(a)) {
      to.body(a);
      i += 2;
    } else if (kind === Ask.lost || kind === Ask.gone) {
      if (kind === Ask.lost) to.lost();
      else to.gone();
      i += 1;
    } else return;
  }
}

/** Reads a list from the frame, up to the first message that is none. */
export function readTold(list: unknown, to: Told): void {
  if (!isArray(list)) return;
  for (let i = 0; i < list.length; ) {
    const kind: unknown = list[i];
    const a: unknown = list[i + 1];
    if (kind === Tell.result || kind === Tell.error) {
      const json: unknown = list[i + 2];
      if (!isSafeInteger(a) || typeof json !== "string") return;
      to.reply(a as number, kind === Tell.result, json);
      i += 3;
    } else if (kind === Tell.state && (a === "ready" || a === "closed" || a === "unavailable")) {
      to.state(a);
      i += 2;
    } else if ((kind === Tell.body || kind === Tell.farewell) && isBuffer(a)) {
      if (kind === Tell.body) to.body(a);
      else to.farewell(a);
      i += 2;
    } else return;
  }
}
