import { MapOf, byteLength, emptyList, mapDelete, mapEach, mapGet, mapHas, mapSet, mapSize, stringifyJSON, toUTF8 } from "./primordials.ts";
import { type Code, messageOf } from "./errors.ts";
import type { AnswerJudge, Judge, Question } from "./hook.ts";
import { Cause, Down, type Item, Kept, Up, callItem, cancelItem } from "./items.ts";
import { Reports } from "./reports.ts";
import type { Entry } from "./outbox.ts";
import { MAX_COMMAND } from "./wire.ts";

/** Calls that may wait for an answer at once, and questions that the hook may be at when another is taken. */
export const MAX_CALLS = 4096;
/** Characters of arguments that they may hold together. */
export const MAX_HELD = 32 * 1024 * 1024;

const FULL = 2 ** 32 - 1;

/** How calls leave and answers return. */
export interface CallsConfig {
  readonly judge: Judge;
  /** Undefined when answers need not be seen by anybody. */
  readonly judgeAnswer: AnswerJudge | undefined;
  readonly maxPlaintext: number;
  /** The part of a call's public id that names the session. */
  readonly prefix: string;
  send(entry: Entry): void;
  reply(page: number, ok: boolean, json: string): void;
}

interface Call {
  readonly page: number; // the page's number for it
  readonly hookID: number;
  command: string;
  json: string;
  id: number; // its number on the wire, 0 before the verdict
  entry: Entry | undefined; // as long as it waits to be sealed, or is
  sent: boolean;
  judging: boolean; // the hook is at it, whatever the page says meanwhile
  cancelled: boolean;
}

/**
 * The calls of one session between page and core: each goes past the judge, is
 * written down at the verdict, waits for its place in a batch, and is answered
 * exactly once.
 */
export class Calls {
  readonly #config: CallsConfig;
  readonly #reports: Reports;
  readonly #byPage = new MapOf<number, Call>();
  readonly #byID = new MapOf<number, Call>();
  #lastCommand = "";
  #lastName: Uint8Array = toUTF8("");
  #held = 0;
  #judged = 0;
  #judging = 0; // what the hook is at: calls, the page's cancelled ones too, cancellations and answers
  #ids = 0;
  #closed = false;

  constructor(config: CallsConfig) {
    this.#config = config;
    this.#reports = new Reports((item) => config.send(entryOf(item)));
  }

  /** Takes a call of the page; timeout is in milliseconds, 0 for none. */
  call(page: number, command: string, json: string, timeout: number): void {
    if (mapHas(this.#byPage, page)) return;
    if (this.#closed) return this.#refuse(page, "closed");
    if (json.length > this.#config.maxPlaintext) return this.#refuse(page, "too_large");
    if (command === "" || command.length > MAX_COMMAND || byteLength(this.#nameOf(command)) > MAX_COMMAND) return this.#refuse(page, "denied");
    if (mapSize(this.#byPage) >= MAX_CALLS || this.#judging >= MAX_CALLS || this.#held + json.length > MAX_HELD) return this.#refuse(page, "busy");
    const call: Call = { page, hookID: ++this.#judged, command, json, id: 0, entry: undefined, sent: false, judging: true, cancelled: false };
    mapSet(this.#byPage, page, call);
    this.#held += json.length;
    this.#judging++;
    this.#config.judge(questionOf("call", call), (verdict) => {
      this.#judging--;
      call.judging = false;
      if (call.cancelled) this.#held -= call.json.length;
      if (this.#closed) return;
      if (!verdict.pass) return this.#keep(call, verdict.cause);
      const name = this.#nameOf(verdict.command);
      const n = byteLength(name);
      if (n === 0 || n > MAX_COMMAND) return this.#keep(call, Cause.malformed);
      if (call.cancelled) return;
      if (verdict.json.length > this.#config.maxPlaintext) return this.#fail(call, "too_large");
      this.#held += verdict.json.length - call.json.length;
      call.command = verdict.command;
      call.json = verdict.json;
      const item = callItem(this.#ids + 1, timeout, 0, name, verdict.json, 0);
      if (byteLength(item) > this.#config.maxPlaintext) return this.#fail(call, "too_large");
      if (!this.#number(call)) return;
      mapSet(this.#byID, call.id, call);
      call.entry = entryOf(item, () => this.#sent(call));
      this.#config.send(call.entry);
    });
  }

  // UTF-8 of a command's name. A page mostly repeats the last one.
  #nameOf(command: string): Uint8Array {
    if (command !== this.#lastCommand) {
      this.#lastName = toUTF8(command);
      this.#lastCommand = command;
    }
    return this.#lastName;
  }

  /** Takes a cancellation. The page has its error already and gets no other. */
  cancel(page: number): void {
    const call = mapGet(this.#byPage, page);
    if (call === undefined) return;
    call.cancelled = true;
    this.#forget(call);
    if (call.sent) this.#sendCancel(call);
    else if (call.entry !== undefined) call.entry.item = undefined;
  }

  /** Takes the core's answers. */
  deliver(items: readonly Item[]): void {
    for (let i = 0; i < items.length; i++) {
      const { kind, id, json } = items[i]!;
      if (kind !== Down.result && kind !== Down.error) continue; // of streams, which nothing here asks for
      const ok = kind === Down.result;
      const call = mapGet(this.#byID, id);
      if (call === undefined || !call.sent) continue; // cancelled, or given up
      this.#forget(call);
      const judge = this.#config.judgeAnswer;
      if (judge === undefined) {
        this.#config.reply(call.page, ok, json);
        continue;
      }
      this.#judging++;
      judge(ok, json, questionOf("call", call), (verdict) => {
        this.#judging--;
        if (verdict.pass) return this.#config.reply(call.page, ok, verdict.json);
        if (!this.#closed) this.#reports.report(Kept.answer, call.id, verdict.cause, kind, call.command);
        this.#config.reply(call.page, false, errorJSON("hook_refused", this.#idOf(call)));
      });
    }
  }

  /** Gives up what was sent: it is never sent again. */
  interrupted(): void {
    this.#sweep((call) => (call.sent ? "unknown_outcome" : undefined));
  }

  /** Gives up everything, for good. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sweep((call) => (call.sent ? "unknown_outcome" : "closed"));
  }

  #sweep(codeOf: (call: Call) => Code | undefined): void {
    const ended = emptyList<{ call: Call; code: Code }>();
    mapEach(this.#byPage, (call) => {
      const code = codeOf(call);
      if (code !== undefined) ended[ended.length] = { call, code };
    });
    for (let i = 0; i < ended.length; i++) this.#fail(ended[i]!.call, ended[i]!.code);
  }

  // The verdict was to keep it back: the page learns that, and the record why.
  // A page that has cancelled the call meanwhile learns nothing, but keeps
  // nothing off the record.
  #keep(call: Call, cause: Cause | "invalid"): void {
    if (cause === "invalid") return this.#fail(call, "invalid_args");
    if (!this.#number(call)) return;
    this.#reports.report(Kept.call, call.id, cause, Up.call, call.command);
    this.#fail(call, "hook_refused");
  }

  // Numbers are given at the verdict, so that they count up on the wire
  // however long a hook takes over one call.
  #number(call: Call): boolean {
    if (this.#ids >= FULL) {
      this.#fail(call, "closed");
      return false;
    }
    call.id = ++this.#ids;
    return true;
  }

  #sent(call: Call): void {
    call.sent = true;
    call.entry = undefined;
    if (call.cancelled) this.#sendCancel(call);
  }

  #sendCancel(call: Call): void {
    this.#judging++;
    this.#config.judge(questionOf("cancel", call), (verdict) => {
      this.#judging--;
      if (this.#closed) return;
      if (verdict.pass) this.#config.send(entryOf(cancelItem(call.id)));
      else if (typeof verdict.cause === "number") this.#reports.report(Kept.call, call.id, verdict.cause, Up.cancel, call.command);
    });
  }

  #idOf(call: Call): string {
    return call.id === 0 ? "" : `${this.#config.prefix}-${call.id}`;
  }

  #forget(call: Call): void {
    if (!mapDelete(this.#byPage, call.page)) return;
    mapDelete(this.#byID, call.id);
    if (!call.judging) this.#held -= call.json.length; // else when the hook lets go of it
  }

  #fail(call: Call, code: Code): void {
    if (call.cancelled) return; // the page has its error already
    call.cancelled = true;
    this.#forget(call);
    this.#config.reply(call.page, false, errorJSON(code, this.#idOf(call)));
  }

  #refuse(page: number, code: Code): void {
    this.#config.reply(page, false, errorJSON(code, ""));
  }
}

function questionOf(kind: "call" | "cancel", call: Call): Question {
  return { kind, id: call.hookID, command: call.command, json: call.json };
}

// An error of the frame's own, in the form that the core uses.
function errorJSON(code: Code, id: string): string {
  return `{"code":${stringifyJSON(code)},"id":${stringifyJSON(id)},"message":${stringifyJSON(messageOf(code))}}`;
}

function entryOf(item: Uint8Array, sent: () => void = () => {}): Entry {
  return { item, sent };
}
