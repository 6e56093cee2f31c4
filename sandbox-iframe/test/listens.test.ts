import { describe, expect, test } from "vitest";
import { Cause } from "../src/items.ts";
import { type AnswerJudge, type Judge, passAll } from "../src/judge.ts";
import { MAX_CALLS } from "../src/limits.ts";
import { EVENT_WINDOW } from "../src/wire.ts";
import { type CoreItem, itemOf } from "./grammar.ts";
import { pause } from "./support.ts";
import { keep, table } from "./table.ts";

/** A listen under number 10 that the core has agreed to. */
function listening(options: { judge?: Judge; judgeAnswer?: AnswerJudge; ordered?: boolean } = {}) {
  const t = table(options.judge ?? passAll, 1 << 20, options.judgeAnswer, options.ordered);
  t.calls.listen(10, "notes.changed");
  t.send();
  t.deliver({ kind: "result", id: 1, json: "null" });
  return { ...t, core: new Emitter() };
}

/** The core's end of a listen: gives each event its place and number. */
class Emitter {
  offset = 0;
  number = 0;
  event(json: string, label = ""): CoreItem {
    const event: CoreItem = { kind: "event", id: 1, offset: this.offset, number: ++this.number, label, json };
    this.offset += itemOf(event).length;
    return event;
  }
}

const heard = (t: { told: unknown[][] }): unknown[] => t.told.map((m) => [m[3], m[5]]);
const kinds = (t: ReturnType<typeof table>): string[] => t.items().map((i) => i.kind);
const credits = (t: ReturnType<typeof table>): number[] => t.items().flatMap((i) => (i.kind === "credit" ? [i.limit] : []));
const text = (n: number): string => JSON.stringify("x".repeat(n - 2));
const SIZE = EVENT_WINDOW / 4 - 27; // of a text whose event takes a quarter of the window
const quarter = text(SIZE);

describe("an emit", () => {
  test("is sealed with number, event, label and payload, and answered once", () => {
    const t = table();
    t.calls.emit(10, "notes.changed", "", '{"n":1}', 0);
    t.calls.emit(11, "notes.changed", "editor", '{"$bytes":1,"type":"a/b"}', ["a/b", new Uint8Array([5])]);
    expect(t.items()).toEqual([
      { kind: "emit", id: 1, event: "notes.changed", target: "", json: '{"n":1}' },
      { kind: "emit", id: 2, event: "notes.changed", target: "editor", json: '{"$bytes":1,"type":"a/b"}', sections: [{ type: "a/b", bytes: new Uint8Array([5]) }] },
    ]);
    t.send();
    t.deliver({ kind: "result", id: 1, json: "null" }, { kind: "error", id: 2, json: '{"code":"denied","id":"x-2"}' }, { kind: "result", id: 1, json: "null" });
    expect(t.replies).toEqual([{ page: 10, ok: true, value: null }, { page: 11, ok: false, code: "denied", id: "x-2" }]);
  });

  test("is shown to the judge as what it is", () => {
    const seen: unknown[] = [];
    const t = table((q, done) => (seen.push(q), passAll(q, done)));
    t.calls.emit(10, "notes.changed", "editor", "1", 0);
    expect(seen).toEqual([{ kind: "emit", id: 1, command: "sallyport:emit", event: "notes.changed", target: "editor", json: "1", sections: 0 }]);
  });

  test("is sealed with the payload that the judge made of it, and its own event and label", () => {
    const t = table((_, done) => done({ pass: true, command: "notes.delete", json: "2", sections: 0 }));
    t.calls.emit(10, "notes.changed", "editor", "1", 0);
    expect(t.items()).toEqual([{ kind: "emit", id: 1, event: "notes.changed", target: "editor", json: "2" }]);
  });

  test("that the judge keeps back is reported by the event's name", () => {
    const t = table(keep(Cause.refused));
    t.calls.emit(10, "notes.changed", "editor", "1", 0);
    expect(t.items()).toEqual([{ kind: "report", id: 1, cause: 1, what: 5, command: "notes.changed" }]);
    expect(t.replies).toMatchObject([{ code: "hook_refused", id: "sessname-1" }]);
  });

  for (const [name, event, target] of [
    ["no event", "", ""], ["an event's name that is too long", "x".repeat(129), ""], ["an event's name that is too long in bytes", "\u00e4".repeat(65), ""],
    ["a label that is too long", "e", "x".repeat(129)], ["a label that is too long in bytes", "e", "\u00e4".repeat(65)],
  ] as const)
    test(`of ${name} is denied`, () => {
      const t = table(() => { throw new Error("asked"); });
      t.calls.emit(10, event, target, "1", 0);
      expect([t.replies.map((r) => r.code), t.items()]).toEqual([["denied"], []]);
    });

  test("that was sent has an unknown outcome when the connection drops, and is not cancelled", () => {
    const t = table();
    t.calls.emit(10, "e", "", "1", 0);
    t.send();
    t.calls.interrupted();
    expect([t.replies.map((r) => r.code), kinds(t)]).toEqual([["unknown_outcome"], ["emit"]]);
  });
});

describe("a listen", () => {
  test("is sealed, answered once, and then brings events until the page ends it", () => {
    const t = listening();
    t.deliver(t.core.event("1"), t.core.event("2", "editor"));
    expect(t.replies).toEqual([{ page: 10, ok: true, value: null }]);
    expect(t.told).toEqual([["event", 10, 28, 1, "", "1", 0], ["event", 10, 62, 2, "editor", "2", 0]]);
    t.calls.cancel(10);
    t.deliver(t.core.event("3"));
    expect(t.told).toHaveLength(2);
    expect(t.items()).toEqual([{ kind: "listen", id: 1, event: "notes.changed" }, { kind: "cancel", id: 1 }]);
  });

  test("and its end are shown to the judge as what they are", () => {
    const seen: unknown[] = [];
    const t = listening({ judge: (q, done) => (seen.push([q.kind, q.id, q.command, q.event, q.json]), passAll(q, done)) });
    t.calls.cancel(10);
    expect(seen).toEqual([["listen", 1, "sallyport:listen", "notes.changed", "{}"], ["unlisten", 1, "sallyport:listen", "notes.changed", "{}"]]);
  });

  test("that the judge keeps back is reported by the event's name, and so is its end", () => {
    const t = table(keep(Cause.refused));
    t.calls.listen(10, "notes.changed");
    expect(t.items()).toEqual([{ kind: "report", id: 1, cause: 1, what: 6, command: "notes.changed" }]);
    const u = listening({ judge: (q, done) => (q.kind === "unlisten" ? keep(Cause.threw) : passAll)(q, done) });
    u.calls.cancel(10);
    expect(u.items().slice(1)).toEqual([{ kind: "report", id: 1, cause: 2, what: 2, command: "notes.changed" }]);
  });

  test("that the core does not agree to brings nothing", () => {
    const t = table();
    t.calls.listen(10, "e");
    t.send();
    t.deliver({ kind: "error", id: 1, json: '{"code":"denied","id":""}' }, new Emitter().event("1"));
    expect([t.replies.map((r) => r.code), t.told]).toEqual([["denied"], []]);
  });

  test("whose agreement the hook keeps back is over, in the core too", () => {
    const t = listening({ judgeAnswer: (_, __, done) => done({ pass: false, cause: Cause.refused }) });
    t.deliver(t.core.event("1"));
    expect([t.replies.map((r) => r.code), t.told]).toEqual([["hook_refused"], []]);
    expect(t.items().slice(1)).toEqual([{ kind: "hidden", id: 1, cause: 1, what: 1, command: "notes.changed" }, { kind: "cancel", id: 1 }]);
  });

  for (const [name, last] of [["an end", { kind: "end", id: 1, offset: 28 }], ["an error", { kind: "error", id: 1, json: '{"code":"denied","id":""}' }]] as [string, CoreItem][])
    test(`that the core ends with ${name} brings nothing more, and its place is free`, () => {
      const t = listening();
      t.deliver(t.core.event("1"), last, t.core.event("2"));
      expect(heard(t).slice(0, 1)).toEqual([[1, "1"]]);
      expect(t.told.filter((m) => m[0] === "event")).toHaveLength(1);
      t.calls.cancel(10);
      expect(kinds(t)).toEqual(["listen"]);
    });

  test("counts as one of the requests that may be open", () => {
    const t = listening();
    for (let i = 0; i < MAX_CALLS - 1; i++) t.calls.listen(100 + i, "e");
    t.call(11, "a", "{}");
    expect(t.replies).toMatchObject([{ ok: true }, { page: 11, code: "busy" }]);
    t.calls.cancel(10);
    t.call(12, "a", "{}");
    expect(t.replies).toHaveLength(2);
  });

  test("under a number that is in use is ignored", () => {
    const t = listening();
    t.calls.listen(10, "other");
    t.call(10, "a", "{}");
    t.calls.emit(10, "e", "", "1", 0);
    expect(kinds(t)).toEqual(["listen"]);
  });

  test("is no place for items of a call", () => {
    const t = listening();
    expect(() => t.deliver({ kind: "item", id: 1, offset: 0, json: "1" })).toThrow();
  });
});

describe("the credit of a listen", () => {
  test("follows what the page has consumed", () => {
    const t = listening();
    for (let i = 0; i < 4; i++) t.deliver(t.core.event(quarter));
    t.calls.pull(10, t.told[1]![2] as number);
    t.calls.pull(10, t.told[3]![2] as number);
    expect(credits(t)).toEqual([1.5 * EVENT_WINDOW, 2 * EVENT_WINDOW]);
  });

  test("comes by itself for events that the hook keeps back: the page can't consume them", () => {
    const t = listening({ judgeAnswer: (a, _, done) => done(a.kind === "event" && a.json !== '"kept"' ? { pass: false, cause: Cause.refused } : { pass: true, json: a.json, sections: 0 }) });
    t.deliver(t.core.event('"kept"'));
    for (let i = 0; i < 40; i++) t.deliver(t.core.event(quarter));
    t.deliver(t.core.event('"kept"'));
    expect(t.told.map((m) => [m[2], m[3]])).toEqual([[33, 1], [66, 42]]); // offsets without what it never got, and numbers with it
    expect(credits(t).at(-1)).toBe(t.core.offset - 66 + EVENT_WINDOW);
    expect(t.items().filter((i) => i.kind === "hidden")[0]).toEqual({ kind: "hidden", id: 1, cause: 1, what: 4, command: "notes.changed" });
  });

  test("comes by itself for a gap", () => {
    const t = listening();
    for (let i = 0; i < 4; i++) t.core.event(quarter);
    t.deliver(t.core.event("1"));
    expect([credits(t), t.told]).toEqual([[2 * EVENT_WINDOW], [["event", 10, 28, 5, "", "1", 0]]]);
  });

  test("is never more than a window ahead of what the page says, whatever it makes up", () => {
    const t = listening();
    t.deliver(t.core.event(quarter));
    for (const made of [2 ** 52, EVENT_WINDOW, (t.told[0]![2] as number) + 1]) t.calls.pull(10, made);
    expect(credits(t)).toEqual([]);
  });
});

describe("when the connection drops, a listen", () => {
  test("goes on, with its credit said again, and the gap shows in the numbers", () => {
    const t = listening();
    t.deliver(t.core.event("1"));
    t.core.event("lost");
    t.calls.interrupted();
    t.calls.resumed();
    t.deliver(t.core.event("3"));
    expect([heard(t), t.replies.length]).toEqual([[[1, "1"], [3, "3"]], 1]);
  });

  test("gets credit anew once it is resumed, once: a window more, less what has arrived and is not consumed", () => {
    const t = listening();
    t.deliver(t.core.event(quarter), t.core.event(quarter));
    t.calls.pull(10, t.told[0]![2] as number);
    for (let i = 0; i < 3; i++) t.calls.interrupted(); // one attempt after the other
    expect(credits(t)).toEqual([1.25 * EVENT_WINDOW]);
    t.calls.resumed();
    t.calls.resumed(); // as after new keys
    expect(credits(t).slice(1)).toEqual([2 * EVENT_WINDOW]);
    for (let i = 0; i < 3; i++) t.core.event(quarter); // lost: up to the limit that was in force
    t.deliver(t.core.event(quarter));
    t.calls.pull(10, t.told[2]![2] as number);
    expect(credits(t).at(-1)).toBe(2.5 * EVENT_WINDOW);
  });

  test("whose answer was lost is over, and cancelled as soon as that can be said", () => {
    const t = table();
    t.calls.listen(10, "e");
    t.send();
    t.calls.interrupted();
    expect([t.replies.map((r) => r.code), kinds(t)]).toEqual([["unknown_outcome"], ["listen", "cancel"]]);
    t.deliver({ kind: "result", id: 1, json: "null" }, new Emitter().event("1"));
    expect([t.told, t.replies.length]).toEqual([[], 1]);
  });

  test("that was not sent waits", () => {
    const t = table();
    t.calls.listen(10, "e");
    t.calls.interrupted();
    t.calls.resumed();
    expect([t.replies, kinds(t)]).toEqual([[], ["listen"]]);
  });

  test("for good, is closed", () => {
    const t = listening();
    t.calls.listen(11, "lost");
    t.send();
    t.calls.closed();
    expect(t.replies.slice(1).map((r) => [r.page, r.code])).toEqual([[10, "closed"], [11, "unknown_outcome"]]);
  });

  test("on the relay, gets it as soon as the loss is known", () => {
    const t = listening({ ordered: false });
    t.calls.interrupted();
    expect(credits(t)).toEqual([2 * EVENT_WINDOW]);
  });
});

describe("on the relay, events", () => {
  test("get their order back", () => {
    const t = listening({ ordered: false });
    const [one, two, three] = [t.core.event("1"), t.core.event("2"), t.core.event("3")];
    t.deliver(three, two);
    expect(t.told).toEqual([]);
    t.deliver(one);
    expect(heard(t)).toEqual([[1, "1"], [2, "2"], [3, "3"]]);
  });

  test("wait for what is missing until something is known to be lost", async () => {
    const t = listening({ ordered: false });
    const one = t.core.event("1");
    const two = t.core.event("2");
    t.core.event("lost");
    t.deliver(t.core.event("4"), two);
    await pause(1100);
    expect(t.told).toEqual([]);
    t.calls.interrupted();
    t.deliver(one); // too late
    expect(heard(t)).toEqual([[2, "2"], [4, "4"]]);
  });

  test("wait a while for what is missing when something is, since it may have been that", async () => {
    const t = listening({ ordered: false });
    t.calls.interrupted();
    const one = t.core.event("1");
    t.core.event("lost");
    t.deliver(t.core.event("3"));
    t.deliver(one);
    expect(heard(t)).toEqual([[1, "1"]]);
    await pause(1100);
    expect(heard(t)).toEqual([[1, "1"], [3, "3"]]);
  });

  test("wait in bounds", () => {
    const t = listening({ ordered: false });
    t.core.event("lost");
    for (let i = 0; i < 4; i++) t.deliver(t.core.event(quarter));
    expect(t.told).toEqual([]);
    t.deliver(t.core.event("6"));
    expect(t.told).toHaveLength(5);
  });

  test("of a listen that has ended meanwhile are nothing", async () => {
    const t = listening({ ordered: false });
    t.calls.interrupted();
    t.core.event("lost");
    t.deliver(t.core.event("2"));
    t.calls.cancel(10);
    await pause(1100);
    expect(t.told).toEqual([]);
  });
});

describe("an answer's hook", () => {
  test("sees events with their sender, and keeps their order however long it takes", () => {
    const asked: { kind: string; window: string; pass: () => void }[] = [];
    const t = listening({ judgeAnswer: (a, _, done) => void asked.push({ kind: a.kind, window: a.window, pass: () => done({ pass: true, json: a.json, sections: 0 }) }) });
    t.deliver(t.core.event("1"), t.core.event("2", "editor"));
    expect(asked.map((a) => [a.kind, a.window])).toEqual([["result", ""], ["event", ""], ["event", "editor"]]);
    asked[2]!.pass();
    asked[1]!.pass();
    expect([t.told, t.replies]).toEqual([[], []]);
    asked[0]!.pass();
    expect([heard(t), t.replies.length]).toEqual([[[1, "1"], [2, "2"]], 1]);
  });
});
