import { describe, expect, test } from "vitest";
import { Cause, Wants } from "../src/items.ts";
import { type Answer, type AnswerJudge, type AnswerVerdict, type Judge, passAll } from "../src/judge.ts";
import type { CoreItem } from "./grammar.ts";
import { itemOf } from "./grammar.ts";
import { pause } from "./support.ts";
import { keep, table } from "./table.ts";
import { STREAM_WINDOW } from "../src/wire.ts";

/** A call under number 10 to which the core streams, and that was sent. */
function streaming(options: { judge?: Judge; judgeAnswer?: AnswerJudge; ordered?: boolean; maxPlaintext?: number } = {}) {
  const t = table(options.judge ?? passAll, options.maxPlaintext ?? 2 << 20, options.judgeAnswer, options.ordered);
  t.call(10, "files.get", "{}", 0, Wants.items);
  t.send();
  const stream = new Source(1);
  return { ...t, stream };
}

/** The core's end of a stream: gives each item its place. */
class Source {
  readonly #id: number;
  offset = 0;
  constructor(id: number) {
    this.#id = id;
  }
  item(json: string, bytes?: Uint8Array): CoreItem {
    const item: CoreItem = { kind: "item", id: this.#id, offset: this.offset, json, ...(bytes && { sections: [{ type: "a/b", bytes }] }) };
    this.offset += itemOf(item).length;
    return item;
  }
  end = (): CoreItem => ({ kind: "end", id: this.#id, offset: this.offset });
  result = (): CoreItem => ({ kind: "result", id: this.#id, json: '"done"' });
}

const names = (t: { told: unknown[][] }): unknown[] => t.told.map((m) => (m[0] === "item" ? m[3] : m[0]));
const text = (n: number): string => JSON.stringify("x".repeat(n - 2));
const credits = (t: ReturnType<typeof table>): number[] => t.items().flatMap((i) => (i.kind === "credit" ? [i.limit] : []));

/** An answer's judge that waits for the test's word. */
function slow() {
  const asked: { answer: Answer; pass: () => void; done: (v: AnswerVerdict) => void }[] = [];
  const judgeAnswer: AnswerJudge = (answer, _, done) => void asked.push({ answer, done, pass: () => done({ pass: true, json: answer.json, sections: answer.sections }) });
  return { asked, judgeAnswer };
}

describe("what the core streams to a call", () => {
  test("reaches the page with the offset after it, then its end, then the result", () => {
    const t = streaming();
    const s = t.stream;
    t.deliver(s.item("1"), s.item("22"));
    t.deliver(s.end(), s.result());
    expect(t.told).toEqual([["item", 10, 19, "1", 0], ["item", 10, 39, "22", 0], ["end", 10]]);
    expect(t.replies).toEqual([{ page: 10, ok: true, value: "done" }]);
  });

  test("comes with bytes in memory of their own, so that nothing else of the batch goes with them", () => {
    const t = streaming();
    t.deliver(t.stream.item('{"$bytes":2,"type":"a/b"}', new Uint8Array([1, 2])));
    const { 0: type, 1: bytes } = t.told[0]![4] as [string, Uint8Array];
    expect([type, Array.from(bytes), bytes.buffer.byteLength]).toEqual(["a/b", [1, 2], 2]);
  });

  test("ends with an error without more words", () => {
    const t = streaming();
    t.deliver(t.stream.item("1"), { kind: "error", id: 1, json: '{"code":"failed","id":"x-1"}' }, t.stream.item("2"));
    expect([names(t), t.replies]).toEqual([["1"], [{ page: 10, ok: false, code: "failed", id: "x-1" }]]);
  });

  test("is nothing to the page after it has cancelled, nor is what else belongs to the call", () => {
    const t = streaming();
    t.calls.cancel(10);
    t.deliver(t.stream.item("1"), t.stream.end(), { kind: "progress", id: 1, done: 1, total: 2, text: "" }, t.stream.result());
    expect([t.told, t.replies]).toEqual([[], []]);
  });

  test("is nothing to a call that did not ask for it", () => {
    const t = table();
    t.call(10, "a", "{}");
    t.send();
    t.deliver(new Source(1).item("1"));
    expect(t.told).toEqual([]);
  });

  const wrong: [string, (s: Source) => CoreItem][] = [
    ["an item that comes again", () => new Source(1).item("1")],
    ["an item that leaves something out", (s) => (s.item("lost"), s.item("2"))],
    ["an end that leaves something out", (s) => (s.item("lost"), s.end())],
    ["an event under a call", (s) => ({ kind: "event", id: 1, offset: s.offset, number: 1, label: "", json: "1" })],
  ];
  for (const [name, make] of wrong)
    test(`is no genuine core's with ${name}`, () => {
      const t = streaming();
      t.deliver(t.stream.item("1"));
      expect(() => t.deliver(make(t.stream))).toThrow();
      expect(names(t)).toEqual(["1"]);
    });
});

describe("on the relay, what the core streams", () => {
  test("gets its order back, and the answer its place after it", () => {
    const t = streaming({ ordered: false });
    const s = t.stream;
    const [one, two, three, end, result] = [s.item("1"), s.item("2"), s.item("3"), s.end(), s.result()];
    t.deliver(result);
    t.deliver(three, end);
    t.deliver(two);
    expect([t.told, t.replies]).toEqual([[], []]);
    t.deliver(one);
    expect([names(t), t.replies.length]).toEqual([["1", "2", "3", "end"], 1]);
  });

  test("does not hold an error back", () => {
    const t = streaming({ ordered: false });
    t.stream.item("lost");
    t.deliver(t.stream.item("2"), { kind: "error", id: 1, json: '{"code":"failed","id":""}' });
    expect([names(t), t.replies]).toMatchObject([[], [{ code: "failed" }]]);
  });

  test("is held in bounds: a call whose missing item does not come is given up", () => {
    const t = streaming({ ordered: false });
    t.stream.item("lost");
    for (let i = 0; i < 4; i++) t.deliver(t.stream.item(text(STREAM_WINDOW / 4 - 18)));
    expect(t.replies).toEqual([]);
    t.deliver(t.stream.item("6"));
    expect(t.replies).toMatchObject([{ page: 10, code: "unknown_outcome" }]);
    expect(t.items().slice(1)).toEqual([{ kind: "cancel", id: 1 }]);
  });

  test("twice counts once", () => {
    const t = streaming({ ordered: false });
    const one = t.stream.item("1");
    t.deliver(one, one);
    t.deliver(one);
    expect(names(t)).toEqual(["1"]);
  });
});

describe("a pull", () => {
  const filled = (judge?: Judge) => {
    const t = streaming(judge ? { judge } : {});
    for (let i = 0; i < 4; i++) t.deliver(t.stream.item(text(STREAM_WINDOW / 4 - 18)));
    return t;
  };

  test("becomes credit: what was consumed and a window more", () => {
    const t = filled();
    t.calls.pull(10, STREAM_WINDOW / 4);
    t.calls.pull(10, STREAM_WINDOW);
    expect(credits(t)).toEqual([1.25 * STREAM_WINDOW, 2 * STREAM_WINDOW]);
  });

  const none: [string, (t: ReturnType<typeof filled>) => void][] = [
    ["of more than the page was told", (t) => t.calls.pull(10, STREAM_WINDOW + 1)],
    ["of what it has pulled before", (t) => t.calls.pull(10, 0)],
    ["of too little to be worth an item", (t) => { for (let i = 1; i < STREAM_WINDOW / 8; i += 1000) t.calls.pull(10, i); }],
    ["of another's stream", (t) => t.calls.pull(11, STREAM_WINDOW / 2)],
    ["of a stream that is over", (t) => (t.deliver(t.stream.end()), t.calls.pull(10, STREAM_WINDOW))],
    ["of a call that was cancelled", (t) => (t.calls.cancel(10), t.calls.pull(10, STREAM_WINDOW))],
  ];
  for (const [name, act] of none)
    test(`${name} gives no credit`, () => {
      const t = filled();
      act(t);
      expect(credits(t)).toEqual([]);
    });

  test("goes past the hook, with its kind, and is reported if that keeps it back", () => {
    const kinds: string[] = [];
    const t = filled((q, done) => (kinds.push(`${q.kind} ${q.command} ${q.json}`), q.kind === "pull" ? keep(Cause.refused) : passAll)(q, done));
    t.calls.pull(10, STREAM_WINDOW / 2);
    expect(kinds).toEqual(["call files.get {}", `pull files.get {"consumed":${STREAM_WINDOW / 2}}`]);
    expect(t.items().slice(1)).toEqual([{ kind: "report", id: 1, cause: Cause.refused, what: 9, command: "files.get" }]);
  });

  test("that was kept back is made good by the next", () => {
    let refuse = true;
    const t = filled((q, done) => (q.kind === "pull" && refuse ? keep(Cause.refused) : passAll)(q, done));
    t.calls.pull(10, STREAM_WINDOW / 2);
    refuse = false;
    t.calls.pull(10, STREAM_WINDOW);
    expect(credits(t)).toEqual([2 * STREAM_WINDOW]);
  });

  test("waits while the hook is at one before, and the latest says all", () => {
    const asked: (() => void)[] = [];
    const t = filled((q, done) => (q.kind === "pull" ? void asked.push(() => passAll(q, done)) : passAll(q, done)));
    for (const part of [1, 2, 3, 4]) t.calls.pull(10, (part * STREAM_WINDOW) / 4);
    expect(asked).toHaveLength(1);
    asked[0]!();
    expect([credits(t), asked.length]).toEqual([[1.25 * STREAM_WINDOW], 2]);
    asked[1]!();
    expect([credits(t), asked.length]).toEqual([[1.25 * STREAM_WINDOW, 2 * STREAM_WINDOW], 2]);
  });

  test("whose verdict comes after the end gives nothing", () => {
    for (const end of [(t: ReturnType<typeof filled>) => t.calls.cancel(10), (t: ReturnType<typeof filled>) => t.calls.closed()]) {
      const asked: (() => void)[] = [];
      const t = filled((q, done) => (q.kind === "pull" ? void asked.push(() => passAll(q, done)) : passAll(q, done)));
      t.calls.pull(10, STREAM_WINDOW);
      end(t);
      asked[0]!();
      expect(credits(t)).toEqual([]);
    }
  });
});

describe("an answer's hook", () => {
  test("sees items, end and result in order, and the page gets them so however long it takes", () => {
    const { asked, judgeAnswer } = slow();
    const t = streaming({ judgeAnswer });
    const s = t.stream;
    t.deliver(s.item("1"), s.item("2"), s.end(), s.result());
    expect(asked.map((a) => [a.answer.kind, a.answer.json])).toEqual([["item", "1"], ["item", "2"], ["end", ""], ["result", '"done"']]);
    for (const i of [3, 1, 2]) asked[i]!.pass();
    expect([t.told, t.replies]).toEqual([[], []]);
    asked[0]!.pass();
    expect([names(t), t.replies.length]).toEqual([["1", "2", "end"], 1]);
  });

  for (const [name, kind, what] of [["an item", "item", 3], ["the end", "end", 5]] as const)
    test(`that keeps back ${name} ends the call, here and in the core`, () => {
      const t = streaming({ judgeAnswer: (a, _, done) => done(a.kind === kind ? { pass: false, cause: Cause.threw } : { pass: true, json: a.json, sections: 0 }) });
      const s = t.stream;
      t.deliver(s.item("1"), s.end(), s.result());
      expect(names(t)).not.toContain(kind === "item" ? "1" : "end");
      expect(t.replies).toEqual([{ page: 10, ok: false, code: "hook_refused", id: "sessname-1" }]);
      expect(t.items().slice(1)).toEqual([{ kind: "hidden", id: 1, cause: Cause.threw, what, command: "files.get" }, { kind: "cancel", id: 1 }]);
    });

  test("that keeps back the result alone lets the items be", () => {
    const t = streaming({ judgeAnswer: (a, _, done) => done(a.kind === "result" ? { pass: false, cause: Cause.threw } : { pass: true, json: a.json, sections: 0 }) });
    const s = t.stream;
    t.deliver(s.item("1"), s.end(), s.result());
    expect([names(t), t.replies.map((r) => r.code)]).toEqual([["1", "end"], ["hook_refused"]]);
    expect(t.items().slice(1)).toMatchObject([{ kind: "hidden", what: 1 }]);
  });

  test("that is at an item when the page cancels tells nothing more", () => {
    const { asked, judgeAnswer } = slow();
    const t = streaming({ judgeAnswer });
    t.deliver(t.stream.item("1"));
    t.calls.cancel(10);
    asked[0]!.done({ pass: false, cause: Cause.refused });
    expect([t.told, t.replies, t.items().filter((i) => i.kind === "hidden")]).toEqual([[], [], []]);
  });
});

describe("progress", () => {
  const progress: CoreItem = { kind: "progress", id: 1, done: 3, total: 9, text: "three" };
  test("reaches the page", () => {
    const t = streaming();
    t.deliver(progress);
    expect(t.told).toEqual([["progress", 10, 3, 9, "three"]]);
  });
  test("is shown to the hook, which may change it", () => {
    const seen: Answer[] = [];
    const t = streaming({ judgeAnswer: (a, _, done) => (seen.push(a), done({ pass: true, json: '{"done":4,"total":0,"text":"\\"four\\""}', sections: 0 })) });
    t.deliver(progress);
    expect([JSON.parse(seen[0]!.json), seen[0]!.kind, t.told]).toEqual([{ done: 3, total: 9, text: "three" }, "progress", [["progress", 10, 4, 0, '"four"']]]);
  });
  test("that the hook keeps back is reported, and nothing else", () => {
    const t = streaming({ judgeAnswer: (_, __, done) => done({ pass: false, cause: Cause.refused }) });
    t.deliver(progress);
    expect([t.told, t.replies, t.items().slice(1)]).toEqual([[], [], [{ kind: "hidden", id: 1, cause: 1, what: 7, command: "files.get" }]]);
  });
  test("is nothing after the answer", () => {
    const { asked, judgeAnswer } = slow();
    const t = streaming({ judgeAnswer });
    t.deliver(progress, t.stream.end(), t.stream.result());
    for (const a of [asked[1]!, asked[2]!, asked[0]!]) a.pass();
    expect([names(t), t.replies.length]).toEqual([["end"], 1]);
  });
});

describe("when the connection drops, a call that streams", () => {
  test("has an unknown outcome, and is cancelled as soon as that can be said", () => {
    const t = streaming();
    t.call(11, "plain", "{}");
    t.send();
    t.calls.interrupted();
    expect(t.replies.map((r) => [r.page, r.code])).toEqual([[10, "unknown_outcome"], [11, "unknown_outcome"]]);
    expect(t.items().slice(2)).toEqual([{ kind: "cancel", id: 1 }]);
    t.deliver(t.stream.item("1"), t.stream.result());
    expect(t.told).toEqual([]);
  });

  test("and was not sent waits", () => {
    const t = table();
    t.call(10, "a", "{}", 0, Wants.items);
    t.calls.interrupted();
    expect([t.replies, t.items().map((i) => i.kind)]).toEqual([[], ["call"]]);
  });

  test("is not asked about: it is the frame that gives it up", async () => {
    const kinds: string[] = [];
    const t = streaming({ judge: (q, done) => (kinds.push(q.kind), passAll(q, done)) });
    t.calls.interrupted();
    await pause();
    expect(kinds).toEqual(["call"]);
  });
});
