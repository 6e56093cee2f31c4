import {
  ObjectPrototype, debug, elapsed, freeze, getPrototypeOf, hasOwn, isSafeInteger, keys, later, never, parseJSON, when,
} from "./primordials.ts";
import { BodyWriter, readBody } from "./body.ts";
import { Cause } from "./items.ts";
import { writeJSON } from "./json.ts";
import type { Answer, AnswerJudge, AnswerKind, AnswerVerdict, AskKind, Judge, Question, Verdict } from "./judge.ts";

/** A message of the page as a hook sees it. */
export interface HookCall {
  readonly kind: AskKind;
  /** Tells requests of this session apart; what is about one, and its answers, carry its number. */
  readonly id: number;
  /** Of events "sallyport:emit" and "sallyport:listen". */
  command: string;
  /** What a section's bytes are is {$bytes: Uint8Array, type: string} here. */
  args: unknown;
  /** The name of an event; only where there is one. */
  readonly event?: string;
  /** The label of the window that an event is for; undefined is all windows and the core. */
  readonly target?: string | undefined;
  /** The window's label, from the session. */
  readonly window: string;
  /** The origin of the page that asks, from the session. */
  readonly origin: string;
}

/** An answer as a hook sees it. Of an error only message and data can be changed, of an end nothing. */
export type HookAnswer =
  | { kind: "result" | "item"; value: unknown }
  | { kind: "event"; value: unknown; readonly window: string | undefined }
  | { kind: "progress"; value: { done: number; total: number; text: string } }
  | { kind: "error"; error: { code: string; id: string; message?: string; data?: unknown } }
  | { kind: "end" };

// A refusal is known by its private field, so that no object of the page's
// making can look like one and none of the hook's calls is mistaken for one.
class Refusal {
  readonly #reason: string;
  constructor(reason: string) {
    this.#reason = reason;
    freeze(this);
  }
  static is(value: object): value is Refusal {
    return #reason in value;
  }
  static reason(refusal: Refusal): string {
    return refusal.#reason;
  }
}

const bad = (cause: Cause | "invalid"): Verdict => ({ pass: false, cause });
const hidden = (cause: Cause): AnswerVerdict => ({ pass: false, cause });

// What came of asking a hook: its word, or the cause why there is none.
type Outcome = { readonly cause: undefined; readonly value: unknown } | { readonly cause: Cause };

/** The app's hook: two functions, registered once each and before start. */
export class Hook {
  #call: ((call: HookCall) => unknown) | undefined;
  #answer: ((answer: HookAnswer, call: HookCall) => unknown) | undefined;
  #sealed = false;
  readonly #writer = new BodyWriter(); // one for all: nothing waits while it writes
  readonly #window: string;
  readonly #origin: string;
  readonly #limit: number;

  /** limit is in milliseconds. */
  constructor(window: string, origin: string, limit: number) {
    this.#window = window;
    this.#origin = origin;
    this.#limit = limit;
  }

  /** The object that hook code works with. */
  readonly surface = freeze({
    onCall: (fn: (call: HookCall) => unknown): void => {
      this.#register(fn, this.#call);
      this.#call = fn;
    },
    onAnswer: (fn: (answer: HookAnswer, call: HookCall) => unknown): void => {
      this.#register(fn, this.#answer);
      this.#answer = fn;
    },
    refuse: (reason: unknown): unknown => new Refusal(typeof reason === "string" ? reason : ""),
  });

  #register(fn: unknown, before: unknown): void {
    if (typeof fn !== "function") throw new TypeError("sallyport: a hook must be a function");
    if (this.#sealed || before !== undefined) throw new TypeError("sallyport: a hook is registered once, while the hook file runs");
  }

  /** Takes no more registrations. */
  seal(): void {
    this.#sealed = true;
  }

  /** Whether answers have to be shown to a hook. */
  get seesAnswers(): boolean {
    return this.#answer !== undefined;
  }

  readonly judge: Judge = (question, done) => {
    const hook = this.#call;
    if (hook === undefined) return done(bad(Cause.malformed));
    let call: HookCall;
    try {
      call = this.#show(question);
    } catch {
      return done(bad("invalid"));
    }
    this.#ask(() => hook(call), (outcome) => done(outcome.cause === undefined ? this.#verdict(question, outcome.value) : bad(outcome.cause)));
  };

  readonly judgeAnswer: AnswerJudge = (answer, question, done) => {
    const hook = this.#answer;
    if (hook === undefined) return done({ pass: true, json: answer.json, sections: answer.sections });
    let shown: HookAnswer;
    let call: HookCall;
    try {
      shown = showAnswer(answer);
      call = this.#show(question);
    } catch {
      return done(hidden(Cause.malformed));
    }
    this.#ask(() => hook(shown, call), (outcome) => done(outcome.cause === undefined ? this.#rewritten(answer, outcome.value) : hidden(outcome.cause)));
  };

  #show({ kind, id, command, event, target, json, sections }: Question): HookCall {
    const args = readBody(json, sections);
    const window = this.#window;
    const origin = this.#origin;
    if (event === "") return { kind, id, command, args, window, origin };
    if (kind !== "emit") return { kind, id, command, event, args, window, origin };
    return { kind, id, command, event, target: labelOf(target), args, window, origin };
  }

  // Calls the hook and waits for a promise, and for nothing else that has a
  // then: arguments of the page must not become code. done runs in the same
  // turn in which the hook's word is known. No timer runs while the hook keeps
  // its thread busy, so a word is also looked at for when it came.
  #ask(run: () => unknown, done: (outcome: Outcome) => void): void {
    const began = elapsed();
    let open = true;
    let timer: unknown;
    const settle = (outcome: Outcome): void => {
      if (!open) return;
      open = false;
      if (timer !== undefined) never(timer);
      done(outcome.cause === undefined && elapsed() - began > this.#limit ? { cause: Cause.timeout } : outcome);
    };
    let result: unknown;
    try {
      result = run();
    } catch {
      return settle({ cause: Cause.threw });
    }
    if (isPlain(result)) return settle({ cause: undefined, value: result });
    try {
      void when(result as Promise<unknown>, (value) => settle({ cause: undefined, value }), () => settle({ cause: Cause.threw }));
    } catch {
      return settle({ cause: undefined, value: result }); // not a promise
    }
    timer = later(() => settle({ cause: Cause.timeout }), this.#limit);
  }

  #verdict(question: Question, value: unknown): Verdict {
    if (typeof value !== "object" || value === null) return bad(Cause.malformed);
    if (Refusal.is(value)) {
      // Only for whoever has the developer tools open; neither page nor core sees it.
      debug("sallyport: the hook refused a call:", Refusal.reason(value));
      return bad(Cause.refused);
    }
    try {
      const call = members(value);
      if (call.kind !== question.kind || typeof call.command !== "string" || call.args === undefined) return bad(Cause.malformed);
      if (!same(call.id, question.id) || !same(call.window, this.#window) || !same(call.origin, this.#origin)) return bad(Cause.malformed);
      if (!same(call.event, question.event) || !same(call.target, question.target)) return bad(Cause.malformed);
      if (question.kind !== "call" && call.command !== question.command) return bad(Cause.malformed);
      const json = this.#writer.write(call.args);
      return { pass: true, command: call.command, json, sections: this.#writer.take() };
    } catch {
      return bad(this.#unwritable(question) ? "invalid" : Cause.malformed);
    }
  }

  // Whether arguments could not be written as they came: too deep, or with bytes
  // that don't go with the text. The page's own client sends none such.
  #unwritable(question: Question): boolean {
    try {
      this.#writer.write(readBody(question.json, question.sections));
      return false;
    } catch {
      return true;
    } finally {
      this.#writer.take();
    }
  }

  #rewritten(before: Answer, value: unknown): AnswerVerdict {
    if (typeof value !== "object" || value === null) return hidden(Cause.malformed);
    if (Refusal.is(value)) {
      debug("sallyport: the hook refused an answer:", Refusal.reason(value)); // as for a call
      return hidden(Cause.refused);
    }
    try {
      const after = own(value, membersOf[before.kind]);
      if (after.kind !== before.kind) return hidden(Cause.malformed);
      switch (before.kind) {
        case "end":
          return { pass: true, json: "", sections: 0 };
        case "error":
          return { pass: true, json: errorOf(before.json, after.error), sections: 0 };
        case "progress":
          return { pass: true, json: progressOf(after.value), sections: 0 };
        default: {
          if (after.value === undefined || !same(after.window, labelOf(before.window))) return hidden(Cause.malformed);
          const json = this.#writer.write(after.value);
          return { pass: true, json, sections: this.#writer.take() };
        }
      }
    } catch {
      return hidden(Cause.malformed);
    }
  }
}

const labelOf = (label: string): string | undefined => (label === "" ? undefined : label);

// The members that an answer of each kind has.
const membersOf: Record<AnswerKind, readonly string[]> & { __proto__: null } = {
  __proto__: null,
  result: ["kind", "value"],
  item: ["kind", "value"],
  event: ["kind", "value", "window"],
  progress: ["kind", "value"],
  error: ["kind", "error"],
  end: ["kind"],
};

function showAnswer({ kind, json, sections, window }: Answer): HookAnswer {
  if (kind === "end") return { kind };
  const value = readBody(json, sections);
  if (kind === "error") return { kind, error: value as { code: string; id: string } };
  if (kind === "event") return { kind, value, window: labelOf(window) };
  return { kind, value } as HookAnswer;
}

function errorOf(json: string, error: unknown): string {
  if (typeof error !== "object" || error === null) throw new TypeError("sallyport: an error is an object");
  const before = parseJSON(json) as Record<string, unknown>;
  const after = own(error, ["code", "id", "message", "data"]);
  return writeJSON({ code: before.code, id: before.id, message: after.message, data: after.data });
}

function progressOf(value: unknown): string {
  const { done, total, text } = own(value as object, ["done", "total", "text"]);
  if (!isCount(done) || !isCount(total) || typeof text !== "string") throw new TypeError("sallyport: a progress is two numbers and a text");
  return writeJSON({ done, total, text });
}

const isCount = (value: unknown): boolean => isSafeInteger(value) && (value as number) >= 0;

// What can't be a promise. A proxy that has been revoked says nothing of itself.
function isPlain(value: unknown): boolean {
  try {
    return typeof value !== "object" || value === null || getPrototypeOf(value) === ObjectPrototype;
  } catch {
    return true;
  }
}

const same = (value: unknown, expected: unknown): boolean => value === undefined || value === expected;

// The own members of a call, each read once; throws on one that has no meaning
// here. What own does, without its objects: this is done for every call.
function members(value: object): Record<"kind" | "id" | "command" | "event" | "target" | "args" | "window" | "origin", unknown> {
  let kind, id, command, event, target, args, window, origin: unknown;
  const present = keys(value);
  for (let i = 0; i < present.length; i++) {
    const name = present[i]!;
    const member = (value as Record<string, unknown>)[name];
    if (name === "kind") kind = member;
    else if (name === "id") id = member;
    else if (name === "command") command = member;
    else if (name === "args") args = member;
    else if (name === "window") window = member;
    else if (name === "origin") origin = member;
    else if (name === "event") event = member;
    else if (name === "target") target = member;
    else throw new TypeError("sallyport: an unknown member");
  }
  return { kind, id, command, event, target, args, window, origin };
}

// The own members of an object, each read once; throws on one that has no
// meaning here, which is more often a misspelling than a decoration.
function own(object: object, names: readonly string[]): Record<string, unknown> {
  const members = { __proto__: null } as unknown as Record<string, unknown>;
  for (let i = 0; i < names.length; i++) members[names[i]!] = undefined;
  const present = keys(object);
  for (let i = 0; i < present.length; i++) {
    const name = present[i]!;
    if (!hasOwn(members, name)) throw new TypeError("sallyport: an unknown member");
    members[name] = (object as Record<string, unknown>)[name];
  }
  return members;
}
