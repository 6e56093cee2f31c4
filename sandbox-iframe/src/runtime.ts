import { sessionName } from "./bytes.ts";
import { Calls } from "./calls.ts";
import type { Carrier } from "./carrier.ts";
import type { FrameConfig } from "./config.ts";
import type { AnswerJudge, Judge } from "./judge.ts";
import type { Answers, State } from "./protocol.ts";
import { type Patience, Session, patience } from "./session.ts";

/** Where the answers of a session go. */
export interface Audience extends Answers {
  state(state: State): void;
}

/** One session and its calls: what runs in the frame and, in the brownfield pattern, in the page. */
export class Runtime {
  readonly #session: Session;
  readonly calls: Calls;

  constructor(config: FrameConfig, carrier: Carrier, judge: Judge, judgeAnswer: AnswerJudge | undefined, to: Audience, waits: Patience = patience) {
    const { session, secret, coreKey, maxFrame, pattern } = config;
    this.#session = new Session(
      { session, secret, coreKey, maxFrame, pattern, carrier: config.carrier, carrierOf: carrier, patience: waits },
      {
        ready: () => {
          this.calls.resumed();
          to.state("ready");
        },
        items: (items) => this.calls.deliver(items),
        interrupted: () => this.calls.interrupted(),
        closed: () => {
          this.calls.closed();
          to.state("closed");
        },
        unavailable: () => {
          this.calls.closed();
          to.state("unavailable");
        },
      },
    );
    this.calls = new Calls({
      judge,
      judgeAnswer,
      maxPlaintext: this.#session.maxPlaintext,
      ordered: carrier.ordered,
      prefix: sessionName(session),
      send: (entry) => this.#session.send(entry),
      to,
    });
  }

  /** Connects. */
  start(): void {
    this.#session.start().catch(() => this.#session.leave());
  }

  /** Ends the session, for a document that goes away. It does not come back. */
  leave(): void {
    this.#session.leave();
  }
}
