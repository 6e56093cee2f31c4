import { describe, expect, test } from "vitest";
import type { Sections } from "../src/binary.ts";
import { Client } from "../src/client.ts";
import type { SallyportError } from "../src/errors.ts";
import type { ReceivedEvent } from "../src/page-events.ts";
import { client, codeOf, signals, tampered } from "./page-double.ts";
import { pause, withIndexSetters } from "./support.ts";

const octets = "application/octet-stream";
const quarter = 2 ** 16;
const ignore = (): void => {};

/** A client with one listener, which the core has agreed to. */
async function listening(run: (event: ReceivedEvent<unknown>) => void = ignore, options: object = {}) {
  const { c, sent } = client();
  const listen = c.listen("notes.changed", run, options);
  c.reply(1, true, "null", 0);
  return { c, sent, unlisten: await listen };
}

describe("emit", () => {
  test("sends event, payload and target, and resolves to nothing", async () => {
    const { c, sent } = client();
    const calls = [c.emit("notes.changed", { path: "a" }), c.emitTo("editor-1", "notes.changed", [new Uint8Array([1])]), c.emit("notes.cleared")];
    expect(sent).toEqual([
      ["emit", 1, "notes.changed", "", '{"path":"a"}', 0],
      ["emit", 2, "notes.changed", "editor-1", `[{"$bytes":1,"type":"${octets}"}]`, expect.anything()],
      ["emit", 3, "notes.cleared", "", "{}", 0],
    ]);
    expect(Array.from({ length: 2 }, (_, i) => (sent[1]![5] as Sections as unknown[])[i])).toEqual([octets, new Uint8Array([1])]);
    for (const id of [1, 2, 3]) c.reply(id, true, '{"any":"thing"}', 0);
    expect(await Promise.all(calls)).toEqual([undefined, undefined, undefined]);
  });

  test("rejects with the core's error", async () => {
    const { c } = client();
    const call = c.emit("a");
    c.reply(1, false, '{"code":"denied","id":"x-1"}', 0);
    expect(await call.catch((e: SallyportError) => [e.code, e.id])).toEqual(["denied", "x-1"]);
  });

  for (const [name, label] of [["no label", undefined], ["an empty one, which would mean all windows", ""], ["one that is no string", { toString: () => "main" }]] as [string, unknown][])
    test(`to ${name} is refused, and sent to nobody`, async () => {
      const { c, sent } = client();
      expect([await codeOf(c.emitTo(label as string, "a", 1)), sent]).toEqual(["invalid_args", []]);
    });

  for (const [name, event, payload] of [["an event that is no string", 1, {}], ["a payload that is no JSON", "a", () => 1], ["a payload that pretends to be bytes", "a", { $bytes: 1 }]] as [string, unknown, unknown][])
    test(`of ${name} is refused`, async () => {
      const { c, sent } = client();
      expect([await codeOf(c.emit(event as string, payload)), await codeOf(c.emitTo("main", event as string, payload)), sent]).toEqual(["invalid_args", "invalid_args", []]);
    });

  test("waits for the core, and ends with the session", async () => {
    const { c, sent } = client("starting");
    const call = c.emit("a");
    expect(sent).toEqual([]);
    c.state("ready");
    expect(sent.length).toBe(1);
    c.state("closed");
    expect([await codeOf(call), await codeOf(c.emit("a")), await codeOf(c.listen("a", ignore))]).toEqual(["closed", "closed", "closed"]);
  });
});

describe("a listener", () => {
  test("hears events in their order, with sender and what was missed", async () => {
    const heard: unknown[] = [];
    const { c } = await listening((e) => heard.push(e, Object.isFrozen(e)));
    c.event(1, 10, 1, "", '{"n":1}', 0);
    c.event(1, 20, 2, "editor-1", `{"$bytes":1,"type":"${octets}"}`, [octets, new Uint8Array([7])]);
    c.event(1, 30, 6, "main", "3", 0);
    expect(heard).toEqual([
      { event: "notes.changed", payload: { n: 1 }, window: undefined, missed: 0 }, true,
      { event: "notes.changed", payload: new Uint8Array([7]), window: "editor-1", missed: 0 }, true,
      { event: "notes.changed", payload: 3, window: "main", missed: 3 }, true,
    ]);
  });

  test("hears of an event that could not be read as of one it missed", async () => {
    const heard: number[] = [];
    const { c } = await listening((e) => heard.push(e.missed));
    c.event(1, 10, 1, "", "{", 0);
    c.event(1, 20, 2, "", "1", 0);
    expect(heard).toEqual([1]);
  });

  test("shares the core's listen with the others of its name, until the last is gone", async () => {
    const { c, sent, unlisten } = await listening();
    const heard: string[] = [];
    const more = await Promise.all([c.listen("notes.changed", () => heard.push("a")), c.listen("notes.changed", () => heard.push("b"))]);
    const other = c.listen("notes.other", ignore);
    expect(sent).toEqual([["listen", 1, "notes.changed"], ["listen", 2, "notes.other"]]);
    unlisten();
    unlisten();
    more[0]!();
    c.event(1, 1, 1, "", "1", 0);
    expect([heard, sent.length]).toEqual([["b"], 2]);
    more[1]!();
    expect(sent.at(-1)).toEqual(["cancel", 1]);
    c.event(1, 2, 2, "", "1", 0);
    more[1]!();
    expect([heard, sent.length]).toEqual([["b"], 3]);
    c.reply(2, true, "null", 0);
    await other;
  });

  test("that waits with others for the core's answer gets it with them", async () => {
    for (const ok of [true, false]) {
      const { c, sent } = client();
      const both = [c.listen("a", ignore), c.once("a", ignore)];
      c.reply(1, ok, '{"code":"denied"}', 0);
      expect([await Promise.all(both.map(codeOf)), sent.length]).toEqual([ok ? ["resolved", "resolved"] : ["denied", "denied"], 1]);
      void c.listen("a", ignore).catch(ignore);
      expect(sent.length).toBe(ok ? 1 : 2); // a refusal is no reason not to ask again
      c.close();
    }
  });

  test("that comes while the core hears of the last one's end is asked for anew", async () => {
    const heard: string[] = [];
    const { c, sent, unlisten } = await listening(() => heard.push("old"));
    unlisten();
    const again = c.listen("notes.changed", () => heard.push("new"));
    expect(sent.slice(1)).toEqual([["cancel", 1], ["listen", 2, "notes.changed"]]);
    c.event(1, 1, 1, "", "1", 0); // was under way
    c.end(1);
    c.reply(2, true, "null", 0);
    await again;
    c.event(2, 1, 1, "", "1", 0);
    expect(heard).toEqual(["new"]);
  });

  test("whose listen fails when it has ended already takes nothing from the next", async () => {
    const { c, sent } = client();
    const first = c.listen("a", ignore);
    c.event(1, 1, 1, "", "1", 0); // before the answer
    (await first)();
    void c.listen("a", ignore);
    c.reply(1, false, '{"code":"unknown_outcome"}', 0);
    void c.listen("a", ignore);
    expect(sent).toEqual([["listen", 1, "a"], ["cancel", 1], ["listen", 2, "a"]]);
    c.reply(2, true, "null", 0);
  });

  test("can be removed by a signal, also before the answer", async () => {
    const { c, sent } = client();
    const [first, second] = [new AbortController(), new AbortController()];
    const one = c.listen("a", ignore, { signal: first.signal });
    const two = c.listen("a", ignore, { signal: second.signal });
    first.abort();
    expect([await codeOf(one), sent.length]).toEqual(["cancelled", 1]);
    c.reply(1, true, "null", 0);
    await two;
    second.abort();
    expect(sent.at(-1)).toEqual(["cancel", 1]);
    expect([await codeOf(c.listen("a", ignore, { signal: AbortSignal.abort() })), sent.length]).toEqual(["cancelled", 2]);
  });

  test("the last of which leaves before the answer takes the request back", async () => {
    const { c, sent } = client();
    const abort = new AbortController();
    const one = c.listen("a", ignore, { signal: abort.signal });
    abort.abort();
    expect([await codeOf(one), sent.at(-1)]).toEqual(["cancelled", ["cancel", 1]]);
    c.reply(1, true, "null", 0); // crossed it
    c.event(1, 1, 1, "", "1", 0);
    const { c: c2, sent: sent2 } = client("starting");
    const early = new AbortController();
    const two = c2.listen("a", ignore, { signal: early.signal });
    early.abort();
    c2.state("ready");
    expect([await codeOf(two), sent2]).toEqual(["cancelled", []]);
  });

  test("takes its signal's listener off", async () => {
    let count = 0;
    const { c } = client("ready", { aborted: () => false, on: () => count++, off: () => count-- });
    const listen = c.listen("a", ignore, { signal: new AbortController().signal });
    c.reply(1, true, "null", 0);
    const unlisten = await listen;
    expect(count).toBe(1);
    unlisten();
    expect(count).toBe(0);
  });

  test("that throws is reported, and keeps neither the others nor what follows from theirs", async () => {
    const reported: unknown[] = [];
    const { process } = globalThis as unknown as { process?: { on(n: string, f: (e: unknown) => void): void; listeners(n: string): ((e: unknown) => void)[]; removeAllListeners(n: string): void } };
    const before = process?.listeners?.("uncaughtException") ?? [];
    const note = (e: ErrorEvent): void => (e.preventDefault(), void reported.push(e.error));
    if (process?.on) {
      process.removeAllListeners("uncaughtException");
      process.on("uncaughtException", (e) => reported.push(e));
    } else addEventListener("error", note);
    const heard: unknown[] = [];
    const mistake = new Error("a mistake");
    const { c, sent } = await listening(() => {
      throw mistake;
    });
    await c.listen("notes.changed", (e) => heard.push(e.payload));
    c.event(1, quarter, 1, "", "1", 0);
    c.event(1, 2 * quarter, 2, "", "2", 0);
    await pause(10);
    if (process?.on) {
      process.removeAllListeners("uncaughtException");
      for (const was of before) process.on("uncaughtException", was);
    } else removeEventListener("error", note);
    expect([heard, reported]).toEqual([[1, 2], [mistake, mistake]]);
    expect(sent.slice(1)).toEqual([["pull", 1, quarter], ["pull", 1, 2 * quarter]]);
  });

  test("that removes or adds others changes nothing for the event that it is at", async () => {
    const heard: string[] = [];
    let unlisten = ignore;
    const { c } = await listening(() => {
      heard.push("a");
      unlisten();
      void c.listen("notes.changed", () => heard.push("late"));
    });
    unlisten = await c.listen("notes.changed", () => heard.push("removed"));
    await c.listen("notes.changed", () => heard.push("b"));
    c.event(1, 1, 1, "", "1", 0);
    expect(heard).toEqual(["a", "b"]);
  });

  for (const [name, event, run, options] of [
    ["an event that is no string", 1, ignore, {}], ["no function", "a", {}, {}], ["a signal that is none", "a", ignore, { signal: {} }], ["an onClose that is none", "a", ignore, { onClose: 1 }],
  ] as [string, unknown, unknown, object][])
    test(`with ${name} is refused`, async () => {
      const { c, sent } = client();
      expect([await codeOf(c.listen(event as string, run as () => void, options)), await codeOf(c.once(event as string, run as () => void, options)), sent]).toEqual(["invalid_args", "invalid_args", []]);
    });
});

describe("once", () => {
  test("hears one event", async () => {
    const { c, sent } = client();
    const heard: unknown[] = [];
    const listen = c.once("a", (e) => {
      heard.push(e.payload);
      c.event(1, 2, 2, "", "2", 0); // from within
    });
    c.reply(1, true, "null", 0);
    const unlisten = await listen;
    c.event(1, 1, 1, "", "1", 0);
    c.event(1, 3, 3, "", "3", 0);
    unlisten();
    expect([heard, sent]).toEqual([[1], [["listen", 1, "a"], ["cancel", 1]]]);
  });

  test("leaves the others where they are", async () => {
    const heard: unknown[] = [];
    const { c, sent } = await listening((e) => heard.push(e.payload));
    await c.once("notes.changed", () => heard.push("once"));
    for (const n of [1, 2]) c.event(1, n, n, "", `${n}`, 0);
    expect([heard, sent.length]).toEqual([[1, "once", 2], 1]);
  });

  test("resolves though its event came before the answer", async () => {
    const { c } = client();
    const heard: unknown[] = [];
    const listen = c.once("a", (e) => heard.push(e.payload));
    c.event(1, 1, 1, "", "1", 0);
    expect([await codeOf(listen), heard]).toEqual(["resolved", [1]]);
    c.reply(1, true, "null", 0);
  });
});

describe("what was heard", () => {
  test("is said in quarters of the credit, after the listeners have run", async () => {
    const order: unknown[] = [];
    const { c, sent } = await listening(() => order.push(sent.length));
    for (let i = 1; i <= 4; i++) c.event(1, (i * quarter) / 2, i, "", "1", 0);
    expect([order, sent.slice(1)]).toEqual([[1, 1, 2, 2], [["pull", 1, quarter], ["pull", 1, 2 * quarter]]]);
  });

  test("is not said of a listen that its listener has ended", async () => {
    const { c, sent } = client();
    void c.once("a", ignore);
    c.reply(1, true, "null", 0);
    c.event(1, quarter, 1, "", "1", 0);
    expect(sent.at(-1)).toEqual(["cancel", 1]);
  });
});

describe("a listen that ends", () => {
  const ends: [string, (c: ReturnType<typeof client>["c"]) => void, string, string][] = [
    ["by the core's word", (c) => c.end(1), "cancelled", "the core has ended this listener"],
    ["by an error of the core", (c) => c.reply(1, false, '{"code":"denied","id":"x-1"}', 0), "denied", "the call is not permitted"],
    ["with the session", (c) => c.state("closed"), "closed", "the session is over; reload the page"],
  ];
  for (const [name, end, code, message] of ends)
    test(`${name} tells its listeners, once, and is over`, async () => {
      const closed: unknown[] = [];
      const heard: unknown[] = [];
      const { c, sent, unlisten } = await listening((e) => heard.push(e), { onClose: (e: SallyportError) => closed.push([e.code, e.message]) });
      await c.listen("notes.changed", ignore);
      end(c);
      end(c);
      c.event(1, 1, 1, "", "1", 0);
      unlisten();
      c.close();
      expect([closed, heard, sent.length]).toEqual([[[code, message]], [], 1]);
    });

  test("tells nobody who has removed his listener himself", async () => {
    let closed = 0;
    const { c, unlisten } = await listening(ignore, { onClose: () => closed++ });
    unlisten();
    c.close();
    expect(closed).toBe(0);
  });

  test("before its answer rejects", async () => {
    const { c, sent } = client();
    let closed = 0;
    const listen = c.listen("a", ignore, { onClose: () => closed++ });
    c.end(1);
    c.reply(1, true, "null", 0);
    expect([await codeOf(listen), closed, sent.at(-1)]).toEqual(["cancelled", 0, ["cancel", 1]]);
  });

  test("can be listened to again from onClose", async () => {
    let again: Promise<unknown> = Promise.resolve();
    const { c, sent } = await listening(ignore, { onClose: () => (again = c.listen("notes.changed", ignore)) });
    c.end(1);
    c.reply(2, true, "null", 0);
    await again;
    expect(sent.at(-1)).toEqual(["listen", 2, "notes.changed"]);
  });
});

describe("tampered after loading, events still go and come right:", () => {
  const bad = (): never => {
    throw new Error("tampered");
  };
  const swaps: [string, object, PropertyKey, unknown][] = [
    ["Map.get", Map.prototype, "get", bad], ["Map.delete", Map.prototype, "delete", bad], ["Array.iterator", Array.prototype, Symbol.iterator, bad],
    ["Object.freeze", Object, "freeze", (x: object) => ({ ...x, payload: "forged" })], ["Math.max", Math, "max", () => 99], ["JSON.parse", JSON, "parse", () => "forged"],
    ["Function.call", Function.prototype, "call", bad], ["Function.apply", Function.prototype, "apply", bad], ["Object.onClose", Object.prototype, "onClose", bad], ["Object.once", Object.prototype, "once", true],
    ["Object.signal", Object.prototype, "signal", AbortSignal.abort()],
  ];
  for (const [name, object, member, value] of swaps)
    test(name, async () => {
      const { c, sent } = client();
      const heard: unknown[] = [];
      let listen!: Promise<() => void>;
      tampered(object, member, value, () => {
        listen = c.listen("a", (e) => (heard[heard.length] = e));
        c.reply(1, true, "null", 0);
        c.event(1, 1, 1, "main", "7", 0);
        c.event(1, quarter, 3, "main", "8", 0);
        c.event(1, quarter, 4, "main", "9", 0);
      });
      const unlisten = await listen;
      tampered(object, member, value, unlisten);
      expect(heard).toEqual([7, 8, 9].map((payload, i) => ({ event: "a", payload, window: "main", missed: i === 1 ? 1 : 0 })));
      expect(sent).toEqual([["listen", 1, "a"], ["pull", 1, quarter], ["cancel", 1]]);
    });

  test("setters at the indices of Array.prototype put no other listener there", async () => {
    const { c } = client();
    let heard = 0;
    let planted = 0;
    const forge = (v: unknown): unknown => (typeof v === "object" && v !== null && "run" in v ? { ...v, run: () => planted++ } : v);
    withIndexSetters(forge, () => {
      void c.listen("a", () => heard++);
      void c.listen("a", () => heard++);
      c.reply(1, true, "null", 0);
      c.event(1, 1, 1, "", "1", 0);
    });
    expect([heard, planted]).toEqual([2, 0]);
  });
});

describe("a listen that is refused before it was sent, as without a frame in between", () => {
  /** A client whose port answers at once. */
  function refusing(): Client {
    const c = new Client(signals);
    const no = (): void => {};
    const refuse = (id: number): void => c.reply(id, false, '{"code":"denied","id":"","message":"no"}', 0);
    c.attach({ call: refuse, emit: refuse, listen: refuse, cancel: no, upload: no, end: no, pull: no });
    c.state("ready");
    return c;
  }

  test("rejects, and so does the next of its name", async () => {
    const c = refusing();
    const soon = (p: Promise<unknown>): Promise<unknown> => Promise.race([codeOf(p), pause(50).then(() => "never")]);
    expect([await soon(c.listen("e", ignore)), await soon(c.listen("e", ignore)), await soon(c.once("e", ignore))]).toEqual(["denied", "denied", "denied"]);
    expect([await soon(c.invoke("a")), await soon(c.emit("e")), await soon(c.stream("a", {}, { channel: "both" }).result)]).toEqual(["denied", "denied", "denied"]);
  });
});
