import { describe, expect, test } from "vitest";
import { type Sections, isMediaType } from "../src/binary.ts";
import { Cause, Down, Kept, callItem, cancelItem, creditItem, emitItem, endItem, listenItem, parseItems, reportItem, uploadItem } from "../src/items.ts";
import { MAX_ITEMS, MAX_SECTIONS } from "../src/wire.ts";
import { type CoreItem, answer, itemOf, parseItems as parseUp } from "./grammar.ts";
import { hex, unhex, utf8, withIndexSetters } from "./support.ts";

const octets = "application/octet-stream";
const two: Sections = ["a/b", Uint8Array.of(1, 2), octets, new Uint8Array(0)];
const ofTwo = [{ type: "a/b", bytes: Uint8Array.of(1, 2) }, { type: octets, bytes: new Uint8Array(0) }];

describe("items of the frame", () => {
  for (const [name, item, want] of [
    ["a call", callItem(1, 2, 0, utf8("a.b"), "{}", 0), "01" + "00000001" + "00000002" + "00" + "03" + "612e62" + "00" + "00000002" + "7b7d"],
    ["a call with a section", callItem(2 ** 32 - 1, 0, 7, utf8("n"), "1", ["a/b", Uint8Array.of(9)]), "01" + "ffffffff" + "00000000" + "07" + "01" + "6e" + "01" + "00000001" + "31" + "03" + "612f62" + "00000001" + "09"],
    ["a cancellation", cancelItem(7), "0200000007"],
    ["a report", reportItem(Kept.call, 9, Cause.threw, 1, "x"), "03" + "00000009" + "02" + "01" + "01" + "78"],
    ["a hidden answer", reportItem(Kept.answer, 9, Cause.refused, 2, ""), "04" + "00000009" + "01" + "02" + "00"],
    ["an emit to a window", emitItem(3, utf8("e"), utf8("main"), "[]", 0), "05" + "00000003" + "01" + "65" + "04" + "6d61696e" + "00" + "00000002" + "5b5d"],
    ["an emit to all", emitItem(3, utf8("e"), utf8(""), "[]", ["a/b", Uint8Array.of(9)]), "05" + "00000003" + "01" + "65" + "00" + "01" + "00000002" + "5b5d" + "03" + "612f62" + "00000001" + "09"],
    ["a listen", listenItem(4, utf8("e")), "06" + "00000004" + "01" + "65"],
    ["an upload", uploadItem(5, 2 ** 53 - 1, "1", 0), "07" + "00000005" + "001fffffffffffff" + "00" + "00000001" + "31"],
    ["an end", endItem(5, 2 ** 32 + 1, false), "08" + "00000005" + "0000000100000001" + "00"],
    ["an end that gives up", endItem(5, 2 ** 32 - 1, true), "08" + "00000005" + "00000000ffffffff" + "01"],
    ["credit", creditItem(6, 2 ** 31), "09" + "00000006" + "0000000080000000"],
  ] as const)
    test(`${name} is written as doc.go lays it out`, () => expect(hex(item)).toBe(want));

  test("keep what they hold, however many and however large come after", () => {
    const texts = [...Array.from({ length: 1500 }, (_, i) => `[${i},"${"\u20ac".repeat(i % 300)}"]`), `"${"\u00e4".repeat(100_000)}"`, "1"];
    const items = texts.map((text, i) => (i % 2 === 0 ? callItem(i + 1, 0, 0, utf8("n"), text, 0) : uploadItem(i + 1, i, text, 0)));
    expect(items.flatMap((item) => parseUp(item)).map((item) => (item.kind === "call" || item.kind === "upload" ? [item.id, item.json] : []))).toEqual(texts.map((json, i) => [i + 1, json]));
  });

  test("take large sections and large texts together", () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i & 255);
    const json = `"${"\u00e4".repeat(10_000)}"`;
    const item = uploadItem(1, 5, json, [octets, bytes]);
    expect(parseUp(item)).toEqual([{ kind: "upload", id: 1, offset: 5, size: item.length, json, sections: [{ type: octets, bytes }] }]);
  });

  test("hold their own copy of a section", () => {
    const bytes = Uint8Array.of(1);
    const item = emitItem(1, utf8("e"), utf8(""), "1", ["a/b", bytes]);
    bytes[0] = 2;
    expect(item[item.length - 1]).toBe(1);
  });
});

const every: CoreItem[] = [
  { kind: "result", id: 1, json: "[1]" },
  { kind: "result", id: 2 ** 32 - 1, json: "[]", sections: ofTwo },
  { kind: "error", id: 2, json: "{}" },
  { kind: "item", id: 3, offset: 2 ** 40, json: "1", sections: ofTwo },
  { kind: "event", id: 4, offset: 7, number: 2 ** 53 - 1, label: "main", json: "null", sections: ofTwo },
  { kind: "end", id: 3, offset: 99 },
  { kind: "credit", id: 5, limit: 1 << 20 },
  { kind: "progress", id: 6, done: 1, total: 2, text: "\u00e9" },
];

describe("items of the core", () => {
  test("are read in order, all in one form", () => {
    const none = { json: "", sections: 0, offset: 0, number: 0, text: "" };
    expect(Array.from(parseItems(new Uint8Array(every.flatMap((item) => [...itemOf(item)]))))).toEqual([
      { ...none, kind: Down.result, id: 1, json: "[1]", size: 13 },
      { ...none, kind: Down.result, id: 2 ** 32 - 1, json: "[]", sections: listed(two), size: 51 },
      { ...none, kind: Down.error, id: 2, json: "{}", size: 11 },
      { ...none, kind: Down.item, id: 3, offset: 2 ** 40, json: "1", sections: listed(two), size: 58 },
      { ...none, kind: Down.event, id: 4, offset: 7, number: 2 ** 53 - 1, text: "main", json: "null", sections: listed(two), size: 74 },
      { ...none, kind: Down.end, id: 3, offset: 99, size: 13 },
      { ...none, kind: Down.credit, id: 5, offset: 1 << 20, size: 13 },
      { ...none, kind: Down.progress, id: 6, offset: 1, number: 2, text: "\u00e9", size: 24 },
    ]);
  });

  test("have sections that are views of the batch", () => {
    const plain = itemOf({ kind: "item", id: 1, offset: 0, json: "1", sections: ofTwo });
    const [item] = Array.from(parseItems(plain));
    expect(Array.from(item!.sections as unknown[], (part) => part instanceof Uint8Array && part.buffer === plain.buffer)).toEqual([false, true, false, true]);
  });

  test("are not put together by setters of Array.prototype", () => {
    const plain = itemOf({ kind: "result", id: 1, json: "1", sections: ofTwo });
    withIndexSetters(() => "forged", () => {
      const items = parseItems(plain);
      const sections = items[0]!.sections as unknown[];
      if (items.length !== 1 || items[0]!.id !== 1 || sections[0] !== "a/b" || sections.length !== 4) throw new Error("forged");
    });
  });

  for (const item of every) {
    const whole = itemOf(item);
    test(`are refused wherever they are cut: ${item.kind}${"sections" in item ? " with sections" : ""}`, () => {
      for (let n = 0; n < whole.length; n++) {
        expect(() => parseItems(whole.slice(0, n))).toThrow();
        expect(() => parseItems(whole.subarray(0, n))).toThrow(); // though the buffer goes on
      }
      expect(() => parseItems(new Uint8Array([...whole, 0]))).toThrow();
      expect(parseItems(whole)).toHaveLength(1);
    });
  }

  const at = (plain: Uint8Array, i: number, ...bytes: number[]): Uint8Array => (plain = plain.slice(), plain.set(bytes, i), plain);
  const raw = itemOf({ kind: "result", id: 1, json: "1", sections: [{ type: "a/b", bytes: Uint8Array.of(5) }] });
  const many = (n: number): CoreItem => ({ kind: "result", id: 1, json: "1", sections: Array.from({ length: n }, () => ofTwo[0]!) });
  const one = answer(true, 1, "null");
  for (const [name, plain] of [
    ["an empty batch", new Uint8Array(0)],
    ["kind 0", at(one, 0, 0)],
    ["an unknown kind", at(one, 0, 8)],
    ["a length beyond the end", at(one, 6, 255, 255, 255, 255)],
    ["text that is not UTF-8", at(one, 10, 0xff)],
    ["a section that claims more than there is", at(raw, raw.length - 5, 0, 0, 0, 2)],
    ["a section that claims less than there is", at(raw, raw.length - 5, 0, 0, 0, 0)],
    ["a section of 4 GiB", at(raw, raw.length - 5, 255, 255, 255, 255)],
    ["a section too few", at(raw, 5, 2)],
    ["a section too many", at(raw, 5, 0)],
    ["a media type without a slash", at(raw, 12, 0x61, 0x61, 0x61)],
    ["a media type that is not UTF-8", at(raw, 12, 0xff)],
    ["more sections than there may be", itemOf(many(MAX_SECTIONS + 1))],
    ["an offset of 2^53", unhex("03" + "00000001" + "0020000000000000" + "00" + "00000001" + "31")],
    ["a number of 2^53", unhex("04" + "00000001" + "0000000000000000" + "0020000000000000" + "00" + "00" + "00000001" + "31")],
    ["a limit of 2^64-1", unhex("06" + "00000001" + "ffffffffffffffff")],
    ["a label that is not UTF-8", unhex("04" + "00000001" + "0000000000000000" + "0000000000000001" + "01" + "ff" + "00" + "00000001" + "31")],
    ["a text of a progress that is not UTF-8", unhex("07" + "00000001" + "0000000000000000" + "0000000000000001" + "01" + "ff")],
    ["more items than a batch holds", new Uint8Array(Array.from({ length: MAX_ITEMS + 1 }, () => [...one]).flat())],
  ] as const)
    test(`with ${name} are refused whole`, () => expect(() => parseItems(plain)).toThrow(/^sallyport: |encoded data was not valid|Decoding failed/));

  test("are taken up to every limit", () => {
    expect(parseItems(itemOf(many(MAX_SECTIONS)))[0]!.sections).toHaveLength(2 * MAX_SECTIONS);
    expect(parseItems(new Uint8Array(Array.from({ length: MAX_ITEMS }, () => [...one]).flat()))).toHaveLength(MAX_ITEMS);
  });
});

describe("a media type", () => {
  for (const text of ["a/b", octets, "image/svg+xml", "0/1", "a!#$&-^_.+/b", "application/vnd.ms-excel", `a/${"b".repeat(125)}`])
    test(`can be ${text.slice(0, 40)}`, () => expect(isMediaType(text)).toBe(true));
  for (const text of ["", "/", "a", "a/", "/b", "a/b/c", "a//b", "A/b", "a/B", "a/b;c=d", "a/b ", " a/b", "-a/b", "a/.b", "a/b*", "a/b%", "\u00e4/b", "a/\u0131", `a/${"b".repeat(126)}`])
    test(`can't be ${JSON.stringify(text.slice(0, 40))}`, () => expect(isMediaType(text)).toBe(false));
});

// A list as the runtime makes them, which has no prototype.
function listed(sections: Sections): unknown {
  return sections === 0 ? 0 : Object.setPrototypeOf([...sections], null);
}
