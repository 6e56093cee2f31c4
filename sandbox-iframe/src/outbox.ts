import { byteLength, emptyList, max } from "./primordials.ts";
import { MAX_ITEMS } from "./wire.ts";

/** Something to be sealed into the next batch. */
export interface Entry {
  /** Taken away to leave it out, unless it is being sealed and goes out with that. */
  item: Uint8Array | undefined;
  /** Called when it has gone out. */
  sent(): void;
}

/** Entries that may wait before those without an item are cleared away. */
const ROOM = 1024;

/** What waits to be sealed, in order. */
export class Outbox {
  #entries = emptyList<Entry>();
  #room = ROOM;

  push(entry: Entry): void {
    if (this.#entries.length >= this.#room) {
      this.#entries = joined([], this.#entries, 0);
      this.#room = max(ROOM, 2 * this.#entries.length);
    }
    this.#entries[this.#entries.length] = entry;
  }

  /** Takes the next batch: at most MAX_ITEMS entries of together most bytes, but at least one if there is any. */
  take(most: number): Entry[] {
    const batch = emptyList<Entry>();
    let size = 0;
    let i = 0;
    for (; i < this.#entries.length && batch.length < MAX_ITEMS; i++) {
      const entry = this.#entries[i]!;
      if (entry.item === undefined) continue;
      size += byteLength(entry.item);
      if (size > most && batch.length > 0) break;
      batch[batch.length] = entry;
    }
    this.#entries = joined([], this.#entries, i);
    return batch;
  }

  /** Puts a batch that never left back in front. */
  putBack(batch: readonly Entry[]): void {
    this.#entries = joined(batch, this.#entries, 0);
  }

  clear(): void {
    this.#entries = emptyList();
  }
}

// What has an item of both, the second from there on.
function joined(first: readonly Entry[], second: readonly Entry[], from: number): Entry[] {
  const all = emptyList<Entry>();
  for (let i = 0; i < first.length; i++) if (first[i]!.item !== undefined) all[all.length] = first[i]!;
  for (let i = from; i < second.length; i++) if (second[i]!.item !== undefined) all[all.length] = second[i]!;
  return all;
}
