import { describe, expect, test } from "vitest";
import { Hook, type HookAnswer, type HookCall, type Question, type Verdict } from "../src/hook.ts";
import { Cause } from "../src/items.ts";
import { pause } from "./support.ts";

type Fn = (call: HookCall) => unknown;

const question: Question = { kind: "call", id: 3, command: "notes.save", json: '{"path":"a","n":[1]}' };

function hookOf(fn?: (hook: Hook) => Fn, limit = 1000): Hook {
  const hook = new Hook("main", "http://page.test", limit);
  if (fn) hook.surface.onCall(fn(hook));
  hook.seal();
  return hook;
}

function judge(hook: Hook, q: Question = question): Promise<Verdict> {
  return new Promise((done) => hook.judge(q, done));
}

const passed = (command: string, json: string): Verdict => ({ pass: true, command, json });
const kept = (cause: Cause | "invalid"): Verdict => ({ pass: false, cause });

describe("a hook sees", () => {
  test("kind, id, command, arguments, window and origin, and nothing else", async () => {
    let seen: HookCall | undefined;
    await judge(hookOf(() => (call) => (seen = call)));
    expect(seen).toEqual({ kind: "call", id: 3, command: "notes.save", args: { path: "a", n: [1] }, window: "main", origin: "http://page.test" });
  });
});

describe("a hook lets through", () => {
  const cases: [string, Fn, string, string][] = [
    ["the call that it was given", (c) => c, "notes.save", question.json],
    ["a copy", (c) => ({ ...c }), "notes.save", question.json],
    ["a call of no more than kind, command and arguments", (c) => ({ kind: c.kind, command: c.command, args: c.args }), "notes.save", question.json],
    ["a rewritten command", (c) => ({ ...c, command: "notes.list" }), "notes.list", question.json],
    ["rewritten arguments", (c) => ({ ...c, args: { path: "b" } }), "notes.save", '{"path":"b"}'],
    ["arguments changed in place", (c) => (((c.args as { path: string }).path = "c"), c), "notes.save", '{"path":"c","n":[1]}'],
    ["null for arguments", (c) => ({ ...c, args: null }), "notes.save", "null"],
    ["a call without a prototype", (c) => Object.assign(Object.create(null), c), "notes.save", question.json],
    ["a call by promise", async (c) => c, "notes.save", question.json],
    ["a call by promise, later", async (c) => (await pause(5), { ...c, args: 1 }), "notes.save", "1"],
  ];
  for (const [name, fn, command, json] of cases)
    test(name, async () => expect(await judge(hookOf(() => fn))).toEqual(passed(command, json)));
});

describe("a hook keeps back a call", () => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const cases: [string, (hook: Hook) => Fn, Cause][] = [
    ["by refusing", (h) => () => h.surface.refuse("no"), Cause.refused],
    ["by a promise of a refusal", (h) => async () => h.surface.refuse("no"), Cause.refused],
    ["by throwing", () => () => { throw new Error("x"); }, Cause.threw],
    ["by throwing nothing", () => () => { throw undefined; }, Cause.threw],
    ["by a rejected promise", () => async () => { throw new Error("x"); }, Cause.threw],
    ["by returning nothing", () => () => undefined, Cause.malformed],
    ["by returning true", () => () => true, Cause.malformed],
    ["by returning null", () => () => null, Cause.malformed],
    ["by returning a function", () => () => () => 1, Cause.malformed],
    ["by returning an empty object", () => () => ({}), Cause.malformed],
    ["by returning another kind", () => (c) => ({ ...c, kind: "cancel" }), Cause.malformed],
    ["by returning no command", () => (c) => ({ kind: c.kind, args: c.args }), Cause.malformed],
    ["by returning a command that is no string", () => (c) => ({ ...c, command: ["notes.save"] }), Cause.malformed],
    ["by returning no arguments", () => (c) => ({ kind: c.kind, command: c.command }), Cause.malformed],
    ["by returning another window", () => (c) => ({ ...c, window: "admin" }), Cause.malformed],
    ["by returning another origin", () => (c) => ({ ...c, origin: "http://evil.test" }), Cause.malformed],
    ["by returning another id", () => (c) => ({ ...c, id: 4 }), Cause.malformed],
    ["by returning a member without meaning", () => (c) => ({ ...c, arg: {} }), Cause.malformed],
    ["by returning arguments that are not JSON", () => (c) => ({ ...c, args: { at: new Date() } }), Cause.malformed],
    ["by returning arguments with a cycle", () => (c) => { const a: unknown[] = []; a.push(a); return { ...c, args: a }; }, Cause.malformed],
    ["by returning a proxy that was revoked", () => revoked, Cause.malformed],
    ["by returning a proxy that throws", () => () => new Proxy({}, { getPrototypeOf() { throw new Error("x"); } }), Cause.malformed],
    ["by returning a proxy in its call", () => (c) => ({ ...c, args: revoked() }), Cause.malformed],
    ["by returning a promise whose constructor throws", () => () => Object.defineProperty(Promise.resolve(), "constructor", { get() { throw new Error("x"); } }), Cause.malformed],
    ["by returning what has a then", () => (c) => ({ ...c, then: (done: (c: unknown) => void) => done(c) }), Cause.malformed],
    ["by returning what only looks like a refusal", () => (c) => ({ reason: "no", refuse: true, ...c }), Cause.malformed],
    ["by returning the refusal inside a list", (h) => () => [h.surface.refuse("no")], Cause.malformed],
    ["by returning a thenable, whose code is not run", () => (c) => ({ ...c, then: (ok: (v: unknown) => void) => ok(c) }), Cause.malformed],
    ["by a getter that throws", () => (c) => ({ ...c, get args() { throw new Error("x"); } }), Cause.malformed],
  ];
  for (const [name, fn, cause] of cases) test(name, async () => expect(await judge(hookOf(fn))).toEqual(kept(cause)));

  test("by taking too long", async () => expect(await judge(hookOf(() => () => new Promise(() => {}), 20))).toEqual(kept(Cause.timeout)));

  const busy = (ms: number): void => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  test("by keeping its thread busy for too long", async () => {
    expect(await judge(hookOf(() => (c) => (busy(40), c), 20))).toEqual(kept(Cause.timeout));
    expect(await judge(hookOf(() => async (c) => (await undefined, busy(40), c), 20))).toEqual(kept(Cause.timeout));
  });

  test("by refusing, whatever has become of console", async () => {
    const { debug } = console;
    console.debug = () => {
      throw new Error("x");
    };
    try {
      expect(await judge(hookOf((h) => () => h.surface.refuse("no")))).toEqual(kept(Cause.refused));
    } finally {
      console.debug = debug;
    }
  });

  test("by not being there", async () => expect(await judge(hookOf())).toEqual(kept(Cause.malformed)));

  test("by answering after its time was up, once", async () => {
    const verdicts: Verdict[] = [];
    hookOf(() => async (c) => (await pause(60), c), 10).judge(question, (v) => verdicts.push(v));
    await pause(90);
    expect(verdicts).toEqual([kept(Cause.timeout)]);
  });
});

describe("what was judged is what is sealed", () => {
  test("although the hook kept the call and changes it later", async () => {
    let stolen: HookCall | undefined;
    const verdict = await judge(hookOf(() => (call) => (stolen = call)));
    (stolen!.args as { path: string }).path = "/etc/shadow";
    stolen!.command = "files.delete";
    expect(verdict).toEqual(passed("notes.save", question.json));
  });

  test("although the hook changes it in the very next microtask", async () => {
    const verdict = await judge(hookOf(() => (call) => (queueMicrotask(() => ((call.args as { path: string }).path = "x")), call)));
    expect(verdict).toEqual(passed("notes.save", question.json));
  });

  test("although a getter would answer differently the second time", async () => {
    let reads = 0;
    const verdict = await judge(hookOf(() => (call) => ({ ...call, args: { get path() { return ++reads === 1 ? "first" : "second"; } } })));
    expect(verdict).toEqual(passed("notes.save", '{"path":"first"}'));
  });

  test("although Object.prototype says how objects become JSON", async () => {
    const hook = hookOf(() => (call) => call);
    Object.defineProperty(Object.prototype, "toJSON", { value: () => ({ path: "forged" }), configurable: true });
    try {
      expect(await judge(hook)).toEqual(passed("notes.save", question.json));
    } finally {
      delete (Object.prototype as { toJSON?: unknown }).toJSON;
    }
  });

  test("although Object.prototype offers the members that a bad answer lacks", async () => {
    const hook = hookOf(() => () => ({}));
    const offered = { kind: "call", command: "notes.save", args: 1 };
    for (const [name, value] of Object.entries(offered)) Object.defineProperty(Object.prototype, name, { value, configurable: true });
    try {
      expect(await judge(hook)).toEqual(kept(Cause.malformed));
    } finally {
      for (const name of Object.keys(offered)) delete (Object.prototype as Record<string, unknown>)[name];
    }
  });

  test("with a member named __proto__ as an ordinary one", async () => {
    const json = '{"__proto__":{"admin":true}}';
    expect(await judge(hookOf(() => (call) => call), { ...question, json })).toEqual(passed("notes.save", json));
  });
});

describe("arguments that nest too deeply", () => {
  const json = `{"path":${"[".repeat(128)}${"]".repeat(128)}}`;
  test("are the page's fault, and no bad answer", async () => expect(await judge(hookOf(() => (call) => call), { ...question, json })).toEqual(kept("invalid")));
  test("are no excuse for a hook that refuses", async () => expect(await judge(hookOf((h) => () => h.surface.refuse("no")), { ...question, json })).toEqual(kept(Cause.refused)));
});

describe("arguments that are not JSON text", () => {
  for (const json of ["", "{", "undefined", "{'a':1}", "[1,]", "NaN"])
    test(`"${json}" never reach the hook`, async () => {
      let asked = false;
      expect(await judge(hookOf(() => (call) => ((asked = true), call)), { ...question, json })).toEqual(kept("invalid"));
      expect(asked).toBe(false);
    });
});

describe("a cancellation", () => {
  const cancel: Question = { ...question, kind: "cancel" };
  test("is shown with the arguments of its call", async () => {
    let seen: HookCall | undefined;
    expect(await judge(hookOf(() => (call) => (seen = call)), cancel)).toMatchObject({ pass: true });
    expect(seen).toMatchObject({ kind: "cancel", command: "notes.save", args: { path: "a" } });
  });
  test("can be refused", async () => expect(await judge(hookOf((h) => () => h.surface.refuse("no")), cancel)).toEqual(kept(Cause.refused)));
  test("can't become one of another command", async () =>
    expect(await judge(hookOf(() => (call) => ({ ...call, command: "other" })), cancel)).toEqual(kept(Cause.malformed)));
  test("can't become a call", async () =>
    expect(await judge(hookOf(() => (call) => ({ ...call, kind: "call" })), cancel)).toEqual(kept(Cause.malformed)));
});

describe("registration", () => {
  test("is for functions", () => expect(() => new Hook("w", "o", 1).surface.onCall("x" as never)).toThrow());
  test("happens once", () => {
    const hook = new Hook("w", "o", 1);
    hook.surface.onCall((c) => c);
    expect(() => hook.surface.onCall((c) => c)).toThrow();
  });
  test("ends with the start", () => {
    const hook = new Hook("w", "o", 1);
    hook.seal();
    expect(() => hook.surface.onCall((c) => c)).toThrow();
    expect(() => hook.surface.onAnswer((a) => a)).toThrow();
  });
  test("is through an object that nobody can change", () => expect(Object.isFrozen(new Hook("w", "o", 1).surface)).toBe(true));
});

describe("an answer hook", () => {
  const ask = (fn: (a: HookAnswer, c: HookCall) => unknown, ok = true, json = '{"secret":1,"title":"t"}', limit = 1000): Promise<string | Cause> => {
    const hook = new Hook("main", "o", limit);
    hook.surface.onAnswer(fn);
    return new Promise((done) => hook.judgeAnswer(ok, json, question, (verdict) => done(verdict.pass ? verdict.json : verdict.cause)));
  };
  const error = '{"code":"failed","id":"x-1","message":"m","data":{"s":1}}';

  test("sees answer and call", async () => {
    const seen: unknown[] = [];
    await ask((a, c) => (seen.push(a, c), a));
    expect(seen).toEqual([{ kind: "result", value: { secret: 1, title: "t" } }, { kind: "call", id: 3, command: "notes.save", args: { path: "a", n: [1] }, window: "main", origin: "o" }]);
  });
  test("lets a result through", async () => expect(await ask((a) => a)).toBe('{"secret":1,"title":"t"}'));
  test("may rewrite a result", async () => expect(await ask(() => ({ kind: "result", value: { title: "t" } }))).toBe('{"title":"t"}'));
  test("may answer by promise", async () => expect(await ask(async (a) => a)).toBe('{"secret":1,"title":"t"}'));
  test("lets an error through", async () => expect(await ask((a) => a, false, error)).toBe(error));
  test("may take message and data from an error", async () =>
    expect(await ask((a) => ({ kind: "error", error: { code: (a as { error: { code: string } }).error.code, id: "x-1" } }), false, error)).toBe('{"code":"failed","id":"x-1"}'));
  test("can't change an error's code or id", async () =>
    expect(await ask(() => ({ kind: "error", error: { code: "denied", id: "y-9" } }), false, error)).toBe('{"code":"failed","id":"x-1"}'));

  test("that throws keeps the answer back", async () => expect(await ask(() => { throw new Error("x"); })).toBe(Cause.threw));
  test("that rejects keeps the answer back", async () => expect(await ask(() => Promise.reject(new Error("x")))).toBe(Cause.threw));
  const bad: [string, (a: HookAnswer) => unknown][] = [
    ["returns nothing", () => undefined],
    ["returns the bare value", (a) => (a as { value: unknown }).value],
    ["makes an error of a result", () => ({ kind: "error", error: { code: "x", id: "" } })],
    ["returns no value", () => ({ kind: "result" })],
    ["returns what is not JSON", () => ({ kind: "result", value: new Date() })],
    ["returns another kind", () => ({ kind: "call", value: 1 })],
    ["returns null", () => null],
    ["returns an unknown member", (a) => ({ ...a, extra: 1 })],
  ];
  for (const [name, fn] of bad) test(`that ${name} keeps the answer back`, async () => expect(await ask(fn)).toBe(Cause.malformed));
  for (const wrong of [undefined, null, 7, "denied", { ...JSON.parse(error), rule: 1 }])
    test(`that makes ${JSON.stringify(wrong)} of an error keeps the answer back`, async () => expect(await ask(() => ({ kind: "error", error: wrong }), false, error)).toBe(Cause.malformed));
  test("that takes too long keeps the answer back", async () => expect(await ask(() => new Promise(() => {}), true, "1", 20)).toBe(Cause.timeout));
  test("that refuses keeps the answer back", async () => {
    const hook = new Hook("main", "o", 20);
    hook.surface.onAnswer(() => hook.surface.refuse("no"));
    expect(await new Promise((done) => hook.judgeAnswer(true, "1", question, done))).toEqual({ pass: false, cause: Cause.refused });
  });
});
