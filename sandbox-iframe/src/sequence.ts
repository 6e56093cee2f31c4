import { Bytes, fillBytes } from "./primordials.ts";
import { WINDOW } from "./wire.ts";

/** Which sequence numbers from the core may still come. */
export interface Sequence {
  /** Whether this number may be opened. skip: whether the frame's type may leave numbers out. */
  admits(sequence: number, skip: boolean): boolean;
  /** Takes a number whose frame was authentic. */
  take(sequence: number): void;
}

/** Exactly the next number: the direct carrier. */
export class Strict implements Sequence {
  #last = 0;

  admits(sequence: number, skip: boolean): boolean {
    return skip ? sequence > this.#last : sequence === this.#last + 1;
  }

  take(sequence: number): void {
    this.#last = sequence;
  }
}

/** Each number once, inside a window behind the highest: the relay. */
export class Window implements Sequence {
  #highest = 0;
  readonly #seen = new Bytes(WINDOW);

  admits(sequence: number): boolean {
    if (sequence <= 0 || sequence <= this.#highest - WINDOW) return false;
    return sequence > this.#highest || this.#seen[sequence % WINDOW] === 0;
  }

  take(sequence: number): void {
    if (sequence - this.#highest >= WINDOW) {
      fillBytes(this.#seen, 0);
      this.#highest = sequence;
    }
    while (this.#highest < sequence) this.#seen[++this.#highest % WINDOW] = 0;
    this.#seen[sequence % WINDOW] = 1;
  }
}
