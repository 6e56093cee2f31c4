import { byteLength, emptyList } from "./primordials.ts";
import { MAX_ITEMS } from "./wire.ts";

/** Something to be sealed into the next batch. */
export interface Entry {
  readonly item: Uint8Array;
  /** Set to leave it out, as long as it is not taken. */
  dropped: boolean;
  /** Whether it is being sealed. */
  taken: boolean;
  /** Called when it has gone out. */
  sent(): void;
}

/** What waits to be sealed, in order. */
export class Outbox {
  #entries = emptyList<Entry>();

  push(entry: Entry): void {
    this.#entries[this.#entries.length] = entry;
  }

  /** Takes the next batch: at most MAX_ITEMS entries of together max bytes, but at least one if there is any. */
  take(max: number): Entry[] {
    const batch = emptyList<Entry>();
    let size = 0;
    let i = 0;
    for (; i < this.#entries.length && batch.length < MAX_ITEMS; i++) {
      const entry = this.#entries[i]!;
      if (entry.dropped) continue;
      size += byteLength(entry.item);
      if (size > max && batch.length > 0) break;
      entry.taken = true;
      batch[batch.length] = entry;
    }
    this.#entries = joined([], this.#entries, i);
    return batch;
  }

  /** Puts a batch that never left back in front. */
  putBack(batch: readonly Entry[]): void {
    for (let i = 0; i < batch.length; i++) batch[i]!.taken = false;
    this.#entries = joined(batch, this.#entries, 0);
  }

  clear(): void {
    this.#entries = emptyList();
  }
}

function joined(first: readonly Entry[], second: readonly Entry[], from: number): Entry[] {
  const all = emptyList<Entry>();
  for (let i = 0; i < first.length; i++) all[i] = first[i]!;
  for (let i = from; i < second.length; i++) all[all.length] = second[i]!;
  return all;
}
