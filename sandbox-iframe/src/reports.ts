import { later, min, now } from "./primordials.ts";
import { Cause, Kept, reportItem } from "./items.ts";

/** Reports at once, and per second after that. */
const BURST = 20;
const PER_SECOND = 10;

/**
 * The frame's own reports of what the hook kept back, at a bounded rate:
 * a page that provokes refusals can't flood the record. What was left out is
 * counted, and the count is reported: of the first at once, then whenever as
 * many again were left out, and of the rest once a second. A page that goes
 * away right after hides fewer than were told.
 */
export class Reports {
  #tokens = BURST;
  #refilled = now();
  #dropped = 0; // and not told yet
  #told = 0; // of this burst
  #waiting = false;
  readonly #send: (item: Uint8Array) => void;

  constructor(send: (item: Uint8Array) => void) {
    this.#send = send;
  }

  /** Reports one item that was kept back; what is its kind. */
  report(kept: Kept, id: number, cause: Cause, what: number, command: string): void {
    this.#refill();
    if (this.#tokens >= 1) {
      this.#tokens--;
      return this.#send(reportItem(kept, id, cause, what, command));
    }
    this.#dropped++;
    if (this.#dropped >= this.#told) this.#tell();
    this.#wait();
  }

  #refill(): void {
    const time = now();
    this.#tokens = min(BURST, this.#tokens + ((time - this.#refilled) * PER_SECOND) / 1000);
    this.#refilled = time;
  }

  #tell(): void {
    this.#told += this.#dropped;
    this.#send(reportItem(Kept.call, this.#dropped, Cause.dropped, 0, ""));
    this.#dropped = 0;
  }

  // A burst is over after a second in which nothing is left to tell.
  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    later(() => {
      this.#waiting = false;
      if (this.#dropped === 0) {
        this.#told = 0;
        return;
      }
      this.#tell();
      this.#wait();
    }, 1000);
  }
}
