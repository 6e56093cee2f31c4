import { Bytes, byteLength, emptyList, fromUTF8, getUint32, getUint8, intoUTF8, setBytes, setUint32, setUint8, toUTF8 } from "./primordials.ts";
import { numbers, view } from "./bytes.ts";
import { MAX_ITEMS } from "./wire.ts";

/** Why the hook kept a call back. */
export const Cause = { refused: 1, threw: 2, malformed: 3, timeout: 4, dropped: 5 } as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

// Small calls share one buffer: a buffer of its own for each costs more than
// all the rest of a call. Nothing in it is written twice.
const SHARED = 64 * 1024;
const SMALL = 4 * 1024;
let shared = new Bytes(SHARED);
let used = 0;

/**
 * A call item. timeout is in milliseconds, 0 for none; command is UTF-8 of at
 * most 128 bytes. A lone surrogate becomes U+FFFD.
 */
export function callItem(id: number, timeout: number, command: Uint8Array, json: string): Uint8Array {
  const n = byteLength(command);
  if (json.length > SMALL) {
    const text = toUTF8(json);
    const item = new Bytes(16 + n + byteLength(text));
    setBytes(item, text, 16 + n);
    return headed(item, id, timeout, command, byteLength(text));
  }
  const most = 16 + n + 3 * json.length; // UTF-8 of one UTF-16 unit is at most three bytes
  if (SHARED - used < most) {
    shared = new Bytes(SHARED);
    used = 0;
  }
  const m = intoUTF8(json, view(shared, used + 16 + n, 3 * json.length));
  const item = view(shared, used, 16 + n + m);
  used += 16 + n + m;
  return headed(item, id, timeout, command, m);
}

function headed(item: Uint8Array, id: number, timeout: number, command: Uint8Array, m: number): Uint8Array {
  const n = byteLength(command);
  const v = numbers(item, 16 + n);
  setUint8(v, 0, 1);
  setUint32(v, 1, id);
  setUint32(v, 5, timeout);
  setUint8(v, 9, 0);
  setUint8(v, 10, n);
  setBytes(item, command, 11);
  setUint8(v, 11 + n, 0);
  setUint32(v, 12 + n, m);
  return item;
}

/** A cancel item. */
export function cancelItem(id: number): Uint8Array {
  const item = new Bytes(5);
  const v = numbers(item);
  setUint8(v, 0, 2);
  setUint32(v, 1, id);
  return item;
}

/** What the hook kept back. */
export const Kept = { call: 3, answer: 4 } as const;
export type Kept = (typeof Kept)[keyof typeof Kept];

/**
 * A report that something was kept back: what is the kind of its item. For
 * Cause.dropped the id is the number of reports, what is 0 and the name empty.
 */
export function reportItem(kept: Kept, id: number, cause: Cause, what: number, name: string): Uint8Array {
  const text = toUTF8(name);
  const n = byteLength(text);
  const item = new Bytes(8 + n);
  const v = numbers(item);
  setUint8(v, 0, kept);
  setUint32(v, 1, id);
  setUint8(v, 5, cause);
  setUint8(v, 6, what);
  setUint8(v, 7, n);
  setBytes(item, text, 8);
  return item;
}

/** What the core has to say about one call. */
export interface Reply {
  readonly ok: boolean;
  readonly id: number;
  readonly json: string;
}

/** The replies of a batch from the core; throws when it is not exactly that. */
export function parseReplies(plaintext: Uint8Array): Reply[] {
  const size = byteLength(plaintext);
  const v = numbers(plaintext);
  const replies = emptyList<Reply>();
  let at = 0;
  while (at < size) {
    if (replies.length === MAX_ITEMS) throw new TypeError("sallyport: too many items");
    const kind = getUint8(v, at);
    const head = kind === 1 ? 10 : 9;
    if (kind !== 1 && kind !== 2) throw new TypeError("sallyport: an unknown item");
    if (size - at < head || (kind === 1 && getUint8(v, at + 5) !== 0)) throw new TypeError("sallyport: a cut item");
    const m = getUint32(v, at + head - 4);
    if (size - at - head < m) throw new TypeError("sallyport: a cut item");
    replies[replies.length] = { ok: kind === 1, id: getUint32(v, at + 1), json: fromUTF8(view(plaintext, at + head, m)) };
    at += head + m;
  }
  if (replies.length === 0) throw new TypeError("sallyport: an empty batch");
  return replies;
}
