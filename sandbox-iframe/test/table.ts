import type { Sections } from "../src/binary.ts";
import { Calls } from "../src/calls.ts";
import type { Cause } from "../src/items.ts";
import { parseItems as parseCore } from "../src/items.ts";
import { type AnswerJudge, type Judge, passAll } from "../src/judge.ts";
import type { Entry } from "../src/outbox.ts";
import { type CoreItem, type Item, itemOf, parseItems } from "./grammar.ts";

export interface Reply { page: number; ok: boolean; code?: string; id?: string; value?: unknown }

/** The requests of one session between a page and a core that are both the test. */
export function table(judge: Judge = passAll, maxPlaintext = 1000, judgeAnswer?: AnswerJudge, ordered = true) {
  const replies: Reply[] = [];
  /** What the page was told besides. */
  const told: unknown[][] = [];
  const entries: Entry[] = [];
  const sealed = new Map<Entry, Uint8Array>();
  const note = (name: string) => (...a: unknown[]) => void told.push([name, ...a]);
  const calls = new Calls({
    judge,
    judgeAnswer,
    maxPlaintext,
    ordered,
    prefix: "sessname",
    send: (entry) => entries.push(entry),
    to: {
      reply: (page, ok, json, sections) => {
        const value = JSON.parse(json);
        replies.push(ok ? { page, ok, value } : { page, ok, code: value.code, id: value.id });
        if (sections !== 0) told.push(["sections", page, sections]);
      },
      item: note("item"),
      event: note("event"),
      end: note("end"),
      taken: note("taken"),
      progress: note("progress"),
    },
  });
  /** The items that were sealed or still are to be, in order. */
  const items = (): Item[] =>
    entries.flatMap((e) => {
      const item = sealed.get(e) ?? e.item;
      return item === undefined ? [] : parseItems(item);
    });
  /** Seals what waits. */
  const send = (): void => {
    for (const e of [...entries]) {
      if (e.item === undefined || sealed.has(e)) continue;
      sealed.set(e, e.item);
      e.sent();
    }
  };
  const call = (page: number, command: string, json: string, timeout = 0, wants = 0, sections: Sections = 0): void =>
    calls.call(page, command, json, timeout, wants, sections);
  /** One batch of the core's. */
  const deliver = (...list: CoreItem[]): void => calls.deliver(list.map((item) => parseCore(itemOf(item))[0]!));
  return { call, calls, replies, told, entries, items, send, deliver };
}

export const keep = (cause: Cause | "invalid"): Judge => (_, done) => done({ pass: false, cause });
