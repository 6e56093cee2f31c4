import { describe, expect, test } from "vitest";
import type { Sections } from "../src/binary.ts";
import type { SallyportError } from "../src/errors.ts";
import { fill, readMessage, writeMessage } from "../src/page-binary.ts";
import { client, codeOf, tampered } from "./page-double.ts";
import { pause, until } from "./support.ts";

const octets = "application/octet-stream";
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const list = (sections: Sections): unknown[] => (sections === 0 ? [] : Array.from({ length: sections.length }, (_, i) => sections[i]));
const refusal = (value: unknown): [string, string] => {
  try {
    writeMessage(value, "the arguments");
  } catch (e) {
    return [(e as SallyportError).code, (e as Error).message];
  }
  throw new Error("it was taken");
};

describe("bytes that are sent", () => {
  const whole = bytes(0, 1, 2, 3, 4, 5, 6, 7);
  const cases: [string, unknown, string, unknown[]][] = [
    ["nothing", { a: 1 }, '{"a":1}', []],
    ["a Uint8Array", { a: bytes(1, 2) }, `{"a":{"$bytes":2,"type":"${octets}"}}`, [octets, bytes(1, 2)]],
    ["a view into the middle of others", [new Uint8Array(whole.buffer, 2, 3)], `[{"$bytes":3,"type":"${octets}"}]`, [octets, bytes(2, 3, 4)]],
    ["an ArrayBuffer, and nothing else", bytes(9).buffer, `{"$bytes":1,"type":"${octets}"}`, [octets, bytes(9)]],
    ["none", bytes(), `{"$bytes":0,"type":"${octets}"}`, [octets, bytes()]],
    ["a subclass of Uint8Array", new (class extends Uint8Array {})(2), `{"$bytes":2,"type":"${octets}"}`, [octets, bytes(0, 0)]],
    ["several, in the order of the text", { b: bytes(1), "1": [bytes(2), 3, { c: bytes(3) }] },
      `{"1":[{"$bytes":1,"type":"${octets}"},3,{"c":{"$bytes":1,"type":"${octets}"}}],"b":{"$bytes":1,"type":"${octets}"}}`,
      [octets, bytes(2), octets, bytes(3), octets, bytes(1)]],
    ["the same twice", ((b) => [b, b])(bytes(7)), `[{"$bytes":1,"type":"${octets}"},{"$bytes":1,"type":"${octets}"}]`, [octets, bytes(7), octets, bytes(7)]],
  ];
  for (const [name, value, json, sections] of cases)
    test(`are written beside the text: ${name}`, () => {
      const message = writeMessage(value, "the arguments");
      expect([message.json, list(message.sections)]).toEqual([json, sections]);
    });

  test("are copied, into memory of exactly their size", () => {
    const source = new Uint8Array(whole.buffer, 2, 3);
    const sent = list(writeMessage(source, "it").sections)[1] as Uint8Array;
    source[0] = 99;
    expect([sent[0], sent.buffer.byteLength]).toEqual([2, 3]);
  });

  const shared = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);
  const gone = bytes(1, 2);
  structuredClone(gone.buffer, { transfer: [gone.buffer as ArrayBuffer] });
  const refused: [string, unknown, string, RegExp][] = [
    ["shared memory", shared, "invalid_args", /shared memory; copy it first/],
    ["shared memory without a view", shared.buffer, "invalid_args", /plain JSON/],
    ["bytes that were transferred", gone, "invalid_args", /plain JSON/],
    ["a buffer that was transferred", gone.buffer, "invalid_args", /plain JSON/],
    ["numbers of another size", new Uint16Array(2), "invalid_args", /plain JSON.*Uint8Array/],
    ["a DataView", new DataView(new ArrayBuffer(2)), "invalid_args", /plain JSON/],
    ["what only looks like a Uint8Array", Object.create(Uint8Array.prototype), "invalid_args", /plain JSON/],
    ["what only looks like a Blob", Object.create(Blob.prototype), "invalid_args", /plain JSON/],
    ["an object with a member $bytes", { a: { $bytes: 1, type: octets } }, "invalid_args", /member \$bytes, which stands for bytes/],
    ["an object whose $bytes is undefined", { $bytes: undefined }, "invalid_args", /member \$bytes/],
    ["more than 64 of them", Array.from({ length: 65 }, () => bytes(1)), "invalid_args", /more than 64/],
    ["more than any core takes", new Uint8Array(2 ** 26 + 1), "too_large", /too large/],
    ["a Blob of more than that, before it is read", new Blob([new Uint8Array(2 ** 26 + 1)]), "too_large", /too large/],
  ];
  for (const [name, value, code, message] of refused)
    test(`are refused: ${name}`, () => {
      const [got, said] = refusal(value);
      expect(got).toBe(code);
      expect(said).toMatch(message);
    });

  test("a toJSON that was planted is not asked", () => {
    const b = Object.assign(bytes(1), { toJSON: () => "forged" });
    expect(writeMessage(b, "it").json).toBe(`{"$bytes":1,"type":"${octets}"}`);
  });
});

describe("a Blob that is sent", () => {
  const typed: [string, string][] = [
    ["text/plain", "text/plain"], ["text/plain;charset=utf-8", "text/plain"], ["text/plain ; charset=utf-8", "text/plain"], ["IMAGE/PNG", "image/png"],
    ["", octets], ["no type", octets], ["image/", octets], [";", octets], [`a/${"b".repeat(200)}`, octets],
  ];
  for (const [given, type] of typed) test(`of the type "${given.slice(0, 30)}" goes as ${type}`, () => expect(writeMessage(new Blob(["x"], { type: given }), "it").json).toBe(`{"$bytes":1,"type":"${type}"}`));

  test("goes when it is read, with the bytes before and behind it in their places", async () => {
    const { c, sent } = client();
    const args = { a: bytes(1), b: new Blob([bytes(2, 3) as Uint8Array<ArrayBuffer>], { type: "image/png" }), c: bytes(4), d: new Blob(["e"]) };
    void c.invoke("a", args).catch(() => {});
    void c.invoke("b").catch(() => {});
    args.a[0] = 9;
    expect(sent.map((s) => s[2])).toEqual(["b"]); // which had nothing to wait for
    await until(() => sent.length === 2);
    expect(list(sent[1]![6] as Sections)).toEqual([octets, bytes(1), "image/png", bytes(2, 3), octets, bytes(4), octets, bytes(101)]);
    c.close();
  });

  test("is not sent if the call is over when it is read", async () => {
    const { c, sent } = client();
    const abort = new AbortController();
    const call = c.invoke("a", new Blob(["x"]), { signal: abort.signal });
    abort.abort();
    expect(await codeOf(call)).toBe("cancelled");
    await pause(20);
    expect(sent).toEqual([]);
  });

  test("waits for the core like all else", async () => {
    const { c, sent } = client("starting");
    void c.invoke("a", new Blob(["x"])).catch(() => {});
    await pause(20);
    expect(sent).toEqual([]);
    c.state("ready");
    expect(list(sent[0]![6] as Sections)).toEqual([octets, bytes(120)]);
    c.close();
  });

  test("that can't be read fails the call", async () => {
    const failed = await new Promise((done) => {
      const message = writeMessage(new Blob(["x"]), "it");
      fill({ ...message, unread: [{ ...message.unread[0]!, size: 2 }] }, () => done("read"), done);
    });
    expect((failed as SallyportError).message).toMatch(/could not be read/);
  });
});

if (typeof FileReader === "function") describe("a Blob that is sent from a page", () => {
  test("has its own bytes, whatever then a script has planted on Object.prototype", async () => {
    const forged = (resolve: (v: unknown) => void): void => {
      delete (Object.prototype as { then?: unknown }).then;
      resolve(new Uint8Array([9]).buffer);
    };
    const plant = { configurable: true, get: (): unknown => undefined } as PropertyDescriptor;
    plant.get = function (this: unknown) {
      return this instanceof ArrayBuffer ? forged : undefined;
    };
    const { c, sent } = client();
    Object.defineProperty(Object.prototype, "then", plant);
    void c.invoke("a", new Blob(["x"])).catch(() => {});
    try {
      await until(() => sent.length === 1);
    } finally {
      delete (Object.prototype as { then?: unknown }).then;
    }
    expect(list(sent[0]![6] as Sections)).toEqual([octets, bytes(120)]);
    c.close();
  });
});

describe("bytes that come", () => {
  const raw = bytes(1, 2);
  test("are a Uint8Array where nothing is known of them, and else a Blob of their type", async () => {
    const value = readMessage(`{"a":{"$bytes":2,"type":"${octets}"},"b":[{"$bytes":1,"type":"image/png"}]}`, [octets, raw, "image/png", bytes(3)]) as { a: Uint8Array; b: Blob[] };
    expect(value.a).toBe(raw);
    const blob = value.b[0]!;
    expect([blob instanceof Blob, blob.type, new Uint8Array(await blob.arrayBuffer())]).toEqual([true, "image/png", bytes(3)]);
  });

  test("stand where the text has them, not where an object's order does", () =>
    expect(readMessage(`{"b":{"$bytes":1,"type":"${octets}"},"1":{"$bytes":1,"type":"${octets}"}}`, [octets, bytes(1), octets, bytes(2)])).toEqual({ b: bytes(1), 1: bytes(2) }));

  test("are not taken for a text that looks like them", () =>
    expect(readMessage(`{"x\\"$bytes":5,"y":"$bytes","z":"\\"$bytes\\":7","w":["$bytes"],"v":{"$bytes":2,"type":"${octets}"}}`, [octets, raw])).toEqual({
      'x"$bytes': 5, y: "$bytes", z: '"$bytes":7', w: ["$bytes"], v: raw,
    }));

  test("can be all there is", () => expect(readMessage(`{"$bytes":2,"type":"${octets}"}`, [octets, raw])).toBe(raw));
  test("under the name __proto__ change no prototype", () => {
    const value = readMessage(`{"__proto__":{"$bytes":2,"type":"${octets}"}}`, [octets, raw]) as object;
    expect([Object.getPrototypeOf(value), Object.keys(value)]).toEqual([Object.prototype, ["__proto__"]]);
  });

  const one = `{"$bytes":2,"type":"${octets}"}`;
  const wrong: [string, string, Sections][] = [
    ["more in the text than beside it", `[${one},${one}]`, [octets, raw]],
    ["fewer", "[]", [octets, raw]],
    ["another size", `{"$bytes":3,"type":"${octets}"}`, [octets, raw]],
    ["another type", `{"$bytes":2,"type":"image/png"}`, [octets, raw]],
    ["another order", `{"type":"${octets}","$bytes":2}`, [octets, raw]],
    ["no type", `{"$bytes":2}`, [octets, raw]],
    ["another member", `{"$bytes":2,"type":"${octets}","x":1}`, [octets, raw]],
    ["a size that is no number", `{"$bytes":"2","type":"${octets}"}`, [octets, raw]],
    ["a name that is written otherwise", `[{"\\u0024bytes":0,"type":"${octets}"}]`, [octets, raw]],
    ["one section in two places", `[${one},{"\\u0024bytes":0,"type":"${octets}"}]`, [octets, raw, octets, raw]],
    ["no JSON", `{"$bytes":2`, [octets, raw]],
  ];
  for (const [name, json, sections] of wrong)
    test(`end a call with internal: ${name}`, async () => {
      const { c } = client();
      const call = c.invoke("a");
      c.reply(1, true, json, sections);
      expect(await codeOf(call)).toBe("internal");
    });
});

describe("tampered after loading, bytes still go and come right:", () => {
  const bad = (): never => {
    throw new Error("tampered");
  };
  const swaps: [string, object, PropertyKey, unknown][] = [
    ["Blob.arrayBuffer", Blob.prototype, "arrayBuffer", bad], ["Blob.size", Blob.prototype, "size", 1], ["Blob.type", Blob.prototype, "type", "a/b"],
    ["Blob", globalThis, "Blob", bad], ["Uint8Array", globalThis, "Uint8Array", bad], ["Uint8Array.slice", Uint8Array.prototype, "slice", bad],
    ["Promise.then", Promise.prototype, "then", bad], ["Promise.constructor", Promise.prototype, "constructor", bad],
    ["String.indexOf", String.prototype, "indexOf", bad], ["String.slice", String.prototype, "slice", bad], ["Object.keys", Object, "keys", bad],
    ["Array.iterator", Array.prototype, Symbol.iterator, bad],
    ["Object.type", Object.prototype, "type", "forged/type"], ["Object.$bytes", Object.prototype, "$bytes", 0],
  ];
  for (const [name, object, member, value] of swaps)
    test(name, async () => {
      const { c, sent } = client();
      const blob = new Blob(["x"], { type: "text/plain" });
      const view = bytes(1, 2).subarray(1);
      const raw = bytes(5);
      const png = bytes(6);
      const calls: Promise<unknown>[] = [];
      tampered(object, member, value, () => {
        calls[0] = c.invoke("a", { blob, view });
        c.reply(1, true, `[{"$bytes":1,"type":"${octets}"},{"$bytes":1,"type":"image/png"}]`, [octets, raw, "image/png", png]);
        calls[1] = c.invoke("b", { blob, view });
      });
      calls[1]!.catch(() => {});
      const got = await calls[0];
      expect((got as unknown[])[0]).toBe(raw);
      expect([(got as Blob[])[1]!.type, new Uint8Array(await (got as Blob[])[1]!.arrayBuffer())]).toEqual(["image/png", png]);
      await until(() => sent.length > 0);
      expect([sent[0]![2], sent[0]![3], list(sent[0]![6] as Sections)]).toEqual([
        "b", `{"blob":{"$bytes":1,"type":"text/plain"},"view":{"$bytes":1,"type":"${octets}"}}`, ["text/plain", bytes(120), octets, bytes(2)],
      ]);
      c.close();
    });
});
