import { describe, expect, test } from "vitest";
import { Epochs } from "../src/epochs.ts";
import { importKeys } from "../src/keys.ts";
import { MAX_FRAMES, Type } from "../src/wire.ts";

const keysOf = (byte: number) => importKeys(new Uint8Array(64).fill(byte));

async function changed(ordered: boolean) {
  const [first, second] = [await keysOf(1), await keysOf(2)];
  const epochs = new Epochs(ordered);
  epochs.begin(first);
  epochs.offer(second);
  return { epochs, first, second };
}

describe("the keys of an epoch", () => {
  test("seal 2^24 frames and no more, and new ones as many again", async () => {
    const { epochs } = await changed(true);
    let sealed = 0;
    while (epochs.use()) sealed++;
    expect(sealed).toBe(MAX_FRAMES);
    epochs.adopt(9);
    expect(epochs.use()).toBe(true);
  });

  test("are gone after the end", async () => {
    const { epochs } = await changed(true);
    epochs.end();
    expect([epochs.keys, epochs.down(Type.batch, 0, 1), epochs.down(Type.ready, 1, 1)]).toEqual([undefined, undefined, undefined]);
  });

  test("and those before them are gone after the end too", async () => {
    const { epochs } = await changed(false);
    epochs.adopt(7);
    epochs.offer(await keysOf(3));
    epochs.end();
    expect([epochs.down(Type.batch, 0, 1), epochs.down(Type.batch, 1, 8), epochs.down(Type.batch, 2, 9)]).toEqual([undefined, undefined, undefined]);
  });

  test("that are offered open ready and challenge in order, and on the relay whatever overtook them", async () => {
    const direct = await changed(true);
    const relay = await changed(false);
    expect([Type.ready, Type.challenge, Type.batch].map((t) => direct.epochs.down(t, 1, 5) === direct.second.down)).toEqual([true, true, false]);
    expect([Type.ready, Type.batch].map((t) => relay.epochs.down(t, 1, 5) === relay.second.down)).toEqual([true, true]);
  });

  test("that were not accepted open nothing", async () => {
    const { epochs } = await changed(true);
    epochs.offer(undefined);
    expect(epochs.down(Type.ready, 1, 5)).toBeUndefined();
  });

  test("that were replaced open nothing on the direct carrier, and on the relay only what was sealed before", async () => {
    const direct = await changed(true);
    const relay = await changed(false);
    direct.epochs.adopt(7);
    relay.epochs.adopt(7);
    expect(direct.epochs.down(Type.batch, 0, 6)).toBeUndefined();
    expect([6, 7, 8].map((n) => relay.epochs.down(Type.batch, 0, n) === relay.first.down)).toEqual([true, false, false]);
  });

  test("of no other epoch are there", async () => {
    const { epochs } = await changed(false);
    epochs.adopt(7);
    expect([2, 3, 65535].map((n) => epochs.down(Type.batch, n, 9))).toEqual([undefined, undefined, undefined]);
  });
});
