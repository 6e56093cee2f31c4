import { describe, expect, test } from "vitest";
import { concat } from "../src/bytes.ts";
import { open } from "../src/envelope.ts";
import { type Item, parseItems } from "../src/items.ts";
import { Direction, HEADER, parseHeader } from "../src/wire.ts";
import batches from "../../isolation/testdata/batches.json";
import golang from "../../isolation/testdata/vectors.json";
import { openHPKE } from "./double.ts";
import { hex, opener, pairOf, unhex } from "./support.ts";
import { type ItemVector, type Vectors, infoOf, itemBytes, makeVectors, sealHello, sealVector } from "./vectors.ts";
import typescript from "./vectors.json";

// An item as a vector has it: without what is empty.
function plainOf({ sections, ...item }: Item): object {
  const raw = [];
  if (sections !== 0) for (let i = 0; i < sections.length; i += 2) raw.push({ type: sections[i], bytes: hex(sections[i + 1] as Uint8Array) });
  const held = Object.entries({ ...item, sections: raw.length > 0 ? raw : 0 }).filter(([, value]) => value !== 0 && value !== "");
  return Object.fromEntries(held);
}

for (const [who, vectors] of [["Go", golang], ["TypeScript", typescript]] as [string, Vectors][])
  describe(`the vectors of ${who}`, () => {
    test("are some of each sort", () => expect([vectors.sealed, vectors.hello, vectors.items].every((list) => list.length >= 3)).toBe(true));

    for (const v of vectors.sealed) {
      test(`sealed: ${v.name} is reproduced`, async () => expect(await sealVector(v)).toBe(v.frame));
      test(`sealed: ${v.name} opens`, async () => {
        const frame = unhex(v.frame);
        expect(parseHeader(frame)).toEqual({ type: v.type, epoch: v.epoch, sequence: v.sequence });
        expect(hex(frame.slice(HEADER, HEADER + 12))).toBe(v.iv);
        expect(hex(await open(await opener(unhex(v.key)), v.direction as Direction, unhex(v.session), frame))).toBe(v.plaintext);
      });
    }

    for (const v of vectors.hello) {
      test(`hello: ${v.name} is reproduced`, async () => {
        expect(infoOf(v)).toBe(v.info);
        expect(await sealHello(v)).toBe(v.frame);
      });
      test(`hello: ${v.name} opens`, async () => {
        const pair = await pairOf(unhex(v.recipientPrivateKey), unhex(v.recipientPublicKey));
        const sealed = unhex(v.frame).slice(v.epoch === 0 ? HEADER + 16 : 0);
        expect(hex(await openHPKE(pair, unhex(v.recipientPublicKey), unhex(v.info), sealed))).toBe(v.secret + v.keyUp + v.keyDown);
      });
    }

    for (const v of vectors.items) {
      const down = v.direction === Direction.down;
      if (v.items === null) {
        if (down) test(`items: ${v.name}`, () => expect(() => parseItems(unhex(v.plaintext))).toThrow());
        continue; // Go's to refuse
      }
      const { items } = v;
      test(`items: ${v.name} is reproduced`, () => expect(hex(concat(items.map((item) => itemBytes(v.direction, item))))).toBe(v.plaintext));
      if (down)
        test(`items: ${v.name} is read`, () =>
          expect(Array.from(parseItems(unhex(v.plaintext)), plainOf)).toEqual(items.map((item) => ({ ...item, size: itemBytes(v.direction, item).length }))));
    }
  });

test("batches from the core, most with a fault, are read as Go reads them", () => {
  for (const { plaintext, good } of batches) {
    const plain = unhex(plaintext);
    let items: ItemVector[] | undefined;
    try {
      items = Array.from(parseItems(plain), (item) => plainOf(item) as ItemVector);
    } catch {}
    expect([plaintext, items !== undefined]).toEqual([plaintext, good]);
    if (items !== undefined) expect(hex(concat(items.map((item) => itemBytes(Direction.down, item))))).toBe(plaintext);
  }
});

test("vectors.json is what npm run vectors writes", async () => expect(await makeVectors()).toEqual(typescript));
