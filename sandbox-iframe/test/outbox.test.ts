import { describe, expect, test } from "vitest";
import { type Entry, Outbox } from "../src/outbox.ts";
import { MAX_ITEMS } from "../src/wire.ts";

const entry = (n: number): Entry => ({ item: new Uint8Array([n]), sent: () => {} });
const bytes = (batch: Entry[]): number[] => Array.from(batch, (e) => e.item![0]!);

describe("what waits to be sealed", () => {
  test("comes in order, as much as fits", () => {
    const outbox = new Outbox();
    for (let i = 0; i < 5; i++) outbox.push(entry(i));
    expect([bytes(outbox.take(3)), bytes(outbox.take(3)), bytes(outbox.take(3))]).toEqual([[0, 1, 2], [3, 4], []]);
  });

  test("comes one at a time if even one does not fit", () => {
    const outbox = new Outbox();
    for (let i = 0; i < 2; i++) outbox.push(entry(i));
    expect([bytes(outbox.take(0)), bytes(outbox.take(0))]).toEqual([[0], [1]]);
  });

  test("is not held back by what was dropped, and comes in order again when put back", () => {
    const outbox = new Outbox();
    const all = Array.from({ length: 6 }, (_, i) => entry(i));
    for (const e of all) outbox.push(e);
    all[0]!.item = undefined;
    const batch = outbox.take(2);
    all[2]!.item = undefined;
    all[4]!.item = undefined;
    outbox.putBack(batch);
    expect(bytes(outbox.take(9))).toEqual([1, 3, 5]);
  });

  test("does not grow by what was dropped", () => {
    const outbox = new Outbox();
    let reads = 0;
    const dropped = (): Entry => ({
      sent: () => {},
      get item() {
        reads++;
        return undefined;
      },
    });
    for (let i = 0; i < 100_000; i++) outbox.push(dropped());
    expect(reads).toBeLessThan(200_000); // and each is looked at once or twice
    reads = 0;
    expect(outbox.take(9)).toHaveLength(0);
    expect(reads).toBeLessThanOrEqual(1024);
  });

  test("keeps all that was not dropped", () => {
    const outbox = new Outbox();
    const kept: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const e = entry(i % 251);
      outbox.push(e);
      if (i % 3 === 0) e.item = undefined;
      else kept.push(i % 251);
    }
    const taken: number[] = [];
    for (let batch = outbox.take(1e6); batch.length > 0; batch = outbox.take(1e6)) {
      expect(batch.length).toBeLessThanOrEqual(MAX_ITEMS);
      taken.push(...bytes(batch));
    }
    expect(taken).toEqual(kept);
  });
});
