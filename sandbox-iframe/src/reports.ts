import { floor, later, min, now } from "./primordials.ts";
import { Cause, reportItem } from "./items.ts";

/** Reports at once, and per second after that. */
const BURST = 20;
const PER_SECOND = 10;

/**
 * The frame's own reports of calls that the hook kept back, at a bounded rate:
 * a page that provokes refusals can't flood the record. What was left out is
 * counted, and the count is reported.
 */
export class Reports {
  #tokens = BURST;
  #refilled = now();
  #dropped = 0;
  #waiting = false;
  readonly #send: (item: Uint8Array) => void;

  constructor(send: (item: Uint8Array) => void) {
    this.#send = send;
  }

  /** Reports one call. */
  report(id: number, cause: Cause, command: string): void {
    this.#refill();
    if (this.#tokens < 1 || this.#dropped > 0) {
      this.#dropped++;
      this.#summarise();
      return;
    }
    this.#tokens--;
    this.#send(reportItem(id, cause, command));
  }

  #refill(): void {
    const time = now();
    this.#tokens = min(BURST, this.#tokens + ((time - this.#refilled) * PER_SECOND) / 1000);
    this.#refilled = time;
  }

  #summarise(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    later(() => {
      this.#waiting = false;
      this.#refill();
      const dropped = floor(this.#dropped);
      this.#dropped = 0;
      if (dropped === 0) return;
      this.#tokens--;
      this.#send(reportItem(dropped, Cause.dropped, ""));
    }, 1000);
  }
}
