import type { Keys } from "./keys.ts";
import { MAX_FRAMES, Type } from "./wire.ts";

/** The keys of a session: those in force, those that are offered and, on the relay, what is left of those before. */
export class Epochs {
  readonly #ordered: boolean;
  #keys: Keys | undefined;
  #number = 0;
  #next: Keys | undefined;
  #before: { down: CryptoKey; below: number } | undefined;
  #used = 0;

  /** ordered: whether frames arrive in order, so that nothing of an epoch can follow its end. */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** The number of the keys in force; 0 after the hello. */
  get number(): number {
    return this.#number;
  }

  /** The keys in force; undefined before the hello and after the end. */
  get keys(): Keys | undefined {
    return this.#keys;
  }

  /** Puts the first keys in force. */
  begin(keys: Keys): void {
    this.#keys = keys;
  }

  /** Counts one frame to be sealed; false when the key has sealed all that it may. */
  use(): boolean {
    return ++this.#used <= MAX_FRAMES;
  }

  /** Keeps the keys that have been sealed to the core; undefined forgets them. */
  offer(keys: Keys | undefined): void {
    this.#next = keys;
  }

  /** Puts the offered keys in force. readyAt is the number of the frame that says so. */
  adopt(readyAt: number): void {
    if (!this.#ordered) this.#before = { down: this.#keys!.down, below: readyAt };
    this.#keys = this.#next;
    this.#next = undefined;
    this.#number++;
    this.#used = 0;
  }

  /** The key that a frame of this header must be opened with, if it may come at all. */
  down(type: number, epoch: number, sequence: number): CryptoKey | undefined {
    if (epoch === this.#number) return this.#keys?.down;
    if (epoch === this.#number + 1) {
      // Under the new keys ready or, after a drop, the challenge comes first; on the relay anything may overtake it.
      return type === Type.ready || type === Type.challenge || !this.#ordered ? this.#next?.down : undefined;
    }
    if (epoch === this.#number - 1 && this.#before !== undefined && sequence < this.#before.below) return this.#before.down;
    return undefined;
  }

  /** Drops all keys. */
  end(): void {
    this.#keys = this.#next = this.#before = undefined;
  }
}
