import { describe, expect, test } from "vitest";
import { direct } from "../src/carrier-direct.ts";
import type { FrameConfig } from "../src/config.ts";
import { Wants } from "../src/items.ts";
import { passAll } from "../src/judge.ts";
import { Runtime } from "../src/runtime.ts";
import { patience } from "../src/session.ts";
import { EVENT_WINDOW, Type } from "../src/wire.ts";
import { CoreDouble, itemOf } from "./double.ts";
import { TestSocket, until } from "./support.ts";

/** A runtime whose keys are confirmed, and the core that it talks to. */
async function ready() {
  const core = await new CoreDouble().prepare();
  const sockets: TestSocket[] = [];
  const heard: unknown[][] = [];
  const hear = (name: string) => (...a: unknown[]) => void heard.push([name, ...a]);
  const carrier = direct("ws://core.test/socket", (url) => {
    sockets.push(new TestSocket(url));
    return sockets.at(-1)!;
  });
  const config: FrameConfig = { ...core.handshake, sessionText: "", socket: "", pageOrigin: "", window: "main", hookTimeout: 0, maxFrame: 1 << 20, hop: "auto" };
  const to = { reply: hear("reply"), item: hear("item"), event: hear("event"), end: hear("end"), taken: hear("taken"), progress: hear("progress"), state: hear("state") };
  const runtime = new Runtime(config, carrier, passAll, undefined, to, { ...patience, answerWithin: 2000 });
  runtime.start();
  const first = await until(() => sockets[0]);
  first.accept();
  first.deliver(await core.hello(await first.next()));
  await until(() => heard.length === 1);
  return { core, sockets, heard, calls: runtime.calls, runtime, first };
}

describe("a session that drops and is resumed", () => {
  test("goes on with its listens, and ends its streams, in the first batch after it", async () => {
    const t = await ready();
    t.calls.listen(1, "notes.changed");
    t.calls.call(2, "files.put", "{}", 0, Wants.upload | Wants.items, 0);
    t.calls.upload(2, "1", 0);
    expect((await t.core.items(await t.first.next())).map((i) => [i.kind, i.id])).toEqual([["listen", 1], ["call", 2], ["upload", 2]]);
    const event = (offset: number, number: number): Uint8Array => itemOf({ kind: "event", id: 1, offset, number, label: "", json: "{}" });
    t.first.deliver(await t.core.reply(itemOf({ kind: "result", id: 1, json: "null" }), event(0, 1)));
    await until(() => t.heard.length === 4);
    t.first.drop();
    const second = await until(() => t.sockets[1]);
    second.accept();
    await second.next();
    second.deliver(await t.core.seal(Type.challenge, new Uint8Array(32), { sequence: 0 }));
    await t.core.open(await second.next());
    second.deliver(await t.core.seal(Type.resumed));
    const size = event(0, 1).length;
    expect(await t.core.items(await second.next())).toEqual([{ kind: "cancel", id: 2 }, { kind: "credit", id: 1, limit: 2 * EVENT_WINDOW - size }]);
    second.deliver(await t.core.reply(event(5 * size, 6)));
    await until(() => t.heard.length === 7);
    expect(t.heard.map((h) => h.slice(0, 4))).toEqual([
      ["state", "ready"], ["taken", 2, 1], ["reply", 1, true, "null"], ["event", 1, size, 1],
      ["reply", 2, false, expect.stringContaining("unknown_outcome")], ["state", "ready"], ["event", 1, 2 * size, 6],
    ]);
    t.runtime.leave();
  });

  test("drops its socket for what no genuine core says of a stream, and tells the page nothing of it", async () => {
    const t = await ready();
    t.calls.call(1, "files.get", "{}", 0, Wants.items, 0);
    await t.core.items(await t.first.next());
    t.first.deliver(await t.core.reply(itemOf({ kind: "item", id: 1, offset: 9, json: "1" })));
    await until(() => t.first.closed);
    expect(t.heard.slice(1)).toMatchObject([["reply", 1, false, expect.stringContaining("unknown_outcome"), 0]]);
    t.runtime.leave();
  });
});
