/**
 * The core's side of the item grammar, written from isolation/doc.go and from
 * nothing in src: reads what the frame sends and makes what it is sent.
 */

/** A run of bytes beside the JSON text. */
export interface Section { type: string; bytes: Uint8Array }

/** What the frame sent in one item. wants and sections are left out where there are none. */
export type Item =
  | { kind: "call"; id: number; timeout: number; wants?: number; command: string; json: string; sections?: Section[] }
  | { kind: "cancel"; id: number }
  | { kind: "report" | "hidden"; id: number; cause: number; what: number; command: string }
  | { kind: "emit"; id: number; event: string; target: string; json: string; sections?: Section[] }
  | { kind: "listen"; id: number; event: string }
  | { kind: "upload"; id: number; offset: number; size: number; json: string; sections?: Section[] }
  | { kind: "end"; id: number; offset: number; aborted: boolean }
  | { kind: "credit"; id: number; limit: number };

/** What the core can say. */
export type CoreItem =
  | { kind: "result"; id: number; json: string; sections?: Section[] }
  | { kind: "error"; id: number; json: string }
  | { kind: "item"; id: number; offset: number; json: string; sections?: Section[] }
  | { kind: "event"; id: number; offset: number; number: number; label: string; json: string; sections?: Section[] }
  | { kind: "end"; id: number; offset: number }
  | { kind: "credit"; id: number; limit: number }
  | { kind: "progress"; id: number; done: number; total: number; text: string };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Reader {
  readonly #plain: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(plain: Uint8Array) {
    this.#plain = plain;
    this.#view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  }

  #step(n: number): number {
    if (n > this.#plain.length - this.at) throw new Error("a cut item");
    this.at += n;
    return this.at - n;
  }

  u8 = (): number => this.#view.getUint8(this.#step(1));
  u32 = (): number => this.#view.getUint32(this.#step(4));
  u64 = (): number => Number(this.#view.getBigUint64(this.#step(8)));
  bytes = (n: number): Uint8Array => this.#plain.slice(this.#step(n), this.at);
  text = (n: number): string => decoder.decode(this.bytes(n));

  body(): { json: string; sections?: Section[] } {
    const count = this.u8();
    const json = this.text(this.u32());
    if (count === 0) return { json };
    return { json, sections: Array.from({ length: count }, () => ({ type: this.text(this.u8()), bytes: this.bytes(this.u32()) })) };
  }
}

/** Reads the items of a batch from the frame. */
export function parseItems(plain: Uint8Array): Item[] {
  const r = new Reader(plain);
  const items: Item[] = [];
  while (r.at < plain.length) items.push(parseItem(r));
  return items;
}

function parseItem(r: Reader): Item {
  const start = r.at;
  const kind = r.u8();
  const id = r.u32();
  switch (kind) {
    case 1: {
      const timeout = r.u32();
      const wants = r.u8();
      return { kind: "call", id, timeout, ...(wants > 0 && { wants }), command: r.text(r.u8()), ...r.body() };
    }
    case 2:
      return { kind: "cancel", id };
    case 3:
    case 4:
      return { kind: kind === 3 ? "report" : "hidden", id, cause: r.u8(), what: r.u8(), command: r.text(r.u8()) };
    case 5:
      return { kind: "emit", id, event: r.text(r.u8()), target: r.text(r.u8()), ...r.body() };
    case 6:
      return { kind: "listen", id, event: r.text(r.u8()) };
    case 7: {
      const offset = r.u64();
      const body = r.body();
      return { kind: "upload", id, offset, size: r.at - start, ...body };
    }
    case 8: {
      const offset = r.u64();
      const how = r.u8();
      if (how > 1) throw new Error("neither complete nor aborted");
      return { kind: "end", id, offset, aborted: how === 1 };
    }
    case 9:
      return { kind: "credit", id, limit: r.u64() };
    default:
      throw new Error("unknown item");
  }
}

const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const u64 = (n: number): number[] => [...u32(Math.floor(n / 2 ** 32)), ...u32(n >>> 0)];
const short = (text: string): number[] => [encoder.encode(text).length, ...encoder.encode(text)];

function body(json: string, sections: Section[] = []): Uint8Array[] {
  const text = encoder.encode(json);
  return [Uint8Array.from([sections.length, ...u32(text.length)]), text, ...sections.flatMap((s) => [Uint8Array.from([...short(s.type), ...u32(s.bytes.length)]), s.bytes])];
}

/** The bytes of an item from the core. */
export function itemOf(item: CoreItem): Uint8Array {
  const parts = partsOf(item);
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function partsOf(item: CoreItem): Uint8Array[] {
  const head = (kind: number, ...more: number[]): Uint8Array => Uint8Array.from([kind, ...u32(item.id), ...more]);
  switch (item.kind) {
    case "result":
      return [head(1), ...body(item.json, item.sections)];
    case "error": {
      const text = encoder.encode(item.json);
      return [head(2, ...u32(text.length)), text];
    }
    case "item":
      return [head(3, ...u64(item.offset)), ...body(item.json, item.sections)];
    case "event":
      return [head(4, ...u64(item.offset), ...u64(item.number), ...short(item.label)), ...body(item.json, item.sections)];
    case "end":
      return [head(5, ...u64(item.offset))];
    case "credit":
      return [head(6, ...u64(item.limit))];
    case "progress":
      return [head(7, ...u64(item.done), ...u64(item.total), ...short(item.text))];
  }
}

/** An answer from the core. */
export const answer = (ok: boolean, id: number, json: string): Uint8Array => itemOf({ kind: ok ? "result" : "error", id, json });
