import { closeReadable, enqueue, failReadable, makeReadable } from "./page-primordials.ts";
import type { SallyportError } from "./errors.ts";
import { STREAM_WINDOW } from "./wire.ts";

interface Waiting {
  readonly value: unknown;
  readonly upTo: number;
  next: Waiting | undefined;
}

/**
 * The items of one call, in order, as a stream. What has come and was not read
 * waits here, and the core sends no more than the stream's credit beyond what
 * was read.
 */
export class Items {
  readonly readable: ReadableStream<unknown>;
  readonly #pull: (consumed: number) => void;
  #controller!: ReadableStreamDefaultController<unknown>;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #wanted = false; // somebody waits for an item
  #ended = false;
  #over = false; // closed, failed or cancelled
  #said = 0; // the offset of the last pull

  /** pull is told up to where the items were read; cancel, that nobody will read the rest. */
  constructor(pull: (consumed: number) => void, cancel: () => void) {
    this.#pull = pull;
    this.readable = makeReadable({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#wanted = true;
        this.#hand();
      },
      cancel: () => {
        this.#drop();
        cancel();
      },
    });
  }

  /** Takes the next item; upTo is the stream's offset after it. */
  put(value: unknown, upTo: number): void {
    if (this.#over || this.#ended) return;
    const item: Waiting = { value, upTo, next: undefined };
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#hand();
  }

  /** No more items come. Those that wait can still be read. */
  end(): void {
    this.#ended = true;
    this.#hand();
  }

  /** Ends the stream with an error. Items that wait are dropped. */
  fail(error: SallyportError): void {
    if (this.#over) return;
    this.#drop();
    failReadable(this.#controller, error);
  }

  #hand(): void {
    const item = this.#first;
    if (item !== undefined && this.#wanted) {
      this.#first = item.next;
      if (this.#first === undefined) this.#last = undefined;
      this.#wanted = false;
      enqueue(this.#controller, item.value); // which asks for the next, if somebody waits for it
      if (item.upTo - this.#said >= STREAM_WINDOW / 4) {
        this.#said = item.upTo;
        this.#pull(item.upTo);
      }
    }
    if (this.#first !== undefined || !this.#ended || this.#over) return;
    this.#over = true;
    closeReadable(this.#controller);
  }

  #drop(): void {
    this.#over = true;
    this.#first = this.#last = undefined;
  }
}
