import { describe, expect, test } from "vitest";
import { Cause, Wants } from "../src/items.ts";
import { type Judge, type Question, type Verdict, passAll } from "../src/judge.ts";
import { MAX_CALLS, MAX_HELD } from "../src/limits.ts";
import { MAX_AHEAD } from "../src/upload.ts";
import { STREAM_WINDOW } from "../src/wire.ts";
import { keep, table } from "./table.ts";

/** A call under number 10 that uploads, and has passed. */
function uploading(judge: Judge = passAll, maxPlaintext = 2 << 20, ordered = true) {
  const t = table(judge, maxPlaintext, undefined, ordered);
  t.call(10, "files.put", "{}", 0, Wants.upload);
  return t;
}

/** A judge that passes calls and waits with everything else for the test's word. */
function slow() {
  const asked: { question: Question; pass: (json?: string) => void; done: (v: Verdict) => void }[] = [];
  const judge: Judge = (question, done) => {
    if (question.kind === "call") return passAll(question, done);
    asked.push({ question, done, pass: (json = question.json) => done({ pass: true, command: question.command, json, sections: question.sections }) });
  };
  return { asked, judge };
}

const uploads = (t: ReturnType<typeof table>): string[] => t.items().flatMap((i) => (i.kind === "upload" ? [i.json] : i.kind === "end" ? [i.aborted ? "aborted" : "end"] : []));
const text = (n: number): string => JSON.stringify("x".repeat(n - 2));

describe("an upload", () => {
  test("follows its call, at the offsets of its bytes", () => {
    const t = uploading();
    t.calls.upload(10, "1", 0);
    t.calls.upload(10, '{"$bytes":2,"type":"a/b"}', ["a/b", new Uint8Array([7, 8])]);
    t.calls.end(10, false);
    expect(t.items()).toEqual([
      { kind: "call", id: 1, timeout: 0, wants: 2, command: "files.put", json: "{}" },
      { kind: "upload", id: 1, offset: 0, size: 19, json: "1" },
      { kind: "upload", id: 1, offset: 19, size: 53, json: '{"$bytes":2,"type":"a/b"}', sections: [{ type: "a/b", bytes: new Uint8Array([7, 8]) }] },
      { kind: "end", id: 1, offset: 72, aborted: false },
    ]);
  });

  test("that the page starts before its call has passed waits for that, unseen", () => {
    const seen: string[] = [];
    let verdict: (() => void) | undefined;
    const t = table((q, done) => {
      seen.push(q.kind);
      if (q.kind === "call") verdict = () => passAll(q, done);
      else passAll(q, done);
    });
    t.call(10, "files.put", "{}", 0, Wants.upload);
    t.calls.upload(10, "1", 0);
    t.calls.end(10, false);
    expect([seen, t.items()]).toEqual([["call"], []]);
    verdict!();
    expect([seen, t.items().map((i) => i.kind)]).toEqual([["call", "item", "end"], ["call", "upload", "end"]]);
  });

  test("of a call that is kept back is shown to nobody", () => {
    const seen: string[] = [];
    const t = table((q, done) => (seen.push(q.kind), setTimeout(() => done({ pass: false, cause: Cause.refused }))));
    t.call(10, "files.put", "{}", 0, Wants.upload);
    t.calls.upload(10, "1", 0);
    return new Promise<void>((end) => setTimeout(() => {
      expect([seen, uploads(t)]).toEqual([["call"], []]);
      end();
    }, 5));
  });

  test("is told as taken when it is sealed, in all", () => {
    const t = uploading();
    t.calls.upload(10, "1", 0);
    t.calls.upload(10, "2", 0);
    expect(t.told).toEqual([]);
    t.send();
    t.calls.end(10, false);
    t.send();
    expect(t.told).toEqual([["taken", 10, 1], ["taken", 10, 2]]);
  });

  test("keeps its order however long the hook takes over one item", () => {
    const { asked, judge } = slow();
    const t = uploading(judge);
    for (const json of ["1", "2", "3"]) t.calls.upload(10, json, 0);
    t.calls.end(10, false);
    expect(asked.map((a) => a.question.json)).toEqual(["1", "2", "3", '{"aborted":false}']);
    for (const i of [3, 1, 2]) asked[i]!.pass();
    expect(uploads(t)).toEqual([]);
    asked[0]!.pass();
    expect(uploads(t)).toEqual(["1", "2", "3", "end"]);
  });

  test("goes out as the hook left it, also where it waits for another's verdict", () => {
    const { asked, judge } = slow();
    const t = uploading(judge);
    const bytes = new Uint8Array([1]);
    t.calls.upload(10, "1", 0);
    t.calls.upload(10, '{"$bytes":1,"type":"a/b"}', ["a/b", bytes]);
    asked[1]!.pass();
    bytes[0] = 99; // the hook still has it
    asked[0]!.pass("11");
    expect(t.items().slice(1)).toMatchObject([{ json: "11", offset: 0 }, { offset: 20, sections: [{ bytes: new Uint8Array([1]) }] }]);
  });

  test("C9 holds nothing more when it is sealed, also where the hook has given its bytes away", () => {
    const half = MAX_HELD / 2;
    const t = uploading((q, done) => {
      if (q.kind === "item") structuredClone(q.sections, { transfer: [(q.sections as Uint8Array[])[1]!.buffer as ArrayBuffer] });
      done({ pass: true, command: q.command, json: "1", sections: 0 });
    }, MAX_HELD);
    for (let i = 0; i < 4; i++) {
      t.calls.upload(10, `{"$bytes":${half},"type":"a/b"}`, ["a/b", new Uint8Array(half)]);
      t.send();
    }
    expect([t.replies, uploads(t)]).toEqual([[], ["1", "1", "1", "1"]]);
  });

  test("is one item after the other of its own call, whatever comes between", () => {
    const t = table();
    t.call(10, "a", "{}", 0, Wants.upload);
    t.call(11, "b", "{}", 0, Wants.upload);
    for (const page of [10, 11, 11, 10]) t.calls.upload(page, String(page), 0);
    expect(t.items().flatMap((i) => (i.kind === "upload" ? [[i.id, i.offset]] : []))).toEqual([[1, 0], [2, 0], [2, 20], [1, 20]]);
  });
});

describe("an upload of nobody's:", () => {
  const cases: [string, (t: ReturnType<typeof table>) => void][] = [
    ["of a call that there is not", (t) => t.calls.upload(99, "1", 0)],
    ["of a call that does not upload", (t) => (t.call(11, "a", "{}", 0, Wants.items), t.calls.upload(11, "1", 0))],
    ["of an emit", (t) => (t.calls.emit(11, "e", "", "{}", 0), t.calls.upload(11, "1", 0))],
    ["of a listen", (t) => (t.calls.listen(11, "e"), t.calls.upload(11, "1", 0))],
    ["after its end", (t) => (t.calls.end(10, false), t.calls.upload(10, "1", 0), t.calls.end(10, true))],
    ["of a call that was cancelled", (t) => (t.calls.cancel(10), t.calls.upload(10, "1", 0))],
    ["of a call that was answered", (t) => (t.send(), t.deliver({ kind: "result", id: 1, json: "1" }), t.calls.upload(10, "1", 0), t.calls.end(10, false))],
  ];
  for (const [name, act] of cases)
    test(`${name} goes nowhere`, () => {
      const t = uploading();
      act(t);
      expect(uploads(t).filter((json) => json !== "end")).toEqual([]);
      expect(uploads(t).length).toBeLessThan(2);
    });
});

describe("credit", () => {
  test("lets an item begin at any place below it, and none beyond", () => {
    const t = uploading();
    t.calls.upload(10, text(STREAM_WINDOW - 100), 0);
    t.calls.upload(10, text(5000), 0); // begins below
    t.calls.upload(10, "3", 0);
    t.calls.end(10, false);
    expect(uploads(t).map((j) => j.length)).toEqual([STREAM_WINDOW - 100, 5000]);
    t.send();
    t.deliver({ kind: "credit", id: 1, limit: STREAM_WINDOW + 5000 });
    expect(uploads(t).slice(2)).toEqual(["3", "end"]);
  });

  test("only rises", () => {
    const t = uploading();
    t.calls.upload(10, text(STREAM_WINDOW - 10), 0);
    t.calls.upload(10, "2", 0);
    t.send();
    t.deliver({ kind: "credit", id: 1, limit: 0 }, { kind: "credit", id: 1, limit: STREAM_WINDOW + 8 }, { kind: "credit", id: 1, limit: 5 });
    expect(uploads(t)).toHaveLength(1);
    t.deliver({ kind: "credit", id: 1, limit: STREAM_WINDOW + 9 });
    expect(uploads(t)).toHaveLength(2);
    t.deliver({ kind: "credit", id: 1, limit: 2 * STREAM_WINDOW }, { kind: "credit", id: 1, limit: 5 });
    t.calls.upload(10, "3", 0);
    expect(uploads(t)).toHaveLength(3);
  });

  test("is none on the relay before the core has the call", () => {
    const t = uploading(passAll, 2 << 20, false);
    t.calls.upload(10, "1", 0);
    t.calls.upload(10, "2", 0);
    t.send();
    expect(uploads(t)).toEqual([]);
    t.deliver({ kind: "credit", id: 1, limit: 1 });
    expect(uploads(t)).toEqual(["1"]);
  });

  test("is not needed for giving up, which is where the upload has come to", () => {
    const t = uploading();
    t.calls.upload(10, text(STREAM_WINDOW), 0);
    t.calls.upload(10, "2", 0);
    t.calls.upload(10, "3", 0);
    t.calls.end(10, true);
    expect(t.items().slice(2)).toEqual([{ kind: "end", id: 1, offset: STREAM_WINDOW + 18, aborted: true }]);
    t.send();
    t.deliver({ kind: "credit", id: 1, limit: 2 ** 40 });
    expect(uploads(t).slice(1)).toEqual(["aborted"]);
  });
});

describe("an upload fails with its call", () => {
  const codes = (t: ReturnType<typeof table>): unknown[] => t.replies.map((r) => r.code);
  const rest = (t: ReturnType<typeof table>): unknown[] => t.items().slice(1).map((i) => (i.kind === "report" ? ["report", i.what, i.cause, i.command] : i.kind));

  for (const [name, kind, what] of [["an item", "item", 7], ["the end", "end", 8]] as const)
    test(`if the hook keeps back ${name}: a stream that lacks it is another one`, () => {
      const t = uploading((q, done) => (q.kind === kind ? keep(Cause.refused) : passAll)(q, done));
      t.send();
      t.calls.upload(10, "1", 0);
      t.calls.end(10, false);
      t.calls.upload(10, "2", 0);
      expect(codes(t)).toEqual(["hook_refused"]);
      expect(rest(t)).toEqual([["report", what, 1, "files.put"], "cancel"]); // an item that had passed is taken back
    });

  test("if an item is no JSON", () => {
    const t = uploading((q, done) => (q.kind === "item" ? keep("invalid") : passAll)(q, done));
    t.calls.upload(10, "{", 0);
    expect([codes(t), t.items()]).toEqual([["invalid_args"], []]);
  });

  test("if an item is larger than a frame, with all its bytes", () => {
    const last = (t: ReturnType<typeof table>): void => t.calls.upload(10, text(990), 0); // which does not fit with what goes before it
    for (const act of [
      (t: ReturnType<typeof table>) => t.calls.upload(10, text(1001), 0),
      (t: ReturnType<typeof table>) => t.calls.upload(10, "1", ["a/b", new Uint8Array(1000)]),
      last,
    ]) {
      const asked: string[] = [];
      const t = uploading((q, done) => (asked.push(q.json.length < 980 && q.sections === 0 ? "fits" : "large"), passAll(q, done)), 1000);
      act(t);
      expect([codes(t), t.items()]).toEqual([["too_large"], []]);
      if (act !== last) expect(asked).toEqual(["fits"]); // the call alone
    }
  });

  test("if the hook makes an item so", () => {
    const t = uploading((q, done) => (q.kind === "item" ? done({ pass: true, command: q.command, json: "1", sections: ["a/b", new Uint8Array(1000)] }) : passAll(q, done)), 1000);
    t.calls.upload(10, "1", 0);
    expect([codes(t), t.items()]).toEqual([["too_large"], []]);
  });

  test("if the page is further ahead of what was sealed than it may be", () => {
    const t = uploading();
    for (let i = 0; i < MAX_AHEAD; i++) t.calls.upload(10, "1", 0);
    expect(t.replies).toEqual([]);
    t.calls.upload(10, "1", 0);
    expect([codes(t), t.items()]).toEqual([["busy"], []]);
  });

  test("if its call has not passed and it holds as much", () => {
    const t = table(() => {});
    t.call(10, "a", "{}", 0, Wants.upload);
    for (let i = 0; i <= MAX_AHEAD; i++) t.calls.upload(10, "1", 0);
    expect(codes(t)).toEqual(["busy"]);
  });

  test("if it holds too much, which it lets go of", () => {
    const size = 1 << 20;
    const t = uploading(passAll, 2 * size);
    for (let i = 0; i < MAX_HELD / size; i++) t.calls.upload(10, text(size), 0);
    t.calls.upload(10, text(size), 0);
    expect(codes(t)).toEqual(["busy"]);
    t.call(11, "a", text(size));
    expect(codes(t)).toEqual(["busy"]);
  });

  test("if it holds too many sections that have no bytes", () => {
    const t = uploading((q, done) => (q.kind === "item" ? undefined : passAll(q, done)));
    const empty = JSON.stringify(Array.from({ length: 64 }, () => ({ $bytes: 0, type: "a/b" })));
    const sections = Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? "a/b" : new Uint8Array(0)));
    let calls = 0;
    while (t.replies.length === 0 && calls < MAX_CALLS / MAX_AHEAD) {
      t.call(11 + calls++, "a", "{}", 0, Wants.upload);
      for (let n = 0; n < MAX_AHEAD; n++) t.calls.upload(10 + calls, empty, sections);
    }
    expect(codes(t)).toEqual(["busy"]);
    expect(calls).toBeLessThan(40);
  });

  test("if the hook is at too much", () => {
    const t = uploading((q, done) => (q.kind === "item" ? undefined : passAll(q, done)));
    t.call(9, "a", "{}", 0, Wants.upload);
    for (let i = 0; i < MAX_CALLS / MAX_AHEAD; i++) {
      if (i > 0) t.call(10 + i, "a", "{}", 0, Wants.upload);
      for (let n = 0; n < MAX_AHEAD; n++) t.calls.upload(10 + i, "1", 0);
    }
    expect(t.replies).toEqual([]);
    t.calls.upload(9, "1", 0);
    t.call(9999, "a", "{}");
    expect(t.replies).toMatchObject([{ page: 9, code: "busy" }, { page: 9999, code: "busy" }]);
  });

  test("and what the hook still has of it counts until it lets go", () => {
    const { asked, judge } = slow();
    const size = 1 << 20;
    const t = uploading(judge, 2 * size);
    for (let i = 0; i < MAX_HELD / size - 1; i++) t.calls.upload(10, text(size), 0);
    t.calls.cancel(10);
    t.call(11, "a", text(size + 1));
    expect(codes(t)).toEqual(["busy"]);
    asked[0]!.pass();
    t.call(12, "a", text(size + 1));
    expect(codes(t)).toEqual(["busy"]);
    expect(uploads(t)).toEqual([]);
  });

  test("and nothing of it is sealed that is not yet", () => {
    const t = uploading();
    t.calls.upload(10, "1", 0);
    t.send();
    t.calls.upload(10, "2", 0);
    t.calls.cancel(10);
    t.send();
    expect([uploads(t), t.told]).toEqual([["1"], [["taken", 10, 1]]]);
  });

  test("if the connection drops, and is cancelled in the core, but not if it had not left", () => {
    const t = uploading();
    t.call(11, "b", "{}", 0, Wants.upload);
    t.calls.upload(11, "1", 0);
    const [first] = t.entries;
    const second = t.entries[1]!.item;
    t.entries.length = 1;
    t.send();
    t.calls.upload(10, "1", 0);
    t.calls.interrupted();
    expect([codes(t), first!.item, second === undefined]).toEqual([["unknown_outcome"], undefined, false]);
    expect(t.items().slice(1)).toEqual([{ kind: "cancel", id: 1 }]);
  });

  test("and of a verdict that comes after the session's end nothing is sealed", () => {
    const { asked, judge } = slow();
    const t = uploading(judge);
    t.calls.upload(10, "1", 0);
    t.calls.closed();
    asked[0]!.done({ pass: false, cause: Cause.refused });
    expect(t.items().map((i) => i.kind)).toEqual(["call"]);
  });
});
