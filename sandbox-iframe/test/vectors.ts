/** The vectors that TypeScript makes for Go, from fixed keys; `npm run vectors` writes them to vectors.json. */
import { concat } from "../src/bytes.ts";
import { seal } from "../src/envelope.ts";
import { sealTo } from "../src/hpke.ts";
import type { Sections } from "../src/binary.ts";
import { type Cause, Down, type Kept, Up, callItem, cancelItem, creditItem, emitItem, endItem, listenItem, reportItem, uploadItem } from "../src/items.ts";
import { helloFrame, info } from "../src/keys.ts";
import { type CarrierName, Direction, type PatternName, Type, carriers, patterns } from "../src/wire.ts";
import rfc9180 from "./data/rfc9180-p256-aes256gcm.json";
import { type Section, answer, itemOf } from "./grammar.ts";
import { deriveScalar, hex, pairOf, sealer, unhex, utf8 } from "./support.ts";

export interface SealedVector {
  name: string; key: string; session: string; direction: number; type: number; epoch: number; sequence: number; plaintext: string; iv: string; frame: string;
}
export interface HelloVector {
  name: string; recipientPrivateKey: string; recipientPublicKey: string; ephemeralPrivateKey: string; ephemeralPublicKey: string;
  carrier: number; pattern: number; epoch: number; session: string; secret: string; keyUp: string; keyDown: string; info: string; frame: string;
}
export interface SectionVector { type: string; bytes: string }
/** command is an event's name where there is one; number is a progress' total, and offset what is done; text is an event's label. */
export interface ItemVector {
  kind: number; id: number; timeout?: number; wants?: number; what?: number; command?: string; cause?: number; json?: string;
  target?: string; offset?: number; number?: number; text?: string; aborted?: boolean; sections?: SectionVector[];
}
export interface ItemsVector { name: string; direction: number; items: ItemVector[] | null; plaintext: string }
export interface Vectors { comment: string; sealed: SealedVector[]; hello: HelloVector[]; items: ItemsVector[] }

const fill = (first: number, n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (first + 7 * i) & 255);

/** The bytes of an item, of either direction. */
export function itemBytes(direction: number, item: ItemVector): Uint8Array {
  return direction === Direction.down ? fromCore(item) : toCore(item);
}

function toCore(item: ItemVector): Uint8Array {
  const { id, command = "", json = "", offset = 0 } = item;
  const sections: Sections = item.sections === undefined ? 0 : item.sections.flatMap((s) => [s.type, unhex(s.bytes)]);
  switch (item.kind) {
    case Up.call:
      return callItem(id, item.timeout ?? 0, item.wants ?? 0, utf8(command), json, sections);
    case Up.cancel:
      return cancelItem(id);
    case Up.emit:
      return emitItem(id, utf8(command), utf8(item.target ?? ""), json, sections);
    case Up.listen:
      return listenItem(id, utf8(command));
    case Up.upload:
      return uploadItem(id, offset, json, sections);
    case Up.end:
      return endItem(id, offset, item.aborted ?? false);
    case Up.credit:
      return creditItem(id, offset);
    default:
      return reportItem(item.kind as Kept, id, item.cause as Cause, item.what ?? 0, command);
  }
}

function fromCore(item: ItemVector): Uint8Array {
  const { id, json = "", offset = 0, number = 0, text = "" } = item;
  const sections: Section[] = (item.sections ?? []).map((s) => ({ type: s.type, bytes: unhex(s.bytes) }));
  switch (item.kind) {
    case Down.result:
      return itemOf({ kind: "result", id, json, sections });
    case Down.error:
      return itemOf({ kind: "error", id, json });
    case Down.item:
      return itemOf({ kind: "item", id, offset, json, sections });
    case Down.event:
      return itemOf({ kind: "event", id, offset, number, label: text, json, sections });
    case Down.end:
      return itemOf({ kind: "end", id, offset });
    case Down.credit:
      return itemOf({ kind: "credit", id, limit: offset });
    default:
      return itemOf({ kind: "progress", id, done: offset, total: number, text });
  }
}

/** Seals a vector's plaintext as the vector says. */
export async function sealVector(v: Omit<SealedVector, "frame">): Promise<string> {
  const address = { type: v.type, epoch: v.epoch, sequence: v.sequence, direction: v.direction as Direction, session: unhex(v.session) };
  // Frame to core nobody chooses the IV.
  const iv = v.direction === Direction.down ? unhex(v.iv) : undefined;
  return hex(await seal(await sealer(unhex(v.key)), address, unhex(v.plaintext), iv));
}

/** Seals a vector's secret and keys as the vector says. */
export async function sealHello(v: Omit<HelloVector, "frame">): Promise<string> {
  const pair = await pairOf(unhex(v.ephemeralPrivateKey), unhex(v.ephemeralPublicKey));
  const plaintext = concat([unhex(v.secret), unhex(v.keyUp), unhex(v.keyDown)]);
  const sealed = await sealTo(unhex(v.recipientPublicKey), unhex(v.info), plaintext, pair);
  return hex(v.epoch === 0 ? helloFrame(unhex(v.session), sealed) : sealed);
}

/** The HPKE info of a vector, made here. */
export function infoOf(v: { carrier: number; pattern: number; session: string; epoch: number }): string {
  const nameOf = <T extends string>(names: Record<T, number>, n: number): T => (Object.keys(names) as T[]).find((name) => names[name] === n)!;
  const binding = { carrier: nameOf<CarrierName>(carriers, v.carrier), pattern: nameOf<PatternName>(patterns, v.pattern), session: unhex(v.session) };
  return hex(info(binding, v.epoch === 0 ? undefined : v.epoch));
}

export async function makeVectors(): Promise<Vectors> {
  const key = hex(fill(3, 32));
  const session = hex(fill(200, 16));
  const call: ItemVector = { kind: 1, id: 1, timeout: 250, command: "notes.save", json: '{"text":"\u00e9\u{1f600}","n":[1,-0.5e-7,null]}' };
  const sealed: SealedVector[] = [];
  for (const [name, direction, type, epoch, sequence, plaintext, iv] of [
    ["a call", Direction.up, Type.batch, 0, 1, itemBytes(1, call), 0],
    ["a proof after a gap", Direction.up, Type.proof, 2, 4000, fill(9, 32), 0],
    ["a sequence beyond 32 bits", Direction.up, Type.pong, 65535, 2 ** 33 + 1, new Uint8Array(0), 0],
    ["a farewell under a later epoch", Direction.up, Type.bye, 1, 0, new Uint8Array(0), 0],
    ["an answer", Direction.down, Type.batch, 1, 77, answer(true, 1, '"\u00e9"'), 21],
    ["a challenge", Direction.down, Type.challenge, 3, 0, fill(80, 32), 33],
  ] as const) {
    const up = new Uint8Array(12);
    new DataView(up.buffer).setBigUint64(4, BigInt(sequence));
    const v = { name, key, session, direction, type, epoch, sequence, plaintext: hex(plaintext), iv: hex(direction === Direction.up ? up : fill(iv, 12)) };
    sealed.push({ ...v, frame: await sealVector(v) });
  }
  const ephemeralPrivateKey = hex(await deriveScalar(unhex(rfc9180.ikmE)));
  const hello: HelloVector[] = [];
  for (const [name, carrier, pattern, epoch] of [
    ["hello, direct, isolation", 1, 1, 0], ["hello, relay, isolation", 2, 1, 0], ["hello, relay, brownfield", 2, 2, 0], ["rekeyed for epoch 1", 1, 1, 1], ["rekeyed for epoch 65535", 2, 2, 65535],
  ] as const) {
    const v = {
      name, recipientPrivateKey: rfc9180.skRm, recipientPublicKey: rfc9180.pkRm, ephemeralPrivateKey, ephemeralPublicKey: rfc9180.enc,
      carrier, pattern, epoch, session, secret: hex(fill(50, 32)), keyUp: hex(fill(90, 32)), keyDown: hex(fill(140, 32)),
    };
    const bound = { ...v, info: infoOf(v) };
    hello.push({ ...bound, frame: await sealHello(bound) });
  }
  const items: ItemsVector[] = [];
  const batch = (name: string, direction: number, ...list: ItemVector[]): void => {
    items.push({ name, direction, items: list, plaintext: hex(concat(list.map((item) => itemBytes(direction, item)))) });
  };
  batch("a call", Direction.up, call);
  batch("a batch of every kind", Direction.up, { kind: 1, id: 2 ** 32 - 1, command: "x".repeat(128), json: "{}" }, { kind: 2, id: 9 }, { kind: 3, id: 10, cause: 2, what: 1, command: "notes.save" }, { kind: 3, id: 400, cause: 5 }, { kind: 4, id: 9, cause: 4, what: 1, command: "notes.list" });
  const raw: SectionVector[] = [{ type: "application/octet-stream", bytes: "00ff10" }, { type: "image/svg+xml", bytes: "" }];
  const two = '{"a":{"$bytes":3,"type":"application/octet-stream"},"b":{"$bytes":0,"type":"image/svg+xml"}}';
  batch("a call with sections that wants everything", Direction.up, { kind: 1, id: 3, wants: 7, command: "files.put", json: two, sections: raw });
  batch("events and streams to the core", Direction.up,
    { kind: 5, id: 1, command: "notes.changed", json: '"\u20ac"' },
    { kind: 5, id: 2, command: "notes.changed", target: "editor-2", json: two, sections: raw },
    { kind: 6, id: 3, command: "n" },
    { kind: 7, id: 4, offset: 0, json: "[1]" },
    { kind: 7, id: 4, offset: 2 ** 53 - 1, json: two, sections: raw },
    { kind: 8, id: 4, offset: 2 ** 32, aborted: true },
    { kind: 8, id: 5 },
    { kind: 9, id: 3, offset: 2 ** 40 + 5 });
  batch("as many sections as there may be", Direction.up, { kind: 7, id: 1, json: "[]", sections: Array.from({ length: 64 }, (_, i) => ({ type: `t/${i}`, bytes: hex(fill(i, i)) })) });
  batch("a result and an error", Direction.down, { kind: 1, id: 5, json: "[]" }, { kind: 2, id: 6, json: '{"code":"denied","id":"abcdefgh-6","message":"m"}' });
  batch("streams from the core", Direction.down,
    { kind: 1, id: 1, json: two, sections: raw },
    { kind: 3, id: 2, offset: 17, json: two, sections: raw },
    { kind: 4, id: 3, offset: 2 ** 53 - 1, number: 2 ** 33, text: "main", json: "1" },
    { kind: 4, id: 3, number: 1, json: two, sections: raw },
    { kind: 5, id: 2, offset: 18 },
    { kind: 6, id: 4, offset: 2 ** 20 },
    { kind: 7, id: 5, offset: 1, number: 2 ** 53 - 1, text: "\u00e9" },
    { kind: 7, id: 5 });
  return { comment: "Made by npm run vectors in sandbox-iframe. isolation/doc.go is the format. All bytes are hex.", sealed, hello, items };
}
