import { describe, expect, test } from "vitest";
import { type Judge, type Verdict, passAll } from "../src/judge.ts";
import { MAX_CALLS, MAX_HELD } from "../src/limits.ts";
import { Cause, type Item as CoreItem, parseItems as parseCore } from "../src/items.ts";
import { answer } from "./double.ts";
import { pause } from "./support.ts";
import { keep, table } from "./table.ts";

const result = (id: number, json: string): CoreItem => parseCore(answer(true, id, json))[0]!;

describe("a call", () => {
  test("is sealed with number, timeout, command and arguments", () => {
    const t = table();
    t.call(10, "notes.save", '{"a":1}', 250);
    expect(t.items()).toEqual([{ kind: "call", id: 1, timeout: 250, command: "notes.save", json: '{"a":1}' }]);
  });

  test("is sealed as the judge rewrote it", () => {
    const t = table((_, done) => done({ pass: true, command: "b", json: "2", sections: 0 }));
    t.call(10, "a", "1", 0);
    expect(t.items()).toMatchObject([{ command: "b", json: "2" }]);
  });

  test("is answered once", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.send();
    t.calls.deliver([result(1, '"x"'), result(1, '"y"')]);
    expect(t.replies).toEqual([{ page: 10, ok: true, value: "x" }]);
  });

  test("is not answered before it was sent", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.calls.deliver([result(1, '"x"')]);
    expect(t.replies).toEqual([]);
  });

  test("is answered as the answer's judge rewrote it, and with hook_refused if that keeps the answer back", () => {
    const t = table(passAll, 1000, ({ json }, question, done) => done(question.command === "secret" ? { pass: false, cause: Cause.threw } : { pass: true, json: `[${json}]`, sections: 0 }));
    t.call(10, "a", "1", 0);
    t.call(11, "secret", "1", 0);
    t.send();
    t.calls.deliver([result(1, "2"), result(2, "3")]);
    expect(t.replies).toEqual([{ page: 10, ok: true, value: [2] }, { page: 11, ok: false, code: "hook_refused", id: "sessname-2" }]);
    expect(t.items().slice(2)).toEqual([{ kind: "hidden", id: 2, cause: Cause.threw, what: 1, command: "secret" }]);
  });

  test("whose answer is kept back after the session's end is not reported any more", () => {
    let tell = (): void => {};
    const t = table(passAll, 1000, (_, __, done) => (tell = () => done({ pass: false, cause: Cause.refused })));
    t.call(10, "a", "1", 0);
    t.send();
    t.calls.deliver([result(1, "2")]);
    t.calls.closed();
    tell();
    expect(t.items()).toMatchObject([{ kind: "call" }]);
    expect(t.replies).toMatchObject([{ page: 10, code: "hook_refused" }]);
  });

  test("under a number of the page that is in use is ignored", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.call(10, "b", "2", 0);
    expect(t.items()).toHaveLength(1);
  });

  test("gets its number at the verdict, so that numbers count up on the wire", () => {
    const verdicts: ((v: Verdict) => void)[] = [];
    const t = table((_, done) => verdicts.push(done));
    t.call(10, "slow", "1", 0);
    t.call(11, "quick", "1", 0);
    verdicts[1]!({ pass: true, command: "quick", json: "1", sections: 0 });
    verdicts[0]!({ pass: true, command: "slow", json: "1", sections: 0 });
    expect(t.items()).toMatchObject([{ id: 1, command: "quick" }, { id: 2, command: "slow" }]);
  });
});

describe("a call is refused here", () => {
  const cases: [string, Judge, string, string, string, boolean][] = [
    ["with hook_refused if the hook keeps it back", keep(Cause.threw), "a", "1", "hook_refused", true],
    ["with invalid_args if its arguments are no JSON", keep("invalid"), "a", "{", "invalid_args", false],
    ["with too_large if they do not fit a frame", passAll, "a", JSON.stringify("x".repeat(1000)), "too_large", false],
    ["with too_large if they do not fit once encoded", passAll, "a", JSON.stringify("\u{1f600}".repeat(400)), "too_large", false],
    ["with too_large if the hook made them so", (_, done) => done({ pass: true, command: "a", json: JSON.stringify("x".repeat(1000)), sections: 0 }), "a", "1", "too_large", false],
    ["with denied if it has no command", passAll, "", "1", "denied", false],
    ["with denied if the command's name is too long", passAll, "x".repeat(129), "1", "denied", false],
    ["with denied if the command's name is too long in bytes", passAll, "\u00e4".repeat(65), "1", "denied", false],
    ["with hook_refused if the hook made the name too long", (_, done) => done({ pass: true, command: "x".repeat(129), json: "1", sections: 0 }), "a", "1", "hook_refused", true],
  ];
  for (const [name, judge, command, json, code, reported] of cases)
    test(name, () => {
      const t = table(judge);
      t.call(10, command, json, 0);
      expect(t.replies).toMatchObject([{ page: 10, ok: false, code }]);
      expect(t.items().map((i) => i.kind)).toEqual(reported ? ["report"] : []);
    });

  test("and what the hook kept back is reported under the id that the page gets", () => {
    const t = table(keep(Cause.malformed));
    t.call(10, "notes.save", "1", 0);
    expect(t.items()).toEqual([{ kind: "report", id: 1, cause: 3, what: 1, command: "notes.save" }]);
    expect(t.replies).toEqual([{ page: 10, ok: false, code: "hook_refused", id: "sessname-1" }]);
  });

  test("with busy if too many wait", () => {
    const t = table(() => {});
    for (let i = 0; i < MAX_CALLS; i++) t.call(i, "a", "1", 0);
    expect(t.replies).toEqual([]);
    t.call(MAX_CALLS, "a", "1", 0);
    expect(t.replies).toMatchObject([{ page: MAX_CALLS, code: "busy" }]);
  });

  test("with busy if too many were sent and not answered", () => {
    const t = table();
    for (let i = 0; i < MAX_CALLS; i++) t.call(i, "a", "1", 0);
    t.send();
    t.call(MAX_CALLS, "a", "1", 0);
    expect(t.replies).toMatchObject([{ page: MAX_CALLS, code: "busy" }]);
  });

  test("without a word to the judge if they do not fit a frame", () => {
    const asked: string[] = [];
    const t = table((q) => asked.push(q.command));
    t.call(10, "a", JSON.stringify("x".repeat(1000)), 0);
    t.call(11, "x".repeat(129), "1", 0);
    expect(asked).toEqual([]);
  });

  test("with busy if they hold too much, until some are answered", () => {
    const json = JSON.stringify("x".repeat(4 * 1024 * 1024 - 2));
    const t = table(passAll, 5 * 1024 * 1024);
    for (let i = 0; i < MAX_HELD / json.length; i++) t.call(i, "a", json, 0);
    t.call(100, "a", "1", 0);
    expect(t.replies).toMatchObject([{ page: 100, code: "busy" }]);
    t.send();
    t.calls.deliver([result(1, "1")]);
    t.call(101, "a", "1", 0);
    expect(t.replies).toHaveLength(2);
  });

  const [slow, quick]: [Judge, Judge] = [() => {}, passAll];
  const hooks: [string, Judge, (t: ReturnType<typeof table>, page: number) => void][] = [
    ["calls that were cancelled meanwhile", slow, (t, page) => t.calls.cancel(page)],
    ["cancellations", (q, done) => (q.kind === "cancel" ? slow : quick)(q, done), (t, page) => (t.send(), t.calls.cancel(page))],
    ["answers", quick, (t, page) => (t.send(), t.calls.deliver([result(page + 1, "1")]))],
  ];
  for (const [name, judge, then] of hooks)
    test(`with busy while a hook is at too many ${name}`, () => {
      const t = table(judge, 1000, () => {});
      for (let i = 0; i < MAX_CALLS; i++) {
        t.call(i, "a", "1", 0);
        then(t, i);
        t.entries.length = 0;
      }
      expect(t.replies).toEqual([]);
      t.call(MAX_CALLS, "a", "1", 0);
      expect(t.replies).toMatchObject([{ page: MAX_CALLS, code: "busy" }]);
    });

  test("with busy while a hook holds too much of what was cancelled, until it lets go", () => {
    const json = JSON.stringify("x".repeat(4 * 1024 * 1024 - 2));
    const verdicts: ((v: Verdict) => void)[] = [];
    const t = table((_, done) => verdicts.push(done), 5 * 1024 * 1024);
    for (let i = 0; i < MAX_HELD / json.length; i++) {
      t.call(i, "a", json, 0);
      t.calls.cancel(i);
    }
    t.call(100, "a", "1", 0);
    expect(t.replies).toMatchObject([{ page: 100, code: "busy" }]);
    verdicts[0]!({ pass: true, command: "a", json, sections: 0 });
    t.call(101, "a", "1", 0);
    expect(t.replies).toHaveLength(1);
  });

  test("no longer with busy once the hook has decided", () => {
    const verdicts: ((v: Verdict) => void)[] = [];
    const t = table((_, done) => verdicts.push(done));
    for (let i = 0; i < MAX_CALLS; i++) {
      t.call(i, "a", "1", 0);
      t.calls.cancel(i);
    }
    verdicts[0]!({ pass: true, command: "a", json: "1", sections: 0 });
    t.call(MAX_CALLS, "a", "1", 0);
    expect(t.replies).toEqual([]);
  });

  test("with closed after the end", () => {
    const t = table();
    t.calls.closed();
    t.call(10, "a", "1", 0);
    expect(t.replies).toMatchObject([{ page: 10, code: "closed" }]);
    expect(t.items()).toEqual([]);
  });
});

describe("a cancellation", () => {
  test("of a sent call goes to the core, past the judge", () => {
    const kinds: string[] = [];
    const t = table((q, done) => (kinds.push(q.kind), passAll(q, done)));
    t.call(10, "a", "1", 0);
    t.send();
    t.calls.cancel(10);
    expect(t.items()).toMatchObject([{ kind: "call", id: 1 }, { kind: "cancel", id: 1 }]);
    expect(kinds).toEqual(["call", "cancel"]);
  });

  test("that the judge keeps back is reported instead", () => {
    const t = table((q, done) => (q.kind === "call" ? passAll(q, done) : done({ pass: false, cause: Cause.refused })));
    t.call(10, "a", "1", 0);
    t.send();
    t.calls.cancel(10);
    expect(t.items()).toMatchObject([{ kind: "call", id: 1 }, { kind: "report", id: 1, cause: 1 }]);
  });

  test("of a waiting call takes it back, and its bytes", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.calls.cancel(10);
    expect(t.entries.map((e) => e.item)).toEqual([undefined]);
  });

  test("of a call that is just being sealed follows it, or takes it back if it never left", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.calls.cancel(10);
    t.entries[0]!.sent();
    expect(t.items()).toMatchObject([{ kind: "cancel", id: 1 }]);
  });

  test("of a call that the judge still has lets nothing out", () => {
    let verdict: ((v: Verdict) => void) | undefined;
    const t = table((_, done) => (verdict = done));
    t.call(10, "a", "1", 0);
    t.calls.cancel(10);
    verdict!({ pass: true, command: "a", json: "1", sections: 0 });
    expect(t.items()).toEqual([]);
    expect(t.replies).toEqual([]);
  });

  for (const [name, verdict] of [
    ["the judge keeps back", { pass: false, cause: Cause.refused }],
    ["gets a name from the judge that is none", { pass: true, command: "", json: "1", sections: 0 }],
  ] as [string, Verdict][])
    test(`keeps no call off the record that ${name} afterwards`, () => {
      let done: ((v: Verdict) => void) | undefined;
      const t = table((_, d) => (done = d));
      t.call(10, "a", "1", 0);
      t.calls.cancel(10);
      done!(verdict);
      expect(t.items()).toMatchObject([{ kind: "report", id: 1, command: "a" }]);
      expect(t.replies).toEqual([]);
    });

  test("and a report of it leave the next call a number of its own", () => {
    const verdicts: ((v: Verdict) => void)[] = [];
    const t = table((_, done) => verdicts.push(done));
    t.call(10, "a", "1", 0);
    t.calls.cancel(10);
    t.call(11, "b", "1", 0);
    verdicts[0]!({ pass: false, cause: Cause.threw });
    verdicts[1]!({ pass: true, command: "b", json: "1", sections: 0 });
    expect(t.items()).toMatchObject([{ kind: "report", id: 1 }, { kind: "call", id: 2 }]);
  });

  test("of an unknown call is nothing", () => {
    const t = table();
    t.calls.cancel(99);
    expect(t.items()).toEqual([]);
  });

  test("makes the core's answer void", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.send();
    t.calls.cancel(10);
    t.calls.deliver([result(1, "1")]);
    expect(t.replies).toEqual([]);
  });
});

describe("when the connection drops", () => {
  test("sent calls have an unknown outcome, once; others wait", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.send();
    t.call(11, "b", "1", 0);
    t.calls.interrupted();
    t.calls.interrupted();
    expect(t.replies).toEqual([{ page: 10, ok: false, code: "unknown_outcome", id: "sessname-1" }]);
    expect(t.entries[1]!.item).toBeDefined();
  });

  test("for good, sent calls have an unknown outcome and others are closed", () => {
    const t = table();
    t.call(10, "a", "1", 0);
    t.send();
    t.call(11, "b", "1", 0);
    t.calls.closed();
    expect(t.replies.map((r) => r.code)).toEqual(["unknown_outcome", "closed"]);
  });

  for (const verdict of [{ pass: true, command: "a", json: "1", sections: 0 }, { pass: false, cause: Cause.refused }] as Verdict[])
    test(`a verdict that comes after the end seals nothing: ${verdict.pass ? "the call" : "its refusal"}`, () => {
      let done: ((v: Verdict) => void) | undefined;
      const t = table((_, d) => (done = d));
      t.call(10, "a", "1", 0);
      t.calls.closed();
      done!(verdict);
      expect(t.items()).toEqual([]);
      expect(t.replies).toHaveLength(1);
    });
});

/** The numbers of reports that were left out, as told. */
const leftOut = (t: ReturnType<typeof table>): number[] =>
  t.items().flatMap((i) => (i.kind === "report" && i.cause === Cause.dropped && i.command === "" ? [i.id] : []));

describe("reports", () => {
  test("come at a bounded rate, and those left out are counted", async () => {
    const t = table(keep(Cause.refused));
    for (let i = 0; i < 100; i++) t.call(i, "a", "1", 0);
    expect(leftOut(t)).toEqual([1, 1, 2, 4, 8, 16, 32]);
    await pause(1100);
    expect(leftOut(t)).toEqual([1, 1, 2, 4, 8, 16, 32, 16]);
    expect(t.items()).toHaveLength(28);
    expect(t.replies).toHaveLength(100);
  });

  test("that are left out are told at once, so that the end of the session hides fewer than were told", () => {
    const t = table(keep(Cause.refused));
    for (let i = 0; i < 1000; i++) {
      t.call(i, "a", "1", 0);
      const single = t.items().filter((item) => item.kind === "report" && item.cause !== Cause.dropped).length;
      const told = leftOut(t).reduce((a, b) => a + b, 0);
      if (i + 1 > single) expect(2 * told).toBeGreaterThan(i + 1 - single);
    }
    expect(leftOut(t).length).toBeLessThan(12);
  });

  test("that are left out second after second are summed up once a second", async () => {
    const t = table(keep(Cause.refused));
    for (let i = 0; i < 1000; i++) t.call(i, "a", "1", 0);
    const before = leftOut(t).length;
    await pause(1100);
    for (let i = 1000; i < 1500; i++) t.call(i, "a", "1", 0);
    await pause(1000);
    expect(leftOut(t).length).toBe(before + 2);
    expect(t.items().reduce((n, i) => n + (i.kind === "report" && i.cause === Cause.dropped ? i.id : 1), 0)).toBe(1500);
  });

  test("come again after a pause", async () => {
    const t = table(keep(Cause.refused));
    for (let i = 0; i < 30; i++) t.call(i, "a", "1", 0);
    await pause(1200);
    t.call(50, "late", "1", 0);
    expect(t.items().at(-1)).toMatchObject({ kind: "report", command: "late" });
  });
});
