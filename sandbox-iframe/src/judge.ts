import type { Sections } from "./binary.ts";
import type { Cause } from "./items.ts";

/** What a page asks for. */
export type AskKind = "call" | "cancel" | "emit" | "listen" | "unlisten" | "item" | "end" | "pull";
/** What the core says. */
export type AnswerKind = "result" | "error" | "item" | "event" | "progress" | "end";

/** A message of the page: its value as JSON text, and what goes with it. */
export interface Question {
  readonly kind: AskKind;
  readonly id: number;
  readonly command: string;
  /** Of an emit, a listen and what is about them; "" for others. */
  readonly event: string;
  /** Of an emit: the label of a window, "" for all. */
  readonly target: string;
  readonly json: string;
  readonly sections: Sections;
}

/** What came of it: the message as it is to be sealed, or why it is kept back. */
export type Verdict =
  | { readonly pass: true; readonly command: string; readonly json: string; readonly sections: Sections }
  | { readonly pass: false; readonly cause: Cause | "invalid" };

/** Decides on a question; done is called exactly once, at once if the decision needs no waiting. */
export type Judge = (question: Question, done: (verdict: Verdict) => void) => void;

/** A message of the core: its value as JSON text, and what goes with it. */
export interface Answer {
  readonly kind: AnswerKind;
  readonly json: string;
  readonly sections: Sections;
  /** Of an event: the label of the window that sent it, "" for the core. */
  readonly window: string;
}

/** What came of it: the value as the page gets it, or why it is kept back. */
export type AnswerVerdict =
  | { readonly pass: true; readonly json: string; readonly sections: Sections }
  | { readonly pass: false; readonly cause: Cause };

/** Decides on an answer to a question; done is called as by a Judge. */
export type AnswerJudge = (answer: Answer, question: Question, done: (verdict: AnswerVerdict) => void) => void;

/** The judge of the brownfield pattern, which has no hook. */
export const passAll: Judge = (question, done) => done({ pass: true, command: question.command, json: question.json, sections: question.sections });
