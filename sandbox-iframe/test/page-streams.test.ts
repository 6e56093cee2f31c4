import { describe, expect, test } from "vitest";
import type { Sections } from "../src/binary.ts";
import type { SallyportError } from "../src/errors.ts";
import { after, ownPromise } from "../src/page-primordials.ts";
import { client, codeOf, tampered } from "./page-double.ts";
import { pause, until } from "./support.ts";

const octets = "application/octet-stream";
const quarter = 2 ** 18;
const sizeOf = (s: unknown): number => ((s as Sections) === 0 ? 0 : ((s as Uint8Array[])[1] as Uint8Array).byteLength);

async function drain(readable: ReadableStream<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  const reader = readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return all;
    all.push(value);
  }
}

describe("a call that streams", () => {
  const asks: [string, object, number, string[]][] = [
    ["items, unless it says otherwise", {}, 1, ["result", "readable"]],
    ["items", { channel: "items" }, 1, ["result", "readable"]],
    ["an upload", { channel: "upload" }, 2, ["result", "writable"]],
    ["both", { channel: "both", timeout: 5000 }, 3, ["result", "readable", "writable"]],
    ["both, and progress", { channel: "both", onProgress: () => {} }, 7, ["result", "readable", "writable"]],
  ];
  for (const [name, options, wants, members] of asks)
    test(`asks for ${name}`, () => {
      const { c, sent } = client();
      const s = c.stream("notes.import", { a: 1 }, options);
      expect([sent[0]!.slice(0, 4), sent[0]![5], Object.keys(s), Object.isFrozen(s)]).toEqual([["call", 1, "notes.import", '{"a":1}'], wants, members, true]);
      c.close();
    });

  const wrong: [string, unknown, unknown, object][] = [
    ["a command that is no string", 1, {}, {}], ["arguments that are no JSON", "a", () => 1, {}], ["a timeout that is none", "a", {}, { timeout: "1" }],
    ["a channel that is none", "a", {}, { channel: "down" }], ["a progress that is no function", "a", {}, { onProgress: 1 }],
    ["options that throw", "a", {}, { get channel(): string { throw new Error("x"); } }],
  ];
  for (const [name, command, args, options] of wrong)
    test(`fails with one error everywhere, and sends nothing: ${name}`, async () => {
      const { c, sent } = client();
      const s = c.stream(command as string, args, options);
      const e = (await s.result.catch((e: unknown) => e)) as SallyportError;
      expect([e.code, sent]).toEqual(["invalid_args", []]);
      if (s.readable !== undefined) expect(await drain(s.readable).catch((e: unknown) => e)).toBe(e);
      if (s.writable !== undefined) expect(await s.writable.getWriter().write(1).catch((e: unknown) => e)).toBe(e);
    });

  test("that nobody looks at leaves no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (e: unknown): void => void unhandled.push(e);
    const seen = (e: PromiseRejectionEvent): void => (e.preventDefault(), note(e.reason));
    const { process } = globalThis as unknown as { process?: { on(n: string, f: (e: unknown) => void): void; off(n: string, f: (e: unknown) => void): void } };
    if (process?.on) process.on("unhandledRejection", note);
    else addEventListener("unhandledrejection", seen);
    const { c } = client();
    c.stream("a", {}, { channel: "both" });
    c.stream("b", () => 1, { channel: "both" });
    c.close();
    await pause(30);
    if (process?.off) process.off("unhandledRejection", note);
    else removeEventListener("unhandledrejection", seen);
    expect(unhandled).toEqual([]);
  });

  test("settles once", async () => {
    const { c } = client();
    const s = c.stream("a", {}, { channel: "both" });
    c.reply(1, true, "1", 0);
    c.reply(1, false, '{"code":"failed"}', 0);
    c.close();
    expect([await s.result, await drain(s.readable!)]).toEqual([1, []]);
  });

  const ends: [string, (c: ReturnType<typeof client>["c"], abort: AbortController) => void, string, boolean][] = [
    ["the core's error", (c) => c.reply(1, false, '{"code":"failed","id":"x-1"}', 0), "failed", false],
    ["its signal", (_, abort) => abort.abort(), "cancelled", true],
    ["its timeout", () => {}, "timeout", true],
    ["the end of the session", (c) => c.state("closed"), "closed", false],
    ["an item that can't be read", (c) => c.item(1, 9, "{", 0), "internal", true],
    ["an item without its bytes", (c) => c.item(1, 9, "[]", [octets, new Uint8Array(1)]), "internal", true],
  ];
  for (const [name, end, code, cancels] of ends)
    test(`fails result, readable and writable alike by ${name}`, async () => {
      const { c, sent } = client();
      const abort = new AbortController();
      const s = c.stream("a", {}, { channel: "both", signal: abort.signal, timeout: 60 });
      const writer = s.writable!.getWriter();
      const reads = s.readable!.getReader().read().catch((e: unknown) => e);
      for (let i = 0; i < 20; i++) void writer.write(i).catch(() => {}); // more than there is room for
      const writes = writer.write("last").catch((e: unknown) => e);
      await pause();
      end(c, abort);
      const e = (await s.result.catch((e: unknown) => e)) as SallyportError;
      expect(e.code).toBe(code);
      expect([await reads, await writes, await writer.closed.catch((e: unknown) => e)]).toEqual([e, e, e]);
      expect(sent.filter(([kind]) => kind === "cancel")).toEqual(cancels ? [["cancel", 1]] : []);
    });
});

describe("items", () => {
  test("are read in order, and end before the result or with it", async () => {
    for (const ends of [true, false]) {
      const { c } = client();
      const s = c.stream("a");
      c.item(1, 10, '{"n":1}', 0);
      c.item(1, 20, `{"$bytes":1,"type":"${octets}"}`, [octets, new Uint8Array([7])]);
      const all = drain(s.readable!);
      await pause();
      c.item(1, 30, "null", 0);
      if (ends) c.end(1);
      c.reply(1, true, '"done"', 0);
      expect([await all, await s.result]).toEqual([[{ n: 1 }, new Uint8Array([7]), null], "done"]);
    }
  });

  test("can still be read when the result has come", async () => {
    const { c, sent } = client();
    const s = c.stream("a");
    c.item(1, 2 * quarter, "1", 0);
    c.item(1, 4 * quarter, "2", 0);
    c.end(1);
    c.reply(1, true, "null", 0);
    c.state("closed");
    expect(await drain(s.readable!)).toEqual([1, 2]);
    expect(sent.length).toBe(1); // no word more about a call that is over
  });

  test("that were not read when the call fails are dropped", async () => {
    const { c } = client();
    const s = c.stream("a");
    c.item(1, 10, "1", 0);
    c.reply(1, false, '{"code":"failed"}', 0);
    expect(await codeOf(drain(s.readable!))).toBe("failed");
  });

  test("are counted as they are read, and said in quarters of the credit", async () => {
    const { c, sent } = client();
    const s = c.stream("a");
    for (let i = 1; i <= 8; i++) c.item(1, (i * quarter) / 2, `${i}`, 0);
    const reader = s.readable!.getReader();
    await pause();
    const pulls = (): unknown[] => sent.filter(([kind]) => kind === "pull").map((p) => p[2]);
    expect(pulls()).toEqual([]); // nobody reads
    await reader.read();
    expect(pulls()).toEqual([]);
    await reader.read();
    expect(pulls()).toEqual([quarter]);
    await reader.read();
    await reader.read();
    await reader.read();
    expect(pulls()).toEqual([quarter, 2 * quarter]);
    c.close();
  });

  test("of which one is larger than the credit are said too", async () => {
    const { c, sent } = client();
    const s = c.stream("a");
    c.item(1, 100 * quarter, "1", 0);
    await s.readable!.getReader().read();
    expect(sent.at(-1)).toEqual(["pull", 1, 100 * quarter]);
    c.close();
  });

  test("that are awaited by many reads at once go to each in turn", async () => {
    const { c } = client();
    const reader = c.stream("a").readable!.getReader();
    const reads = Array.from({ length: 5 }, () => reader.read());
    for (let i = 0; i < 3; i++) c.item(1, i + 1, `${i}`, 0);
    await pause();
    for (let i = 3; i < 5; i++) c.item(1, i + 1, `${i}`, 0);
    expect((await Promise.all(reads)).map((r) => r.value)).toEqual([0, 1, 2, 3, 4]);
    c.close();
  });

  test("cancelled cancel the call", async () => {
    const { c, sent } = client();
    const s = c.stream("a", {}, { channel: "both" });
    c.item(1, 1, "1", 0);
    await s.readable!.cancel("enough");
    expect([await codeOf(s.result), sent.at(-1)]).toEqual(["cancelled", ["cancel", 1]]);
    expect(await codeOf(s.writable!.getWriter().closed)).toBe("cancelled");
    c.item(1, 2, "2", 0);
    c.end(1);
  });

  test("of a loop that is left cancel the call", async () => {
    const { c, sent } = client();
    const s = c.stream("a");
    c.item(1, 1, "1", 0);
    for await (const item of s.readable as unknown as AsyncIterable<unknown>) {
      expect(item).toBe(1);
      break;
    }
    expect([await codeOf(s.result), sent.at(-1)]).toEqual(["cancelled", ["cancel", 1]]);
  });

  test("cancelled before there is a way to the core are never asked for", async () => {
    const { c, sent } = client("starting");
    const s = c.stream("a");
    await s.readable!.cancel();
    c.state("ready");
    expect([await codeOf(s.result), sent]).toEqual(["cancelled", []]);
  });

  test("after their end, which no core sends, do nothing", async () => {
    const { c } = client();
    const s = c.stream("a");
    const reader = s.readable!.getReader();
    const read = reader.read();
    await pause();
    c.end(1);
    c.item(1, 1, "1", 0);
    c.end(1);
    expect([(await read).done, (await reader.read()).done]).toEqual([true, true]);
    c.close();
  });

  test("that nobody asked for, or that come for nobody, do nothing", async () => {
    const { c, sent } = client();
    const [call, upload] = [c.invoke("a"), c.stream("b", {}, { channel: "upload" })];
    for (const id of [1, 2, 3, 99]) {
      c.item(id, 1, "{", 0);
      c.end(id);
      c.taken(id, 5);
      c.progress(id, 1, 1, "");
    }
    c.reply(1, true, "1", 0);
    c.reply(2, true, "2", 0);
    expect([await call, await upload.result, sent.length]).toEqual([1, 2, 2]);
  });
});

describe("an upload", () => {
  const start = (options: object = {}) => {
    const { c, sent } = client();
    const s = c.stream("a", {}, { channel: "upload", ...options });
    return { c, sent, s, writer: s.writable!.getWriter(), ups: () => sent.filter(([kind]) => kind === "upload") };
  };

  test("sends what is written, in order, and its end", async () => {
    const { c, sent, s, writer } = start();
    void writer.write({ n: 1 });
    void writer.write(new Blob(["x"], { type: "image/png" })); // has to be read first
    void writer.write("last");
    await writer.close();
    expect(sent.slice(1)).toEqual([
      ["upload", 1, '{"n":1}', 0], ["upload", 1, '{"$bytes":1,"type":"image/png"}', expect.anything()], ["upload", 1, '"last"', 0], ["end", 1, false],
    ]);
    c.reply(1, true, "3", 0);
    expect([await s.result, await codeOf(writer.closed)]).toEqual([3, "resolved"]);
  });

  test("of nothing is an end", async () => {
    const { c, sent, writer } = start();
    await writer.close();
    expect(sent.slice(1)).toEqual([["end", 1, false]]);
    c.close();
  });

  test("begins when the call was sent", async () => {
    const { c, sent } = client("starting");
    const writer = c.stream("a", new Blob(["x"]), { channel: "upload" }).writable!.getWriter();
    void writer.write(1);
    void writer.close();
    c.state("ready");
    await until(() => sent.length === 3);
    expect(sent.map((s) => s[0])).toEqual(["call", "upload", "end"]);
    c.close();
  });

  test("stops at 16 items that were not taken", async () => {
    const { c, writer, ups } = start();
    for (let i = 0; i < 40; i++) void writer.write(i).catch(() => {});
    await pause(5);
    expect(ups().length).toBe(16);
    c.taken(1, 3);
    await pause(5);
    expect(ups().length).toBe(19);
    c.taken(1, 3); // again
    c.taken(1, 2); // out of turn
    await pause(5);
    expect(ups().length).toBe(19);
    c.taken(1, 19);
    await pause(5);
    expect(ups().length).toBe(35);
    c.close();
  });

  test("stops at a mebibyte that was not taken", async () => {
    const { c, writer, ups } = start();
    const half = "x".repeat(2 ** 19);
    for (let i = 0; i < 5; i++) void writer.write(half).catch(() => {});
    await pause(5);
    expect(ups().length).toBe(2);
    c.taken(1, 1);
    await pause(5);
    expect(ups().length).toBe(3);
    c.close();
  });

  const cuts: [string, () => unknown, number[]][] = [
    ["no bytes", () => new Uint8Array(0), [0]], ["few bytes", () => new Uint8Array(3), [3]], ["bytes of one item", () => new Uint8Array(2 ** 18), [2 ** 18]],
    ["one more", () => new Uint8Array(2 ** 18 + 1), [2 ** 18, 1]],
    ["a view into more", () => new Uint8Array(2 ** 20).subarray(5, 2 ** 19), [2 ** 18, 2 ** 18 - 5]],
    ["an ArrayBuffer", () => new ArrayBuffer(2 ** 18 + 2), [2 ** 18, 2]],
    ["a Blob without a type", () => new Blob([new Uint8Array(2 ** 18 + 3)]), [2 ** 18, 3]],
    ["a Blob with one, which is a value", () => new Blob([new Uint8Array(2 ** 18 + 3)], { type: "image/png" }), [2 ** 18 + 3]],
    ["bytes inside a value", () => ({ a: new Uint8Array(2 ** 18 + 3) }), [2 ** 18 + 3]],
  ];
  for (const [name, chunk, sizes] of cuts)
    test(`sends in pieces ${name}`, async () => {
      const { c, writer, ups } = start();
      await writer.write(chunk());
      expect(ups().map((u) => sizeOf(u[3]))).toEqual(sizes);
      c.close();
    });

  test("sends what the bytes were when their turn came, each piece in memory of its own", async () => {
    const { c, writer, ups } = start();
    const source = Uint8Array.from({ length: 2 ** 18 + 4 }, (_, i) => i);
    await writer.write(source);
    source.fill(0);
    const [first, second] = ups().map((u) => (u[3] as Uint8Array[])[1]!);
    expect([first![255], Array.from(second!), second!.buffer.byteLength]).toEqual([255, [0, 1, 2, 3], 4]);
    c.close();
  });

  test("of any size holds no more than it may have on its way", async () => {
    const { c, sent, s } = start();
    let made = 0;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (made === 64) return controller.close();
        made++;
        controller.enqueue(new Uint8Array(2 ** 20));
      },
    }, { highWaterMark: 0 });
    const second = c.stream("b", {}, { channel: "upload" }); // the first is locked
    const piped = source.pipeTo(second.writable!);
    let taken = 0;
    let most = 0;
    for (let turn = 0; turn < 5000; turn++) {
      const ups = sent.filter(([kind]) => kind === "upload").length;
      most = Math.max(most, made - taken / 4);
      if (sent.at(-1)![0] === "end") break;
      if (ups > taken) c.taken(2, ++taken);
      await pause();
    }
    await piped;
    expect([sent.filter(([kind]) => kind === "upload").length, most <= 4]).toEqual([256, true]);
    void s;
    c.close();
  });

  for (const [name, chunk, code] of [
    ["no JSON", () => 1, "invalid_args"], ["an object that stands for bytes", { $bytes: 1 }, "invalid_args"], ["too much", { a: new Uint8Array(2 ** 26 + 1) }, "too_large"],
  ] as [string, unknown, string][])
    test(`ends the call with ${code} for ${name}`, async () => {
      const { s, sent, writer } = start();
      const written = await writer.write(chunk).catch((e: unknown) => e);
      const e = await s.result.catch((e: unknown) => e);
      expect([(e as SallyportError).code, written, sent.at(-1)]).toEqual([code, e, ["cancel", 1]]);
    });

  test("aborted cancels the call at once, whatever it waits for", async () => {
    const { s, sent, writer } = start();
    for (let i = 0; i < 20; i++) void writer.write(i).catch(() => {}); // the last ones wait for room that never comes
    await pause();
    expect(await codeOf(writer.abort("enough"))).toBe("resolved");
    expect([await codeOf(s.result), sent.at(-1)]).toEqual(["cancelled", ["cancel", 1]]);
  });

  test("aborted at rest cancels the call", async () => {
    const { s, sent, writer } = start();
    await writer.write(1);
    expect(await codeOf(writer.abort())).toBe("resolved");
    expect([await codeOf(s.result), sent.at(-1)]).toEqual(["cancelled", ["cancel", 1]]);
  });

  test("that was reading a Blob when the call ended sends it to nobody", async () => {
    const { c, sent, writer } = start();
    await writer.write(1);
    const written = writer.write(new Blob(["x"]));
    c.reply(1, false, '{"code":"failed"}', 0);
    expect(await codeOf(written)).toBe("failed");
    await pause(20);
    expect(sent.length).toBe(2);
  });

  test("whose source fails cancels the call", async () => {
    const { c, sent } = client();
    const s = c.stream("a", {}, { channel: "upload" });
    const source = new ReadableStream({ start: (controller) => controller.error(new Error("the disk")) });
    await source.pipeTo(s.writable!).catch(() => {});
    expect([await codeOf(s.result), sent.at(-1)]).toEqual(["cancelled", ["cancel", 1]]);
  });

  test("that the call did not want to the end fails from then on, and the call does not", async () => {
    const { c, s, sent, writer } = start();
    for (let i = 0; i < 20; i++) void writer.write(i).catch(() => {});
    const last = writer.write("last").catch((e: unknown) => e);
    await pause();
    c.reply(1, true, '"enough"', 0);
    expect([await s.result, ((await last) as Error).message]).toEqual(["enough", "the call was answered before its upload had ended"]);
    c.taken(1, 16);
    await pause();
    expect(sent.filter(([kind]) => kind !== "upload").length).toBe(1); // neither an end nor a cancel
  });
});

describe("progress", () => {
  test("is told as it comes, until the answer", async () => {
    const { c, sent } = client();
    const seen: unknown[] = [];
    const call = c.invoke("a", {}, { onProgress: (p) => seen.push(p, Object.isFrozen(p)) });
    expect(sent[0]![5]).toBe(4);
    c.progress(1, 1, 0, "");
    c.progress(1, 2, 4, "half");
    c.reply(1, true, "1", 0);
    c.progress(1, 4, 4, "late");
    await call;
    expect(seen).toEqual([{ done: 1, total: undefined, text: "" }, true, { done: 2, total: 4, text: "half" }, true]);
  });

  test("is told of a stream too", () => {
    const { c } = client();
    const seen: unknown[] = [];
    c.stream("a", {}, { onProgress: ({ text }) => void seen.push(text) });
    c.progress(1, 1, 2, "x");
    expect(seen).toEqual(["x"]);
    c.close();
  });

  test("needs a function", async () => expect(await codeOf(client().c.invoke("a", {}, { onProgress: 1 as never }))).toBe("invalid_args"));
});

describe("tampered after loading, streams go on:", () => {
  const bad = (): never => {
    throw new Error("tampered");
  };
  const swaps: [string, object, PropertyKey, unknown][] = [
    ["ReadableStream", globalThis, "ReadableStream", bad], ["WritableStream", globalThis, "WritableStream", bad],
    ["ReadableStreamDefaultController.enqueue", ReadableStreamDefaultController.prototype, "enqueue", bad],
    ["ReadableStreamDefaultController.close", ReadableStreamDefaultController.prototype, "close", bad],
    ["ReadableStreamDefaultController.error", ReadableStreamDefaultController.prototype, "error", bad],
    ["WritableStreamDefaultController.error", WritableStreamDefaultController.prototype, "error", bad],
    ["WritableStreamDefaultController.signal", WritableStreamDefaultController.prototype, "signal", undefined],
    ["Object.pull", Object.prototype, "pull", bad], ["Object.type", Object.prototype, "type", "bytes"], ["Object.highWaterMark", Object.prototype, "highWaterMark", 1000],
    ["Object.channel", Object.prototype, "channel", "both"], ["Object.onProgress", Object.prototype, "onProgress", bad],
    ["Blob.slice", Blob.prototype, "slice", bad], ["Uint8Array.subarray", Uint8Array.prototype, "subarray", bad],
  ];
  for (const [name, object, member, value] of swaps)
    test(name, async () => {
      const { c, sent } = client();
      let items!: ReadableStream<unknown>;
      let failing!: ReadableStream<unknown>;
      let writable!: WritableStream<unknown>;
      let aborting!: WritableStream<unknown>;
      tampered(object, member, value, () => {
        items = c.stream("a").readable!;
        failing = c.stream("b").readable!;
        writable = c.stream("c", {}, { __proto__: null, channel: "upload" } as never).writable!;
        aborting = c.stream("d", {}, { __proto__: null, channel: "upload" } as never).writable!;
      });
      expect(sent.map((s) => s[5])).toEqual([1, 1, 2, 2]);
      expect(() => items.getReader({ mode: "byob" })).toThrow(); // or it were a stream of bytes
      const [reader, writer, aborter] = [items.getReader(), writable.getWriter(), aborting.getWriter()];
      const [read, failed, written] = [reader.read(), failing.getReader().read(), writer.write(new Blob([new Uint8Array(2 ** 18 + 1)]))];
      failed.catch(() => {});
      for (let i = 0; i < 20; i++) void aborter.write(i).catch(() => {});
      await pause(); // the streams' own starts
      tampered(object, member, value, () => {
        c.item(1, 1, "7", 0);
        c.end(1);
        c.reply(2, false, '{"code":"failed"}', 0);
      });
      expect([(await read).value, (await reader.read()).done, await codeOf(failed), await codeOf(written)]).toEqual([7, true, "failed", "resolved"]);
      await aborter.abort();
      expect(sent.at(-1)).toEqual(["cancel", 4]);
      tampered(object, member, value, () => c.close());
      expect(await codeOf(writer.closed)).toBe("closed");
    });

  test("then of Promise.prototype, which streams might ask", async () => {
    const { c, sent } = client();
    const writer = c.stream("a", {}, { channel: "upload" }).writable!.getWriter();
    await pause();
    let written!: Promise<void>;
    tampered(Promise.prototype, "then", bad, () => {
      written = writer.write(new Blob(["x"]));
    });
    expect([await codeOf(written), sent.at(-1)![0]]).toEqual(["resolved", "upload"]);
    c.close();
  });

  test("the constructor of Promise.prototype, which then asks", async () => {
    let got: unknown;
    const promise = Promise.resolve(7);
    const own = ownPromise((resolve) => resolve());
    const evil = { [Symbol.species]: bad };
    tampered(Promise.prototype, "constructor", evil, () => {
      after(promise, (value) => (got = value), bad);
      expect(own.constructor).toBe(Promise);
    });
    await pause();
    expect([got, Object.hasOwn(promise, "constructor")]).toEqual([7, false]);
  });
});
