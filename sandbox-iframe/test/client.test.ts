import { describe, expect, test } from "vitest";
import { readTicket } from "../src/client.ts";
import { SallyportError } from "../src/errors.ts";
import { client, codeOf } from "./page-double.ts";
import { pause, withIndexSetters } from "./support.ts";

describe("invoke", () => {
  test("sends command, arguments as JSON and timeout", async () => {
    const { c, sent } = client();
    void c.invoke("notes.save", { a: 1 }, { timeout: 250 }).catch(() => {});
    await pause();
    expect(sent).toEqual([["call", 1, "notes.save", '{"a":1}', 250, 0, 0]]);
    c.close();
  });

  test("has an empty object for missing arguments", async () => {
    const { c, sent } = client();
    void c.invoke("notes.list");
    await pause();
    expect(sent[0]).toEqual(["call", 1, "notes.list", "{}", 0, 0, 0]);
  });

  test("waits until the core has proved itself", async () => {
    const { c, sent } = client("starting");
    void c.invoke("a");
    await pause();
    expect(sent).toEqual([]);
    c.state("unavailable"); // whoever attached it tries another
    expect(sent).toEqual([]);
    c.state("ready");
    c.state("ready"); // again, after a drop
    expect(sent).toEqual([["call", 1, "a", "{}", 0, 0, 0]]);
  });

  test("sends what the arguments were when it was called", async () => {
    const { c, sent } = client();
    const args = { path: "a" };
    void c.invoke("a", args);
    args.path = "b";
    await pause();
    expect(sent[0]![3]).toBe('{"path":"a"}');
  });

  test("resolves to the result", async () => {
    const { c } = client();
    const result = c.invoke("a");
    c.reply(1, true, '{"x":[1]}', 0);
    expect(await result).toEqual({ x: [1] });
  });

  test("rejects with code, id, message and data", async () => {
    const { c } = client();
    const result = c.invoke("a");
    c.reply(1, false, '{"code":"failed","id":"abcdefgh-1","message":"no such note","data":{"n":1}}', 0);
    const e = (await result.catch((e: unknown) => e)) as SallyportError;
    expect(e).toBeInstanceOf(SallyportError);
    expect(e).toBeInstanceOf(Error);
    expect([e.name, e.code, e.id, e.message, e.data]).toEqual(["SallyportError", "failed", "abcdefgh-1", "no such note", { n: 1 }]);
  });

  test("has a text for every code that comes without one", async () => {
    const { c } = client();
    const result = c.invoke("a");
    c.reply(1, false, '{"code":"denied","id":"x-1"}', 0);
    await expect(result).rejects.toThrow("the call is not permitted");
  });

  test("settles once", async () => {
    const { c } = client();
    const result = c.invoke("a");
    c.reply(1, true, "1", 0);
    c.reply(1, false, '{"code":"denied"}', 0);
    c.close();
    expect(await result).toBe(1);
  });

  for (const json of ["", "{", "undefined"])
    test(`rejects with internal for the answer "${json}"`, async () => {
      const { c } = client();
      const result = c.invoke("a");
      c.reply(1, true, json, 0);
      expect(await codeOf(result)).toBe("internal");
    });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (const [name, args] of [["a cycle", cycle], ["a BigInt", 1n], ["a function", () => 1], ["a symbol", Symbol("x")]] as [string, unknown][])
    test(`rejects ${name} as arguments, and sends nothing`, async () => {
      const { c, sent } = client();
      expect(await codeOf(c.invoke("a", args))).toBe("invalid_args");
      expect(sent).toEqual([]);
    });

  test("takes null for no signal and no timeout", async () => {
    const { c, sent } = client();
    void c.invoke("a", {}, { signal: null, timeout: null as never }).catch(() => {});
    void c.invoke("b", {}, null as never).catch(() => {});
    expect(sent).toHaveLength(2);
    c.close();
  });

  const wrong: [string, object][] = [
    ["a signal that is none", { signal: {} }],
    ["a text for a timeout", { timeout: "100" }],
    ["a negative timeout", { timeout: -1 }],
    ["NaN for a timeout", { timeout: NaN }],
    ["options that throw", { get timeout(): number { throw new Error("x"); } }],
  ];
  for (const [name, options] of wrong)
    test(`rejects ${name} with a SallyportError, and sends nothing`, async () => {
      const { c, sent } = client();
      expect(await codeOf(c.invoke("a", {}, options))).toBe("invalid_args");
      expect(sent).toEqual([]);
    });

  test("takes the longest time that there is for a longer one", () => {
    const { c, sent } = client();
    void c.invoke("a", {}, { timeout: Infinity }).catch(() => {});
    expect(sent[0]![4]).toBe(2 ** 31 - 1);
    c.close();
  });

  test("rejects a command that is no string", async () => expect(await codeOf(client().c.invoke(1 as never))).toBe("invalid_args"));

  test("rejects with busy if 4096 calls wait", async () => {
    const { c } = client();
    for (let i = 0; i < 4096; i++) void c.invoke("a").catch(() => {});
    expect(await codeOf(c.invoke("a"))).toBe("busy");
    c.close();
  });
});

describe("a cancelled call", () => {
  test("rejects at once and is cancelled in the core", async () => {
    const { c, sent } = client();
    const abort = new AbortController();
    const result = c.invoke("a", {}, { signal: abort.signal });
    await pause();
    abort.abort();
    expect(await codeOf(result)).toBe("cancelled");
    await pause();
    expect(sent[1]).toEqual(["cancel", 1]);
  });

  test("is not sent if the signal was aborted before", async () => {
    const { c, sent } = client();
    expect(await codeOf(c.invoke("a", {}, { signal: AbortSignal.abort() }))).toBe("cancelled");
    await pause();
    expect(sent).toEqual([]);
  });

  test("takes its listener off the signal", async () => {
    let listeners = 0;
    const { c } = client("ready", { aborted: () => false, on: () => listeners++, off: () => listeners-- });
    const result = c.invoke("a", {}, { signal: new AbortController().signal });
    expect(listeners).toBe(1);
    c.reply(1, true, "1", 0);
    await result;
    expect(listeners).toBe(0);
  });

  test("is not answered any more", async () => {
    const { c } = client();
    const abort = new AbortController();
    const result = c.invoke("a", {}, { signal: abort.signal });
    abort.abort();
    c.reply(1, true, "1", 0);
    expect(await codeOf(result)).toBe("cancelled");
  });
});

describe("a timeout", () => {
  test("rejects, and cancels in the core", async () => {
    const { c, sent } = client();
    expect(await codeOf(c.invoke("a", {}, { timeout: 10 }))).toBe("timeout");
    await pause();
    expect(sent.at(-1)).toEqual(["cancel", 1]);
  });

  test("also holds for a call that still waits for the core", async () => {
    const { c, sent } = client("starting");
    expect(await codeOf(c.invoke("a", {}, { timeout: 10 }))).toBe("timeout");
    expect(sent).toEqual([]);
  });
});

describe("a call that ends before there is a way to the core", () => {
  test("is never sent, nor its cancellation, and leaves nothing behind", async () => {
    const { c, sent } = client("starting");
    const abort = new AbortController();
    const gone = [c.invoke("a", {}, { signal: abort.signal }), c.invoke("b", {}, { timeout: 5 })];
    const stays = c.invoke("c");
    abort.abort();
    expect(await Promise.all(gone.map(codeOf))).toEqual(["cancelled", "timeout"]);
    c.state("ready");
    expect(sent).toEqual([["call", 3, "c", "{}", 0, 0, 0]]);
    c.close();
    expect(await codeOf(stays)).toBe("closed");
  });
});

describe("the end of a session", () => {
  test("rejects what waits and what comes", async () => {
    const { c } = client();
    const before = c.invoke("a");
    c.state("closed");
    expect([await codeOf(before), await codeOf(c.invoke("b"))]).toEqual(["closed", "closed"]);
  });

  test("is final", async () => {
    const { c, sent } = client("starting");
    c.state("closed");
    c.state("ready");
    expect(await codeOf(c.invoke("b"))).toBe("closed");
    expect(sent).toEqual([]);
  });
});

describe("prototypes that another script has changed", () => {
  function polluted(name: string, value: unknown, run: () => void): void {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
    try {
      run();
    } finally {
      delete (Object.prototype as Record<string, unknown>)[name];
    }
  }

  test("do not rewrite the arguments by toJSON", async () => {
    const { c, sent } = client();
    polluted("toJSON", () => ({ path: "/etc/passwd" }), () => void c.invoke("notes.save", { path: "a", list: [1] }));
    await pause();
    expect(sent[0]![3]).toBe('{"path":"a","list":[1]}');
  });

  test("do not make it another call by setters on Array.prototype", async () => {
    const { c, sent } = client();
    withIndexSetters((v) => (v === "notes.save" ? "files.remove" : v), () => void c.invoke("notes.save", { path: "a" }));
    await pause();
    expect(sent).toEqual([["call", 1, "notes.save", '{"path":"a"}', 0, 0, 0]]);
  });

  test("do not tell of an error what the core did not", async () => {
    const { c } = client();
    const call = c.invoke("a");
    for (const name of ["code", "id", "message", "data"]) polluted(name, "planted", () => c.reply(1, false, "{}", 0));
    expect(await call.catch((e: SallyportError) => [e.code, e.id, e.message, e.data])).toEqual(["internal", "", "the command could not be run", undefined]);
  });

  test("do not give a call a time-out or a signal", async () => {
    const { c, sent } = client();
    const gone = AbortSignal.abort();
    polluted("timeout", 1, () => void c.invoke("a", 1));
    polluted("signal", gone, () => void c.invoke("b", 1));
    await pause(30);
    expect(sent).toEqual([["call", 1, "a", "1", 0, 0, 0], ["call", 2, "b", "1", 0, 0, 0]]);
  });
});

describe("prototypes polluted after loading break nothing:", () => {
  const swaps: [string, object, string, unknown][] = [
    ["JSON.stringify", JSON, "stringify", () => "forged"],
    ["JSON.parse", JSON, "parse", () => "forged"],
    ["Map.prototype.get", Map.prototype, "get", () => undefined],
    ["Map.prototype.set", Map.prototype, "set", () => undefined],
    ["queueMicrotask", globalThis, "queueMicrotask", () => undefined],
    ["Promise", globalThis, "Promise", class {}],
  ];
  for (const [name, object, member, value] of swaps)
    test(name, async () => {
      const { c, sent } = client();
      const own = Object.getOwnPropertyDescriptor(object, member)!;
      let result: Promise<unknown>;
      Object.defineProperty(object, member, { ...own, value });
      try {
        result = c.invoke("a", { x: 1 });
        c.reply(1, true, "[1]", 0);
      } finally {
        Object.defineProperty(object, member, own);
      }
      expect(await result).toEqual([1]);
      await pause();
      expect(sent).toEqual([["call", 1, "a", '{"x":1}', 0, 0, 0]]);
    });
});

describe("a fallback's ticket", () => {
  for (const [json, url] of [
    ['{"frame":"http://f/frame/x","carrier":"relay"}', "http://f/frame/x"],
    ['{"frame":"http://f/frame/x","carrier":"direct"}', undefined],
    ['{"carrier":"relay"}', undefined],
    ['{"frame":1,"carrier":"relay"}', undefined],
    ["null", undefined],
  ] as const)
    test(`${json} leads to ${url ?? "nothing"}`, () => expect(readTicket(json)).toBe(url));
});
