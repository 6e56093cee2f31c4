import type { Sections } from "./binary.ts";
import { Cause, Kept } from "./items.ts";
import type { AnswerJudge, Judge, Question, Verdict } from "./judge.ts";
import type { Entry } from "./outbox.ts";
import type { Answers } from "./protocol.ts";
import { Reports } from "./reports.ts";
import type { Request } from "./request.ts";

/** How the messages of a session leave and answers return. */
export interface GateConfig {
  readonly judge: Judge;
  /** Undefined when answers need not be seen by anybody. */
  readonly judgeAnswer: AnswerJudge | undefined;
  readonly maxPlaintext: number;
  /** Whether the carrier brings things in order or not at all. */
  readonly ordered: boolean;
  /** The part of a call's public id that names the session. */
  readonly prefix: string;
  send(entry: Entry): void;
  readonly to: Answers;
}

/** The way past the hook and out, which all requests of a session share, with the count of what they hold. */
export class Gate {
  readonly config: GateConfig;
  readonly #reports: Reports;
  /** Bytes and characters of what waits, or may be shown to the hook again. */
  held = 0;
  /** What the hook is at: what the page has cancelled meanwhile, and answers, too. */
  judging = 0;
  closed = false;

  constructor(config: GateConfig) {
    this.config = config;
    this.#reports = new Reports((item) => this.send(item));
  }

  /** Asks the hook about what is no request itself. Its verdict may come after the session's end. */
  ask(question: Question, then: (verdict: Verdict) => void): void {
    this.judging++;
    this.config.judge(question, (verdict) => {
      this.judging--;
      then(verdict);
    });
  }

  /** Seals an item that nobody has to hear of. */
  send(item: Uint8Array): void {
    this.config.send({ item, sent: ignore });
  }

  /** Reports that the hook kept something of the page's back, which would have been an item of that kind. */
  kept(r: Request, what: number, cause: Cause | "invalid"): void {
    if (cause !== "invalid" && !this.closed) this.#reports.report(Kept.call, r.id, cause, what, r.name);
  }

  /** Reports that the hook kept back an item of the core's of that kind. */
  hid(r: Request, what: number, cause: Cause): void {
    if (!this.closed) this.#reports.report(Kept.answer, r.id, cause, what, r.name);
  }
}

/** Who ends requests. */
export interface Owner {
  /** Ends a request here and in the core. */
  giveUp(r: Request, code: "hook_refused" | "invalid_args" | "too_large" | "busy" | "unknown_outcome"): void;
  /** Takes the core's answer off the list of what is waited for. */
  answered(r: Request, ok: boolean): void;
  /** Tells the page of an answer that has passed. */
  reply(r: Request, ok: boolean, json: string, sections: Sections): void;
  /** Tells the page that its answer was kept back. */
  hide(r: Request, what: number, cause: Cause): void;
}

const ignore = (): void => {};
