import { EVENT_WINDOW, STREAM_WINDOW } from "../../src/wire.ts";
import { type CoreItem, type Item, type Section, itemOf } from "../grammar.ts";

interface Items {
  offset: number;
  limit: number;
  sent: number;
  readonly total: number;
  readonly make: (n: number) => { json: string; sections?: Section[] };
}

interface Upload {
  offset: number;
  items: number;
  bytes: number;
  sum: number;
  readonly echo: Items | undefined;
  readonly early: Map<number, Extract<Item, { kind: "upload" | "end" }>>; // by offset: on the relay one overtakes another
}

interface Listen {
  readonly event: string;
  offset: number;
  limit: number;
  number: number;
}

type Call = Extract<Item, { kind: "call" }>;

const octets = "application/octet-stream";

/** The streams and events of a session of the tests' core, held to the rules of isolation/doc.go. */
export class Flows {
  readonly #items = new Map<number, Items>();
  readonly #uploads = new Map<number, Upload>();
  readonly #listens = new Map<number, Listen>();
  readonly #log: (entry: string) => void;

  readonly #ordered: boolean;

  constructor(log: (entry: string) => void, ordered: boolean) {
    this.#log = log;
    this.#ordered = ordered;
  }

  /** What the core says to an item; undefined if it is nothing of these. Throws on what no genuine frame sends. */
  take(item: Item): CoreItem[] | undefined {
    const { id } = item;
    switch (item.kind) {
      case "call":
        return this.#call(item);
      case "upload":
      case "end":
        return this.#arrived(item);
      case "credit":
        return this.#credit(id, item.limit);
      case "listen":
        if (item.event === "notes.secret") return [refused(id, "denied")];
        this.#listens.set(id, { event: item.event, offset: 0, limit: EVENT_WINDOW, number: 0 });
        return [{ kind: "result", id, json: "null" }];
      case "emit":
        this.#log(`emit ${item.event} ${item.target}`);
        return [{ kind: "result", id, json: "null" }, ...this.#emit(item)];
      case "cancel":
        this.#items.delete(id);
        this.#uploads.delete(id);
        if (this.#listens.delete(id)) this.#log("unlisten");
        return undefined;
      default:
        return undefined;
    }
  }

  /** The socket dropped: calls that stream are over. */
  interrupted(): void {
    this.#items.clear();
    this.#uploads.clear();
  }

  #call({ id, command, json, sections = [], wants = 0 }: Call): CoreItem[] | undefined {
    const args = JSON.parse(json) as { n: number; size: number };
    const streams = wants & 3;
    const needs: Record<string, number> = { bytes: 0, halves: 0, count: 1, raw: 1, sum: 2, both: 3, stay: 3 };
    if (!(command in needs)) return undefined;
    this.#log(`call ${command}`);
    if (streams !== needs[command]) return [refused(id, "invalid_args")];
    switch (command) {
      case "bytes":
        return [{ kind: "result", id, json, sections }];
      case "halves": {
        const told: CoreItem[] = [{ kind: "progress", id, done: 1, total: 2, text: "half" }, { kind: "progress", id, done: 2, total: 0, text: "" }];
        return [...((wants & 4) > 0 ? told : []), { kind: "result", id, json: "null" }];
      }
      case "count":
      case "raw": {
        const pad = "x".repeat(args.size);
        const make = (n: number): { json: string; sections?: Section[] } =>
          command === "count"
            ? { json: JSON.stringify({ n, pad }) }
            : { json: `{"$bytes":${args.size},"type":"${octets}"}`, sections: [{ type: octets, bytes: new Uint8Array(args.size).fill(n) }] };
        this.#items.set(id, { offset: 0, limit: STREAM_WINDOW, sent: 0, total: args.n, make });
        return this.#more(id);
      }
      default: {
        const echo: Items | undefined = command === "both" ? { offset: 0, limit: STREAM_WINDOW, sent: 0, total: 0, make: () => ({ json: "" }) } : undefined;
        this.#uploads.set(id, { offset: 0, items: 0, bytes: 0, sum: 0, echo, early: new Map() });
        return this.#ordered ? [] : [{ kind: "credit", id, limit: STREAM_WINDOW }];
      }
    }
  }

  // Items as far as there is credit; the end and the result behind the last.
  #more(id: number): CoreItem[] {
    const s = this.#items.get(id);
    if (s === undefined) return [];
    const out: CoreItem[] = [];
    for (; s.sent < s.total; s.sent++) {
      if (s.offset >= s.limit) {
        this.#log(`stalled at ${s.offset}`);
        return out;
      }
      const item: CoreItem = { kind: "item", id, offset: s.offset, ...s.make(s.sent) };
      s.offset += itemOf(item).length;
      out.push(item);
    }
    this.#items.delete(id);
    return [...out, { kind: "end", id, offset: s.offset }, { kind: "result", id, json: `${s.total}` }];
  }

  #credit(id: number, limit: number): CoreItem[] {
    const s = this.#items.get(id) ?? this.#listens.get(id);
    if (s === undefined) return [];
    if (limit <= s.limit) throw new Error("credit that does not rise");
    s.limit = limit;
    return this.#more(id);
  }

  #arrived(item: Extract<Item, { kind: "upload" | "end" }>): CoreItem[] {
    const u = this.#uploads.get(item.id);
    if (u === undefined) return [];
    if (item.offset < u.offset || u.early.has(item.offset)) throw new Error(`an upload at ${item.offset} again, after ${u.offset}`);
    u.early.set(item.offset, item);
    const out: CoreItem[] = [];
    for (let next = u.early.get(u.offset); next !== undefined; next = u.early.get(u.offset)) {
      u.early.delete(u.offset);
      out.push(...(next.kind === "upload" ? this.#upload(next, u) : this.#end(next.id, next.aborted, u)));
      if (next.kind === "end") break;
    }
    return out;
  }

  #upload({ id, size, json, sections = [] }: Extract<Item, { kind: "upload" }>, u: Upload): CoreItem[] {
    u.offset += size;
    u.items++;
    for (const { bytes } of sections) {
      u.bytes += bytes.length;
      for (const b of bytes) u.sum = (u.sum + b) % 65536;
    }
    const credit: CoreItem = { kind: "credit", id, limit: u.offset + STREAM_WINDOW };
    if (u.echo === undefined) return [credit];
    const back: CoreItem = { kind: "item", id, offset: u.echo.offset, json, sections };
    u.echo.offset += itemOf(back).length;
    return [credit, back];
  }

  #end(id: number, aborted: boolean, { items, bytes, sum, echo }: Upload): CoreItem[] {
    this.#uploads.delete(id);
    if (aborted) return [refused(id, "cancelled")];
    const result: CoreItem = { kind: "result", id, json: JSON.stringify({ items, bytes, sum }) };
    return echo === undefined ? [result] : [{ kind: "end", id, offset: echo.offset }, result];
  }

  #emit({ event, target, json, sections }: Extract<Item, { kind: "emit" }>): CoreItem[] {
    const out: CoreItem[] = [];
    for (const [id, l] of this.#listens) {
      if (event === "notes.end") {
        this.#listens.delete(id);
        out.push({ kind: "end", id, offset: l.offset });
        continue;
      }
      if (l.event !== event || (target !== "" && target !== "main")) continue;
      const many = (JSON.parse(json) as { n?: number } | null)?.n ?? 1;
      for (let i = 0; i < many; i++) {
        l.number++;
        if (l.offset >= l.limit) continue; // it missed that one
        const item: CoreItem = { kind: "event", id, offset: l.offset, number: l.number, label: "main", json, ...(sections && { sections }) };
        l.offset += itemOf(item).length;
        out.push(item);
      }
    }
    return out;
  }
}

const refused = (id: number, code: string): CoreItem => ({ kind: "error", id, json: JSON.stringify({ code, id: `session0-${id}`, message: "" }) });
