import {
  ObjectPrototype, debug, elapsed, freeze, getPrototypeOf, hasOwn, keys, later, never, parseJSON, when,
} from "./primordials.ts";
import { Cause } from "./items.ts";
import { TooDeep, writeJSON } from "./json.ts";

/** A call, or the cancellation of one, as a hook sees it. */
export interface HookCall {
  readonly kind: "call" | "cancel";
  /** Tells calls of this session apart; a cancellation and an answer carry the number of their call. */
  readonly id: number;
  command: string;
  args: unknown;
  /** The window's label, from the session. */
  readonly window: string;
  /** The origin of the page that asks, from the session. */
  readonly origin: string;
}

/** An answer as a hook sees it. Of an error only message and data can be changed. */
export type HookAnswer =
  | { kind: "result"; value: unknown }
  | { kind: "error"; error: { code: string; id: string; message?: string; data?: unknown } };

/** What is asked of the hook: the arguments as JSON text. */
export interface Question {
  readonly kind: "call" | "cancel";
  readonly id: number;
  readonly command: string;
  readonly json: string;
}

/** What came of it: the call as it is to be sealed, or why it is kept back. */
export type Verdict =
  | { readonly pass: true; readonly command: string; readonly json: string }
  | { readonly pass: false; readonly cause: Cause | "invalid" };

/** Decides on a question; done is called exactly once, at once if the decision needs no waiting. */
export type Judge = (question: Question, done: (verdict: Verdict) => void) => void;

/** What came of an answer: its JSON text as the page gets it, or why it is kept back. */
export type AnswerVerdict =
  | { readonly pass: true; readonly json: string }
  | { readonly pass: false; readonly cause: Cause };

/** Decides on an answer's JSON text; done is called as by a Judge. */
export type AnswerJudge = (ok: boolean, json: string, question: Question, done: (verdict: AnswerVerdict) => void) => void;

/** The judge of the brownfield pattern, which has no hook. */
export const passAll: Judge = (question, done) => done({ pass: true, command: question.command, json: question.json });

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

  readonly judgeAnswer: AnswerJudge = (ok, json, question, done) => {
    const hook = this.#answer;
    if (hook === undefined) return done({ pass: true, json });
    let answer: HookAnswer;
    let call: HookCall;
    try {
      const value = parseJSON(json);
      answer = ok ? { kind: "result", value } : { kind: "error", error: value };
      call = this.#show(question);
    } catch {
      return done(hidden(Cause.malformed));
    }
    this.#ask(() => hook(answer, call), (outcome) => done(outcome.cause === undefined ? this.#rewritten(ok, json, outcome.value) : hidden(outcome.cause)));
  };

  #show(question: Question): HookCall {
    const args = parseJSON(question.json) as unknown;
    return { kind: question.kind, id: question.id, command: question.command, args, window: this.#window, origin: this.#origin };
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
      if (question.kind === "cancel" && call.command !== question.command) return bad(Cause.malformed);
      return { pass: true, command: call.command, json: writeJSON(call.args) };
    } catch (e) {
      return bad(e instanceof TooDeep && tooDeep(question.json) ? "invalid" : Cause.malformed);
    }
  }

  #rewritten(ok: boolean, json: string, value: unknown): AnswerVerdict {
    if (typeof value !== "object" || value === null) return hidden(Cause.malformed);
    if (Refusal.is(value)) {
      debug("sallyport: the hook refused an answer:", Refusal.reason(value)); // as for a call
      return hidden(Cause.refused);
    }
    try {
      const answer = own(value, ["kind", ok ? "value" : "error"]);
      if (answer.kind !== (ok ? "result" : "error")) return hidden(Cause.malformed);
      if (ok) return answer.value === undefined ? hidden(Cause.malformed) : { pass: true, json: writeJSON(answer.value) };
      if (typeof answer.error !== "object" || answer.error === null) return hidden(Cause.malformed);
      const before = parseJSON(json) as Record<string, unknown>;
      const after = own(answer.error, ["code", "id", "message", "data"]);
      return { pass: true, json: writeJSON({ code: before.code, id: before.id, message: after.message, data: after.data }) };
    } catch {
      return hidden(Cause.malformed);
    }
  }
}

// What can't be a promise. A proxy that has been revoked says nothing of itself.
function isPlain(value: unknown): boolean {
  try {
    return typeof value !== "object" || value === null || getPrototypeOf(value) === ObjectPrototype;
  } catch {
    return true;
  }
}

// Whether arguments nest too deeply as they came. The page's own client sends none such.
function tooDeep(json: string): boolean {
  try {
    writeJSON(parseJSON(json));
    return false;
  } catch {
    return true;
  }
}

const same = (value: unknown, expected: unknown): boolean => value === undefined || value === expected;

// The own members of a call, each read once; throws on one that has no meaning
// here. What own does, without its objects: this is done for every call.
function members(value: object): Record<"kind" | "id" | "command" | "args" | "window" | "origin", unknown> {
  let kind, id, command, args, window, origin: unknown;
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
    else throw new TypeError("sallyport: an unknown member");
  }
  return { kind, id, command, args, window, origin };
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
