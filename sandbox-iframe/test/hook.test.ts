import { describe, expect, test } from "vitest";
import type { Sections } from "../src/binary.ts";
import { readBody } from "../src/body.ts";
import { Hook, type HookAnswer, type HookCall } from "../src/hook.ts";
import { Cause, Wants } from "../src/items.ts";
import type { Answer, AnswerKind, Question, Verdict } from "../src/judge.ts";
import { hook as example } from "./hook-example.ts";
import { Ask, readAsked } from "../src/protocol.ts";
import { pause } from "./support.ts";
import { table } from "./table.ts";

type Fn = (call: HookCall) => unknown;

const question: Question = { kind: "call", id: 3, command: "notes.save", event: "", target: "", json: '{"path":"a","n":[1]}', sections: 0 };

function hookOf(fn?: (hook: Hook) => Fn, limit = 1000): Hook {
  const hook = new Hook("main", "http://page.test", limit);
  if (fn) hook.surface.onCall(fn(hook));
  hook.seal();
  return hook;
}

function judge(hook: Hook, q: Question = question): Promise<Verdict> {
  return new Promise((done) => hook.judge(q, done));
}

const passed = (command: string, json: string, sections: Sections = 0): Verdict => ({ pass: true, command, json, sections });
const answerOf = (kind: AnswerKind, json: string, sections: Sections = 0, window = ""): Answer => ({ kind, json, sections, window });
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

describe("what a hook was shown of one call", () => {
  test("C1 is not changed by what it does to the bytes of another, which the page has sent as the same", async () => {
    const { hook, seen } = twoCalls();
    const t = table(hook.judge);
    const bytes = new Uint8Array([1, 2]);
    const json = '{"$bytes":2,"type":"a/b"}';
    const { call } = t.calls;
    readAsked(structuredClone([Ask.call, 1, "checked", json, 0, 0, ["a/b", bytes], Ask.call, 2, "stamped", json, 0, 0, ["a/b", bytes]]), {
      call: (...a) => call.apply(t.calls, a), upload() {}, emit() {}, cancel() {}, body() {}, lost() {}, gone() {}, listen() {}, end() {}, pull() {},
    });
    await pause(10);
    const sealed = t.items().map((i) => [i.kind === "call" && i.command, i.kind === "call" && [...i.sections![0]!.bytes]]);
    expect([seen, sealed]).toEqual([[[1, 2]], [["stamped", [99, 2]], ["checked", [1, 2]]]]);
  });
});

/** A hook that thinks for a while about what it has seen of one command, and changes another's bytes in place. */
function twoCalls(): { hook: Hook; seen: number[][] } {
  const seen: number[][] = [];
  const hook = hookOf(() => async (call) => {
    const { $bytes: bytes } = call.args as { $bytes: Uint8Array };
    if (call.command === "stamped") return (bytes[0] = 99), call;
    seen.push([...bytes]);
    await pause(2);
    return call;
  });
  return { hook, seen };
}

describe("bytes of a hook's word", () => {
  const { json, sections } = { json: '{"$bytes":2,"type":"a/b"}', sections: (): Sections => ["a/b", new Uint8Array([1, 2])] };

  test("C1 are sealed as long as their text says, although a getter takes them away in between", async () => {
    const lent = new Uint8Array([7, 8]);
    const args = { a: { $bytes: lent, type: "a/b" }, get b() { return structuredClone(lent, { transfer: [lent.buffer] }).byteLength; } };
    const verdict = await judge(hookOf(() => (c) => ({ ...c, args })));
    expect(verdict).toEqual(passed("notes.save", '{"a":{"$bytes":2,"type":"a/b"},"b":2}', ["a/b", new Uint8Array([7, 8])]));
  });

  for (const [kind, looks] of [["onAnswer", 3], ["onCall", 1]] as const)
    test(`C1 are in ${kind} what was sealed of the call, although they were used for something else since`, () => {
      const pool = new Uint8Array(2);
      const seen: number[][] = [];
      const look = (call: HookCall): void => {
        const { $bytes: bytes } = call.args as { $bytes: Uint8Array };
        seen.push([...bytes]);
        bytes.fill(0);
      };
      const hook = hookOf((h) => {
        h.surface.onAnswer((answer, call) => (kind === "onAnswer" && look(call), answer));
        return (call) => {
          if (call.kind !== "call") return look(call), call;
          pool.set((call.args as { $bytes: Uint8Array }).$bytes);
          return { ...call, args: { $bytes: pool, type: "a/b" } };
        };
      });
      const t = table(hook.judge, 1000, hook.judgeAnswer);
      t.call(10, "a", json, 0, Wants.items, sections());
      t.send();
      pool.fill(99);
      for (const offset of [0, 19]) t.deliver({ kind: "item", id: 1, offset, json: "1" });
      t.calls.cancel(10);
      expect(seen).toEqual(Array.from({ length: looks }, () => [1, 2]));
    });

  test("of an answer that are shown are in memory of their own, so that what looks at all of it sees no other answer", () => {
    const seen: number[][] = [];
    const hook = hookOf((h) => (h.surface.onAnswer((answer) => {
      if (answer.kind === "result") seen.push([...new Uint8Array((answer.value as { $bytes: Uint8Array }).$bytes.buffer)]);
      return answer;
    }), (call) => call));
    const t = table(hook.judge, 1000, hook.judgeAnswer);
    t.call(10, "a", "{}");
    t.send();
    t.deliver({ kind: "result", id: 1, json, sections: [{ type: "a/b", bytes: new Uint8Array([3, 4]) }] });
    expect(seen).toEqual([[3, 4]]);
  });
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

describe("bytes", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const sections: Sections = ["image/png", bytes];
  const json = '{"name":"a","file":{"$bytes":3,"type":"image/png"}}';
  const file: Question = { ...question, json, sections };
  type Args = { file: { $bytes: Uint8Array; type: string } };
  const verdictOf = (fn: Fn, q: Question = file): Promise<Verdict> => judge(hookOf(() => fn), q);
  const taken = (v: Verdict): unknown => (v.pass && v.sections !== 0 ? Array.from(v.sections as ArrayLike<unknown>) : v);

  test("are what a hook sees in the place of their section", async () => {
    let seen: unknown;
    const verdict = await verdictOf((c) => ((seen = structuredClone(c.args)), c));
    expect(seen).toEqual({ name: "a", file: { $bytes: bytes, type: "image/png" } });
    expect([(verdict as { json: string }).json, taken(verdict)]).toEqual([json, ["image/png", bytes]]);
  });

  test("may be changed, replaced, added and taken away, and the text says their true size", async () => {
    const other = new Uint8Array(5);
    const changed = await verdictOf((c) => (((c.args as Args).file.$bytes = other), c));
    expect([(changed as { json: string }).json, taken(changed)]).toEqual(['{"name":"a","file":{"$bytes":5,"type":"image/png"}}', ["image/png", other]]);
    const more = await verdictOf((c) => ({ ...c, args: [c.args, { $bytes: other, type: "a/b" }] }));
    expect(taken(more)).toEqual(["image/png", bytes, "a/b", other]);
    expect(await verdictOf((c) => ({ ...c, args: 1 }))).toEqual(passed("notes.save", "1"));
    expect(taken(await verdictOf((c) => ({ ...c, args: { $bytes: other, type: "a/b" } }), question))).toEqual(["a/b", other]);
  });

  test("stand in the order of the text, also where JavaScript's is another", async () => {
    const two: Question = { ...question, json: '{"b":{"$bytes":1,"type":"a/b"},"1":{"$bytes":1,"type":"a/b"}}', sections: ["a/b", new Uint8Array([11]), "a/b", new Uint8Array([22])] };
    let seen: Record<string, { $bytes: Uint8Array }> = {};
    const verdict = await verdictOf((c) => ((seen = c.args as typeof seen), c), two);
    expect([seen["b"]!.$bytes[0], seen["1"]!.$bytes[0]]).toEqual([11, 22]);
    expect([(verdict as { json: string }).json, taken(verdict)]).toEqual(['{"1":{"$bytes":1,"type":"a/b"},"b":{"$bytes":1,"type":"a/b"}}', ["a/b", new Uint8Array([22]), "a/b", new Uint8Array([11])]]);
  });

  test("that are spoken of inside a string are none", async () => {
    const text = JSON.stringify({ note: '{"$bytes":3,"type":"image/png"}', key: '"$bytes"' });
    expect(await verdictOf((c) => c, { ...question, json: text })).toEqual(passed("notes.save", text));
    const both = `[${text},{"$bytes":3,"type":"image/png"}]`;
    expect(taken(await verdictOf((c) => c, { ...file, json: both }))).toEqual(["image/png", bytes]);
  });

  const lies: [string, string, Sections][] = [
    ["of another size", '{"$bytes":4,"type":"image/png"}', sections], ["of another type", '{"$bytes":3,"type":"image/gif"}', sections],
    ["that are not there", '{"$bytes":3,"type":"image/png"}', 0], ["that the text does not speak of", '{"a":1}', sections],
    ["that the text speaks of twice", '[{"$bytes":3,"type":"image/png"},{"$bytes":3,"type":"image/png"}]', sections],
    ["with a third member", '{"$bytes":3,"type":"image/png","x":1}', sections], ["without a type", '{"$bytes":3}', sections],
    ["of which a later member makes nothing", '{"a":{"$bytes":3,"type":"image/png"},"a":1}', sections],
    ["of a size in other words", '{"$bytes":3.0,"type":"image/png"}', sections], ["of a size that is text", '{"$bytes":"3","type":"image/png"}', sections],
    ["of a disguised name", '{"\\u0024bytes":0,"type":"image/png"}', sections],
    ["and others by their number", '[{"\\u0024bytes":0,"type":"image/png"},{"$bytes":3,"type":"image/png"}]', sections],
    ["and others by a number that is text", '[{"$bytes":3,"type":"image/png"},{"\\u0024bytes":"0","type":"image/png"}]', sections],
    ["by a number that is text, in the place of others", '[{"\\u0024bytes":"0","type":"image/png"},{"a":{"$bytes":3,"type":"image/png"},"a":1}]', sections],
    ["by their number, with a third member", '[{"\\u0024bytes":0,"type":"image/png","x":1},{"a":{"$bytes":3,"type":"image/png"},"a":1}]', sections],
    ["by a negative size", '{"$bytes":-3,"type":"image/png"}', sections],
  ];
  for (const [name, text, s] of lies)
    test(`${name} are the page's fault, and never reach the core`, async () => {
      if (s !== 0) expect(() => readBody(text, s)).toThrow(); // nor the hook
      expect(await verdictOf((c) => c, { ...question, json: text, sections: s })).toEqual(kept("invalid"));
    });

  const shared = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);
  const bad: [string, unknown][] = [
    ["that are a list", { $bytes: [1, 2], type: "a/b" }], ["that are a number", { $bytes: 3, type: "a/b" }], ["without a type", { $bytes: bytes }], ["of a type that is none", { $bytes: bytes, type: "A/B" }],
    ["of a type with parameters", { $bytes: bytes, type: "a/b;c=d" }], ["of no type at all", { $bytes: bytes, type: undefined }], ["with a third member", { $bytes: bytes, type: "a/b", name: "x" }],
    ["that threads share", { $bytes: shared, type: "a/b" }], ["that stand bare", bytes], ["in more pieces than there may be", Array.from({ length: 65 }, () => ({ $bytes: bytes, type: "a/b" }))],
  ];
  for (const [name, args] of bad)
    test(`${name} are a bad answer`, async () => expect(await verdictOf((c) => ({ ...c, args }))).toEqual(kept(Cause.malformed)));

  test("of one verdict are not those of the next", async () => {
    const hook = hookOf(() => (c) => (c.command === "bad" ? { ...c, args: [{ $bytes: bytes, type: "a/b" }, () => 1] } : c));
    expect(await judge(hook, { ...question, command: "bad" })).toEqual(kept(Cause.malformed));
    expect(await judge(hook)).toEqual(passed("notes.save", question.json));
  });
});

describe("an event's question", () => {
  const emit: Question = { ...question, kind: "emit", command: "sallyport:emit", event: "notes.changed", target: "editor", json: "1" };
  const listen: Question = { ...emit, kind: "listen", command: "sallyport:listen", target: "", json: "{}" };

  test("is shown with its name and label", async () => {
    const seen: unknown[] = [];
    const hook = hookOf(() => (c) => (seen.push(c), c));
    for (const q of [emit, { ...emit, target: "" }, listen, { ...listen, kind: "unlisten" as const }]) await judge(hook, q);
    const common = { id: 3, window: "main", origin: "http://page.test", event: "notes.changed" };
    expect(seen).toEqual([
      { ...common, kind: "emit", command: "sallyport:emit", target: "editor", args: 1 },
      { ...common, kind: "emit", command: "sallyport:emit", target: undefined, args: 1 },
      { ...common, kind: "listen", command: "sallyport:listen", args: {} },
      { ...common, kind: "unlisten", command: "sallyport:listen", args: {} },
    ]);
  });

  test("lets the payload be changed", async () => expect(await judge(hookOf(() => (c) => ({ ...c, args: 2 })), emit)).toEqual(passed("sallyport:emit", "2")));

  for (const [name, q, change] of [
    ["another event", emit, { event: "app.quit" }], ["another label", emit, { target: "admin" }], ["all windows for one", emit, { target: "" }], ["one window for all", { ...emit, target: "" }, { target: "admin" }],
    ["another command", emit, { command: "notes.delete" }], ["a call", emit, { kind: "call" }], ["a listen", emit, { kind: "listen" }],
    ["another event", listen, { event: "app.quit" }], ["another command", listen, { command: "sallyport:emit" }], ["a label", listen, { target: "admin" }],
    ["an event", question, { event: "app.quit" }], ["a label", question, { target: "admin" }], ["an emit", question, { kind: "emit", event: "app.quit" }],
  ] as [string, Question, object][])
    test(`of a ${q.kind} can't get ${name}`, async () => expect(await judge(hookOf(() => (c) => ({ ...c, ...change })), q)).toEqual(kept(Cause.malformed)));
});

describe("what belongs to a stream", () => {
  for (const [kind, json] of [["item", "[1]"], ["end", '{"aborted":false}'], ["pull", '{"consumed":9}']] as const) {
    const q: Question = { ...question, kind, json };
    test(`is shown with the command of its call: ${kind}`, async () => {
      let seen: HookCall | undefined;
      expect(await judge(hookOf(() => (c) => (seen = c)), q)).toEqual(passed("notes.save", json));
      expect(seen).toEqual({ kind, id: 3, command: "notes.save", args: JSON.parse(json), window: "main", origin: "http://page.test" });
    });
    for (const change of [{ command: "other" }, { kind: "call" }, { event: "e" }])
      test(`can't become another's: ${kind} with ${JSON.stringify(change)}`, async () => expect(await judge(hookOf(() => (c) => ({ ...c, ...change })), q)).toEqual(kept(Cause.malformed)));
  }
  test("may be changed if it is an item", async () => expect(await judge(hookOf(() => (c) => ({ ...c, args: 2 })), { ...question, kind: "item" })).toEqual(passed("notes.save", "2")));
});

describe("the example of docs/hook.md", () => {
  const png: Sections = ["image/png", new Uint8Array([0x89, 0x50])];
  const emit: Partial<Question> = { kind: "emit", command: "sallyport:emit", event: "notes.changed" };
  const cases: [string, Partial<Question>, boolean][] = [
    ["a picture", { command: "avatar.set", json: '{"image":{"$bytes":2,"type":"image/png"}}', sections: png }, true],
    ["what is none", { command: "avatar.set", json: '{"image":{"$bytes":1,"type":"image/png"}}', sections: ["image/png", new Uint8Array(1)] }, false],
    ["an event", { ...emit, json: "{}" }, true],
    ["a wish to listen", { ...emit, kind: "listen", command: "sallyport:listen", json: "{}" }, true],
    ["a wish to listen to what is not for it", { ...emit, kind: "listen", command: "sallyport:listen", event: "admin.log", json: "{}" }, false],
    ["a line", { kind: "item", command: "files.put", json: '"x"' }, true],
    ["a line that is too long", { kind: "item", command: "files.put", json: JSON.stringify("x".repeat(1001)) }, false],
    ["a pull", { kind: "pull", json: '{"consumed":1}' }, true],
  ];
  for (const [name, q, passes] of cases)
    test(`${passes ? "passes" : "keeps back"} ${name}`, async () => expect((await judge(example, { ...question, ...q })).pass).toBe(passes));
  test("stamps an event", async () => expect(JSON.parse(((await judge(example, { ...question, ...emit, json: "{}" })) as { json: string }).json)).toEqual({ at: expect.any(String) }));
  test("takes a name out of an event that is heard", async () => {
    const verdict = new Promise((done) => example.judgeAnswer(answerOf("event", '{"n":1,"author":"a"}'), { ...question, ...emit, kind: "listen" }, done));
    expect(await verdict).toEqual({ pass: true, json: '{"n":1}', sections: 0 });
  });
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
    return new Promise((done) => hook.judgeAnswer(answerOf(ok ? "result" : "error", json), question, (verdict) => done(verdict.pass ? verdict.json : verdict.cause)));
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
    expect(await new Promise((done) => hook.judgeAnswer(answerOf("result", "1"), question, done))).toEqual({ pass: false, cause: Cause.refused });
  });
});

describe("an answer hook, asked about what is no answer of a call,", () => {
  const ask = (fn: (a: HookAnswer, refuse: (reason: unknown) => unknown) => unknown, answer: Answer): Promise<unknown> => {
    const hook = new Hook("main", "o", 1000);
    hook.surface.onAnswer((a) => fn(a, hook.surface.refuse));
    return new Promise((done) => hook.judgeAnswer(answer, question, (v) => done(v.pass ? v : v.cause)));
  };
  const bytes = new Uint8Array([1, 2]);
  const item = answerOf("item", '{"$bytes":2,"type":"a/b"}', ["a/b", bytes]);
  const event = answerOf("event", "1", 0, "editor");
  const progress = answerOf("progress", '{"done":1,"total":2,"text":"x"}');

  test("sees each as what it is", async () => {
    const seen: unknown[] = [];
    for (const a of [item, event, answerOf("event", "1"), progress, answerOf("end", "")]) await ask((shown) => (seen.push(shown), shown), a);
    expect(seen).toEqual([
      { kind: "item", value: { $bytes: bytes, type: "a/b" } }, { kind: "event", value: 1, window: "editor" }, { kind: "event", value: 1, window: undefined },
      { kind: "progress", value: { done: 1, total: 2, text: "x" } }, { kind: "end" },
    ]);
  });

  test("lets each through, and bytes as a copy that it can't change any more", async () => {
    const verdict = (await ask((a) => a, item)) as { json: string; sections: [string, Uint8Array] };
    bytes[0] = 99;
    expect([verdict.json, verdict.sections[0], Array.from(verdict.sections[1])]).toEqual([item.json, "a/b", [1, 2]]);
    bytes[0] = 1;
    expect(await ask((a) => a, event)).toEqual({ pass: true, json: "1", sections: 0 });
    expect(await ask((a) => a, answerOf("end", ""))).toEqual({ pass: true, json: "", sections: 0 });
  });

  test("may change values", async () => {
    expect(await ask((a) => ({ ...a, value: 2 }), event)).toMatchObject({ json: "2" });
    expect(await ask((a) => ({ kind: a.kind, value: { done: 0, total: 0, text: "" } }), progress)).toMatchObject({ json: '{"done":0,"total":0,"text":""}' });
  });

  for (const [name, fn, answer] of [
    ["another sender", (a) => ({ ...a, window: "admin" }), event], ["a sender where there is none", (a) => ({ ...a, window: "admin" }), answerOf("event", "1")],
    ["an item of an event", () => ({ kind: "item", value: 1 }), event], ["no value", () => ({ kind: "event" }), event], ["a value of an end", () => ({ kind: "end", value: 1 }), answerOf("end", "")],
    ["a progress that is no number", () => ({ kind: "progress", value: { done: "1", total: 2, text: "" } }), progress], ["a progress of more than there are numbers", () => ({ kind: "progress", value: { done: 2 ** 60, total: 2, text: "" } }), progress],
    ["a progress without words", () => ({ kind: "progress", value: { done: 1, total: 2 } }), progress], ["a progress that is nothing", () => ({ kind: "progress", value: null }), progress],
    ["bytes that are none", () => ({ kind: "item", value: { $bytes: 2, type: "a/b" } }), item],
  ] as [string, (a: HookAnswer) => unknown, Answer][])
    test(`that makes ${name} keeps it back`, async () => expect(await ask(fn, answer)).toBe(Cause.malformed));

  test("that refuses keeps it back", async () => expect(await ask((_, refuse) => refuse("no"), event)).toBe(Cause.refused));

  test("does not show what text and bytes do not agree on", async () =>
    expect(await ask((a) => a, answerOf("item", '{"$bytes":3,"type":"a/b"}', ["a/b", bytes]))).toBe(Cause.malformed));
});
