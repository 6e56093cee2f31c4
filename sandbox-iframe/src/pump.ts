import { Bytes, bufferSize, byteLength, emptyList, later, min, random, when } from "./primordials.ts";

/** What the pump uses of fetch: the status and body of a POST, or a rejection. */
export type Post = (url: string, body: Uint8Array, last: boolean) => Promise<{ status: number; body: ArrayBuffer }>;

/** What the pump tells. */
export interface PumpEvents {
  body(body: ArrayBuffer): void;
  lost(): void;
  gone(): void;
}

/** Requests with frames at once. The browser allows six connections, and one is the poll's. */
const SENDERS = 3;
/** Answers of 404 that mean a lost request, as long as there was no 200. */
const EARLY = 4;
const nothing = new Bytes(0);

/**
 * The page's part of the relay: it carries request bodies to the core as they
 * are, keeps one empty request waiting for what the core has to say, and
 * judges nothing. What fails is not sent again: whether it may be is the
 * session's to know.
 */
export class Pump {
  readonly #url: string;
  readonly #post: Post;
  readonly #events: PumpEvents;
  #waiting = emptyList<Uint8Array>();
  #sending = 0;
  #polling = false;
  #failures = 0;
  #early = EARLY;
  #stopped = false;
  #number = 0;
  #bye: Uint8Array | undefined;

  constructor(url: string, post: Post, events: PumpEvents) {
    this.#url = url;
    this.#post = post;
    this.#events = events;
  }

  /** Sends a body as soon as there is room. */
  carry(body: Uint8Array): void {
    if (this.#stopped) return;
    this.#waiting[this.#waiting.length] = body;
    this.#next();
  }

  /** Keeps the body that ends the session for the moment when the document goes away. */
  farewell(body: Uint8Array): void {
    this.#bye = body;
  }

  /** Ends the session, and the pump. */
  leave(): void {
    if (this.#stopped) return;
    this.stop();
    if (this.#bye !== undefined) void when(this.#post(this.#numbered(), this.#bye, true), ignore, ignore);
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting = emptyList();
  }

  #next(): void {
    if (this.#stopped || this.#sending >= SENDERS || this.#waiting.length === 0) return;
    const body = this.#waiting[0]!;
    const left = emptyList<Uint8Array>();
    for (let i = 1; i < this.#waiting.length; i++) left[i - 1] = this.#waiting[i]!;
    this.#waiting = left;
    this.#sending++;
    this.#request(body, () => {
      this.#sending--;
      this.#next();
    });
    this.#next();
  }

  // The first poll waits for the first answer: before the hello has arrived
  // the core knows no session to ask for.
  #poll(): void {
    if (this.#stopped || this.#polling) return;
    this.#polling = true;
    this.#request(nothing, () => {
      this.#polling = false;
      this.#poll();
    });
  }

  #request(body: Uint8Array, done: () => void): void {
    void when(
      this.#post(this.#numbered(), body, false),
      ({ status, body: answer }) => {
        if (this.#stopped) return;
        // While the core is at a hello, the same one sent again finds neither
        // an offer nor a session yet. Told only after the pause, since what
        // is sent again then goes out at once.
        if (status === 404 && this.#early-- > 0) return this.#later(() => (done(), this.#lost()));
        if (status === 404 || status === 410) {
          this.stop();
          return this.#events.gone();
        }
        if (status !== 200) return this.#failed(done);
        this.#failures = this.#early = 0;
        if (bufferSize(answer) > 0 || byteLength(body) > 0) this.#events.body(answer);
        done();
        this.#poll();
      },
      () => this.#failed(done),
    );
  }

  // Browsers send a request again by themselves if its connection closes before
  // an answer comes. The core tells by the number: the first answer is lost.
  #numbered(): string {
    return `${this.#url}?n=${++this.#number}`;
  }

  #failed(done: () => void): void {
    this.#lost();
    this.#later(done);
  }

  #lost(): void {
    if (!this.#stopped) this.#events.lost();
  }

  #later(run: () => void): void {
    if (this.#stopped) return;
    this.#failures++;
    later(run, min(3000, 50 * 2 ** this.#failures) * (0.5 + random() / 2));
  }
}

const ignore = (): void => {};
