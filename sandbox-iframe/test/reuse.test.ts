import { describe, expect, test } from "vitest";
import { Cause, Wants } from "../src/items.ts";
import { type AnswerJudge, type AnswerVerdict, passAll } from "../src/judge.ts";
import { MAX_CALLS, MAX_HELD } from "../src/limits.ts";
import { table } from "./table.ts";

/** A judge of answers that waits with items, and the words that it waits for. */
function slowItems() {
  const waiting: ((v: AnswerVerdict) => void)[] = [];
  const judgeAnswer: AnswerJudge = (answer, _, done) => (answer.kind === "item" ? void waiting.push(done) : done({ pass: true, json: answer.json, sections: answer.sections }));
  return { judgeAnswer, refuse: () => waiting.shift()!({ pass: false, cause: Cause.refused }) };
}

describe("a number that the page uses again while the hook is at an item of its last call", () => {
  /** The page's number 10 names a call that was answered, of which the hook has an item, and then another. */
  function reused(before: string, after: string) {
    const { judgeAnswer, refuse } = slowItems();
    const t = table(passAll, MAX_HELD, judgeAnswer);
    const again = (id: number): void => {
      t.call(10, "files.get", before, 0, Wants.items);
      t.send();
      t.deliver({ kind: "item", id, offset: 0, json: "1" }, { kind: "end", id, offset: 19 }, { kind: "result", id, json: '"old"' });
      t.call(10, "notes.save", after);
      t.send();
      refuse();
    };
    return { t, again };
  }

  test("C9 names the new call, which can be cancelled and is answered once", () => {
    const { t, again } = reused("{}", "{}");
    again(1);
    t.deliver({ kind: "result", id: 2, json: '"new"' }, { kind: "result", id: 2, json: '"twice"' });
    expect(t.replies.filter((r) => r.ok)).toEqual([{ page: 10, ok: true, value: "new" }]);
    t.call(10, "a", "{}");
    t.send();
    t.calls.cancel(10);
    expect(t.items().at(-1)).toMatchObject({ kind: "cancel", id: 3 });
  });

  test("C9 frees no place and no memory that the old call has freed before", () => {
    const large = JSON.stringify("x".repeat(MAX_HELD / 4));
    const { t, again } = reused(large, "{}");
    again(1);
    // What the page may hold is still MAX_HELD, and no more.
    for (let page = 20; page < 26; page++) t.call(page, "a", large);
    expect(t.replies.filter((r) => r.code === "busy").map((r) => r.page)).toEqual([23, 24, 25]);
  });

  test("C9 takes one of the places that there are for requests", () => {
    const { t, again } = reused("{}", "{}");
    again(1);
    for (let page = 20; page < 20 + MAX_CALLS; page++) t.call(page, "a", "{}");
    expect(t.replies.filter((r) => r.code === "busy")).toHaveLength(1);
  });
});
