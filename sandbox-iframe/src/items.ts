import { Bytes, byteLength, emptyList, fromUTF8, getUint32, getUint8, intoUTF8, setBytes, toUTF8 } from "./primordials.ts";
import { type Sections, isMediaType } from "./binary.ts";
import { numbers, view } from "./bytes.ts";
import { MAX_ITEMS, MAX_SECTIONS } from "./wire.ts";

/** The kinds of items that the frame sends. */
export const Up = { call: 1, cancel: 2, report: 3, hidden: 4, emit: 5, listen: 6, upload: 7, end: 8, credit: 9 } as const;

/** The kinds of items that the core sends. */
export const Down = { result: 1, error: 2, item: 3, event: 4, end: 5, credit: 6, progress: 7 } as const;

/** What else than its answer a call's frame is ready for; a sum of them. */
export const Wants = { items: 1, upload: 2, progress: 4 } as const;

/** Why the hook kept something back. */
export const Cause = { refused: 1, threw: 2, malformed: 3, timeout: 4, dropped: 5 } as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

/** Whose the item was that the hook kept back: the page's or the core's. */
export const Kept = { call: 3, answer: 4 } as const;
export type Kept = (typeof Kept)[keyof typeof Kept];

// Small items share one buffer: a buffer of its own for each costs more than
// all the rest of a call. Nothing in it is written twice.
const SHARED = 64 * 1024;
const SMALL = 4 * 1024;
let shared = new Bytes(SHARED);
let used = 0;

/**
 * A call item. timeout is in milliseconds, 0 for none; command is UTF-8 of at
 * most 128 bytes. A lone surrogate becomes U+FFFD, here and in all texts.
 */
export function callItem(id: number, timeout: number, wants: number, command: Uint8Array, json: string, sections: Sections): Uint8Array {
  const n = byteLength(command);
  const item = bodied(11 + n, json, sections);
  put(item, Up.call, id);
  put32(item, 5, timeout);
  item[9] = wants;
  item[10] = n;
  setBytes(item, command, 11);
  return item;
}

/** A cancel item, of any request. */
export const cancelItem = (id: number): Uint8Array => put(new Bytes(5), Up.cancel, id);

/** An emit item. event and label are UTF-8 of at most 128 bytes; an empty label means all windows and the core. */
export function emitItem(id: number, event: Uint8Array, label: Uint8Array, json: string, sections: Sections): Uint8Array {
  const n = byteLength(event);
  const t = byteLength(label);
  const item = bodied(7 + n + t, json, sections);
  put(item, Up.emit, id);
  item[5] = n;
  setBytes(item, event, 6);
  item[6 + n] = t;
  setBytes(item, label, 7 + n);
  return item;
}

/** A listen item. event is UTF-8 of at most 128 bytes. */
export function listenItem(id: number, event: Uint8Array): Uint8Array {
  const n = byteLength(event);
  const item = put(new Bytes(6 + n), Up.listen, id);
  item[5] = n;
  setBytes(item, event, 6);
  return item;
}

/** An item of a call's upload. Its length is what the next offset is higher by. */
export function uploadItem(id: number, offset: number, json: string, sections: Sections): Uint8Array {
  const item = put(bodied(13, json, sections), Up.upload, id);
  put64(item, 5, offset);
  return item;
}

/** The end of an upload, complete or given up. */
export function endItem(id: number, offset: number, aborted: boolean): Uint8Array {
  const item = put(new Bytes(14), Up.end, id);
  put64(item, 5, offset);
  item[13] = aborted ? 1 : 0;
  return item;
}

/** Credit for what the core streams under id: its items may begin below limit. */
export function creditItem(id: number, limit: number): Uint8Array {
  const item = put(new Bytes(13), Up.credit, id);
  put64(item, 5, limit);
  return item;
}

/**
 * A report that something was kept back: what is the kind of its item. For
 * Cause.dropped the id is the number of reports, what is 0 and the name empty.
 */
export function reportItem(kept: Kept, id: number, cause: Cause, what: number, name: string): Uint8Array {
  const text = toUTF8(name);
  const n = byteLength(text);
  const item = put(new Bytes(8 + n), kept, id);
  item[5] = cause;
  item[6] = what;
  item[7] = n;
  setBytes(item, text, 8);
  return item;
}

// An item of that kind of head, whose body is written.
function bodied(head: number, json: string, sections: Sections): Uint8Array {
  const at = head + 5;
  if (json.length > SMALL || sections !== 0) return bodiedAlone(at, toUTF8(json), sections);
  const most = at + 3 * json.length; // UTF-8 of one UTF-16 unit is at most three bytes
  if (SHARED - used < most) {
    shared = new Bytes(SHARED);
    used = 0;
  }
  const m = intoUTF8(json, view(shared, used + at, 3 * json.length));
  const item = view(shared, used, at + m);
  used += at + m;
  item[at - 5] = 0;
  put32(item, at - 4, m);
  return item;
}

function bodiedAlone(at: number, text: Uint8Array, sections: Sections): Uint8Array {
  const m = byteLength(text);
  const parts = emptyList<Uint8Array>();
  let size = at + m;
  if (sections !== 0) {
    for (let i = 0; i < sections.length; i++) {
      const part = sections[i]!;
      const bytes = (parts[i] = typeof part === "string" ? toUTF8(part) : part);
      size += (i % 2 === 0 ? 1 : 4) + byteLength(bytes);
    }
  }
  const item = new Bytes(size);
  item[at - 5] = parts.length / 2;
  put32(item, at - 4, m);
  setBytes(item, text, at);
  at += m;
  for (let i = 0; i < parts.length; i++) {
    const n = byteLength(parts[i]!);
    if (i % 2 === 0) item[at++] = n;
    else {
      put32(item, at, n);
      at += 4;
    }
    setBytes(item, parts[i]!, at);
    at += n;
  }
  return item;
}

function put(item: Uint8Array, kind: number, id: number): Uint8Array {
  item[0] = kind;
  put32(item, 1, id);
  return item;
}

// By index: a DataView for each item costs more.
function put32(item: Uint8Array, at: number, n: number): void {
  item[at] = n >>> 24;
  item[at + 1] = n >>> 16;
  item[at + 2] = n >>> 8;
  item[at + 3] = n;
}

function put64(item: Uint8Array, at: number, n: number): void {
  const low = n % TWO32;
  put32(item, at, (n - low) / TWO32);
  put32(item, at + 4, low);
}

/** What the core says in one item; what its kind does not have is 0 or "". */
export interface Item {
  readonly kind: number;
  readonly id: number;
  /** Of result, error, item and event. */
  readonly json: string;
  /** Of result, item and event: the bytes are views of the batch. */
  readonly sections: Sections;
  /** Of item, event and end: the bytes of the stream before it. Of credit: the limit. Of progress: what is done. */
  readonly offset: number;
  /** Of event: its number. Of progress: the total, 0 if not known. */
  readonly number: number;
  /** Of event: the label of the window that sent it, "" for the core. Of progress: the text. */
  readonly text: string;
  /** The item's own bytes, which it adds to its stream's offset. */
  readonly size: number;
}

/** The items of a batch from the core; throws when it is not exactly that. */
export function parseItems(plaintext: Uint8Array): Item[] {
  const items = emptyList<Item>();
  const r: Reader = { bytes: plaintext, v: numbers(plaintext), size: byteLength(plaintext), at: 0 };
  while (r.at < r.size) {
    if (items.length === MAX_ITEMS) throw new TypeError("sallyport: too many items");
    items[items.length] = parseItem(r);
  }
  if (items.length === 0) throw new TypeError("sallyport: an empty batch");
  return items;
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly v: DataView;
  readonly size: number;
  at: number;
}

function parseItem(r: Reader): Item {
  const start = r.at;
  const kind = take8(r);
  const id = take32(r);
  let json = "";
  let sections: Sections = 0;
  let offset = 0;
  let number = 0;
  let text = "";
  if (kind === Down.result) {
    const n = take8(r);
    json = takeText(r, take32(r));
    if (n > 0) sections = takeSections(r, n);
  } else if (kind === Down.error) {
    json = takeText(r, take32(r));
  } else if (kind === Down.item || kind === Down.event) {
    offset = take64(r);
    if (kind === Down.event) {
      number = take64(r);
      text = takeText(r, take8(r));
    }
    const n = take8(r);
    json = takeText(r, take32(r));
    if (n > 0) sections = takeSections(r, n);
  } else if (kind === Down.end || kind === Down.credit) {
    offset = take64(r);
  } else if (kind === Down.progress) {
    offset = take64(r);
    number = take64(r);
    text = takeText(r, take8(r));
  } else throw new TypeError("sallyport: an unknown item");
  return { kind, id, json, sections, offset, number, text, size: r.at - start };
}

function takeSections(r: Reader, n: number): Sections {
  if (n > MAX_SECTIONS) throw new TypeError("sallyport: too many sections");
  const sections = emptyList<string | Uint8Array>();
  for (let i = 0; i < n; i++) {
    const type = takeText(r, take8(r));
    if (!isMediaType(type)) throw new TypeError("sallyport: a media type that is none");
    sections[2 * i] = type;
    sections[2 * i + 1] = takeBytes(r, take32(r));
  }
  return sections;
}

function advance(r: Reader, n: number): number {
  const at = r.at;
  if (r.size - at < n) throw new TypeError("sallyport: a cut item");
  r.at = at + n;
  return at;
}

const take8 = (r: Reader): number => getUint8(r.v, advance(r, 1));
const take32 = (r: Reader): number => getUint32(r.v, advance(r, 4));
const takeBytes = (r: Reader, n: number): Uint8Array => view(r.bytes, advance(r, n), n);
const takeText = (r: Reader, n: number): string => (n === 0 ? "" : fromUTF8(takeBytes(r, n)));

const TWO32 = 2 ** 32;

function take64(r: Reader): number {
  const high = take32(r);
  const low = take32(r);
  if (high >= 2 ** 21) throw new TypeError("sallyport: a number that can't be exact");
  return high * TWO32 + low;
}
