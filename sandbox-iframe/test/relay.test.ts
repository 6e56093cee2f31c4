import { describe, expect, test } from "vitest";
import { type Courier, pack, relay, unpack } from "../src/carrier-relay.ts";
import { concat } from "../src/bytes.ts";
import type { Item } from "../src/items.ts";
import { type Post, Pump } from "../src/pump.ts";
import { Session, patience } from "../src/session.ts";
import { Type } from "../src/wire.ts";
import { CoreDouble, answer } from "./double.ts";
import { pause, until } from "./support.ts";

describe("a body", () => {
  const frames = [new Uint8Array([1, 2]), new Uint8Array(0), new Uint8Array([3])];
  test("holds frames behind their lengths", () => {
    expect([...pack(frames)]).toEqual([0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 3]);
    expect(unpack(pack(frames))).toEqual(frames);
    expect(unpack(new Uint8Array(0))).toEqual([]);
  });
  for (const cut of [1, 3, 5, 14])
    test(`cut after ${cut} bytes is none`, () => expect(unpack(pack(frames).slice(0, cut))).toBeUndefined());
  test("with a length beyond its end is none", () => expect(unpack(new Uint8Array([255, 255, 255, 255, 1]))).toBeUndefined());
});

async function ready() {
  const core = await new CoreDouble("relay").prepare();
  const bodies: Uint8Array[] = [];
  const byes: Uint8Array[] = [];
  const events: string[] = [];
  const items: Item[] = [];
  const courier: Courier = {
    events: undefined,
    carry: (body) => bodies.push(body),
    farewell: (body) => byes.push(body),
  };
  const session = new Session(
    { ...core.handshake, maxFrame: 4096, carrierOf: relay(courier), patience },
    {
      ready: () => events.push("ready"),
      items: (list) => items.push(...Array.from(list)),
      interrupted: () => events.push("interrupted"),
      closed: () => events.push("closed"),
      unavailable: () => events.push("unavailable"),
    },
  );
  await session.start();
  const next = async (): Promise<Uint8Array> => {
    await until(() => bodies.length > 0);
    return unpack(bodies.shift()!)![0]!;
  };
  const deliver = (...frames: Uint8Array[]): void => courier.events?.body(pack(frames));
  const hello = await next();
  deliver(await core.hello(hello));
  await until(() => events.includes("ready"));
  const queue = (byte: number): void => session.send({ item: new Uint8Array([byte]), sent: () => {} });
  return { core, session, courier, bodies, byes, events, items, next, deliver, queue, hello };
}

describe("a session over the relay", () => {
  test("takes frames in any order, each once", async () => {
    const t = await ready();
    const frames: Uint8Array[] = [];
    for (let id = 1; id <= 4; id++) frames.push(await t.core.reply(answer(true, id, "1")));
    t.deliver(frames[2]!, frames[0]!);
    t.deliver(frames[0]!, frames[3]!, frames[3]!);
    t.deliver(frames[1]!);
    await until(() => t.items.length === 4);
    await pause(10);
    expect(t.items.map((r) => r.id)).toEqual([3, 1, 4, 2]);
  });

  test("ignores what the page puts in between, and goes on", async () => {
    const t = await ready();
    const forged = await t.core.seal(Type.batch, answer(true, 1, "1"));
    forged[30]! ^= 1;
    t.deliver(forged, new Uint8Array(3), await t.core.seal(Type.batch, answer(true, 2, "1"), { session: new Uint8Array(16) }));
    t.courier.events?.body(new Uint8Array([9]));
    t.deliver(await t.core.reply(answer(true, 3, "1")));
    await until(() => t.items.length > 0);
    expect(t.items.map((r) => r.id)).toEqual([3]);
    expect(t.events).toEqual(["ready"]);
  });

  test("spends no number on a forgery", async () => {
    const t = await ready();
    const genuine = await t.core.reply(answer(true, 1, "1"));
    const forged = genuine.slice();
    forged[30]! ^= 1;
    t.deliver(forged, genuine);
    await until(() => t.items.length === 1);
    expect(t.events).toEqual(["ready"]);
  });

  test("does not accept its own frames mirrored back", async () => {
    const t = await ready();
    t.queue(1);
    t.deliver(await t.next());
    await pause(10);
    expect([t.items, t.events]).toEqual([[], ["ready"]]);
  });

  test("leaves its farewell with the page", async () => {
    const t = await ready();
    const bye = await t.core.open(unpack(t.byes.at(-1)!)![0]!);
    expect([bye.type, bye.sequence]).toEqual([Type.bye, 0]);
  });

  test("leaves a farewell under its new keys with the page", async () => {
    const t = await ready();
    t.deliver(await t.core.rekey());
    t.deliver(await t.core.rekeyed(await t.next()));
    await until(() => t.events.filter((e) => e === "ready").length === 2);
    await pause(10);
    const bye = await t.core.open(unpack(t.byes.at(-1)!)![0]!);
    expect([bye.type, bye.epoch, bye.sequence]).toEqual([Type.bye, 1, 0]);
  });

  test("is over when its page is", async () => {
    const t = await ready();
    t.session.leave();
    expect([t.courier.events, t.events.slice(-1)]).toEqual([undefined, ["closed"]]);
  });

  test("says the same hello until the core has answered", async () => {
    const core = await new CoreDouble("relay").prepare();
    const bodies: Uint8Array[] = [];
    const courier: Courier = { events: undefined, carry: (body) => bodies.push(body), farewell() {} };
    const nothing = (): void => {};
    const session = new Session(
      { ...core.handshake, maxFrame: 4096, carrierOf: relay(courier), patience: { ...patience, answerWithin: 50 } },
      { ready: nothing, items: nothing, interrupted: nothing, closed: nothing, unavailable: nothing },
    );
    await session.start();
    await until(() => bodies.length === 3);
    expect([bodies[1], bodies[2]]).toEqual([bodies[0], bodies[0]]);
    session.leave();
  });

  test("gives sent calls up when a request fails, and sends nothing again", async () => {
    const t = await ready();
    t.queue(1);
    await t.next();
    t.courier.events?.lost();
    await pause(10);
    expect([t.events.at(-1), t.bodies.length]).toEqual(["interrupted", 0]);
  });

  test("sends rekeyed again, the same bytes, when a request fails before ready", async () => {
    const t = await ready();
    t.deliver(await t.core.rekey());
    const rekeyed = await t.next();
    t.courier.events?.lost();
    expect(await t.next()).toEqual(rekeyed);
    t.deliver(await t.core.rekeyed(rekeyed));
    await until(() => t.events.filter((e) => e === "ready").length === 2);
  });

  test("takes a frame of the epoch before that ready overtook, and none that is younger", async () => {
    const t = await ready();
    const late = await t.core.reply(answer(true, 1, "1"));
    const old = t.core.down!;
    t.deliver(await t.core.rekey());
    t.deliver(await t.core.rekeyed(await t.next()));
    await until(() => t.events.filter((e) => e === "ready").length === 2);
    t.deliver(late);
    await until(() => t.items.length === 1);
    const now = t.core.down!;
    t.core.down = old;
    const young = await t.core.seal(Type.batch, answer(true, 2, "1"), { epoch: 0, sequence: t.core.sequence + 1 });
    t.core.down = now;
    t.deliver(young);
    await pause(10);
    expect(t.items).toHaveLength(1);
  });

  test("takes a frame of the new epoch that overtook its ready", async () => {
    const t = await ready();
    t.deliver(await t.core.rekey());
    const confirmed = await t.core.rekeyed(await t.next());
    t.deliver(await t.core.reply(answer(true, 1, "1")));
    await until(() => t.items.length === 1);
    t.queue(1);
    await pause(10);
    expect(t.bodies).toEqual([]);
    t.deliver(confirmed);
    expect((await t.core.open(await t.next())).epoch).toBe(1);
  });

  test("ends when the core knows it no more", async () => {
    const t = await ready();
    t.courier.events?.gone();
    expect(t.events.at(-1)).toBe("closed");
  });

  test("ends after eight failures in a row", async () => {
    const t = await ready();
    for (let i = 0; i < 7; i++) t.courier.events?.lost();
    t.courier.events?.body(new Uint8Array(0));
    for (let i = 0; i < 7; i++) t.courier.events?.lost();
    expect(t.events.includes("closed")).toBe(false);
    t.courier.events?.lost();
    expect(t.events.at(-1)).toBe("closed");
  });
});

function pump() {
  const requests: { url: string; body: Uint8Array; last: boolean; answer(status: number, body?: Uint8Array): void; fail(): void }[] = [];
  const events: string[] = [];
  const bodies: Uint8Array[] = [];
  const post: Post = (url, body, last) =>
    new Promise((done, failed) =>
      requests.push({ url, body, last, answer: (status, b = new Uint8Array(0)) => done({ status, body: b.slice().buffer }), fail: () => failed(new Error("x")) }),
    );
  const p = new Pump("/relay/x", post, { body: (b) => bodies.push(new Uint8Array(b)), lost: () => events.push("lost"), gone: () => events.push("gone") });
  return { p, requests, events, bodies, request: (n: number) => until(() => requests[n]) };
}

describe("the page's pump", () => {
  const one = new Uint8Array([0, 0, 0, 1, 7]);

  test("polls only after the core has answered once", async () => {
    const t = pump();
    t.p.carry(one);
    await pause(10);
    expect(t.requests.map((r) => r.body.length)).toEqual([5]);
    t.requests[0]!.answer(200);
    expect((await t.request(1)).body.length).toBe(0);
  });

  test("keeps one poll, whatever else it sends", async () => {
    const t = pump();
    t.p.carry(one);
    t.requests[0]!.answer(200);
    await t.request(1);
    t.p.carry(one);
    t.requests[2]!.answer(200);
    await pause(10);
    t.requests[1]!.answer(200, one);
    await t.request(3);
    await pause(10);
    expect(t.requests.map((r) => r.body.length)).toEqual([5, 0, 5, 0]);
    expect(t.bodies.at(-1)).toEqual(one);
  });

  test("sends at most three bodies at once, and all in the end", async () => {
    const t = pump();
    for (let i = 0; i < 5; i++) t.p.carry(one);
    expect(t.requests).toHaveLength(3);
    for (let i = 0; i < 5; i++) (await until(() => t.requests.filter((r) => r.body.length > 0)[i])).answer(200);
    await until(() => t.requests.filter((r) => r.body.length > 0).length === 5);
  });

  for (const status of [404, 410])
    test(`stops for good at ${status}`, async () => {
      const t = pump();
      t.p.carry(one);
      t.requests[0]!.answer(200);
      (await t.request(1)).answer(status);
      await until(() => t.events.length > 0);
      t.p.carry(one);
      expect([t.events, t.requests.length]).toEqual([["gone"], 2]);
    });

  test("stops for good at 410 even before the core has answered", async () => {
    const t = pump();
    t.p.carry(one);
    t.requests[0]!.answer(410);
    await until(() => t.events.length > 0);
    expect(t.events).toEqual(["gone"]);
  });

  test("takes a 404 for a lost request while the core may still be at the hello, and tells after a pause", async () => {
    const t = pump();
    t.p.carry(one);
    t.requests[0]!.answer(404);
    await pause(20);
    expect(t.events).toEqual([]);
    await until(() => t.events.length > 0);
    expect(t.events).toEqual(["lost"]);
    t.p.carry(one);
    (await t.request(1)).answer(200, one);
    await until(() => t.bodies.length > 0);
    (await t.request(2)).answer(404);
    await until(() => t.events.length > 1);
    expect(t.events).toEqual(["lost", "gone"]);
  });

  test("takes the fifth 404 for what it says", async () => {
    const t = pump();
    for (let i = 0; i < 5; i++) {
      t.p.carry(one);
      (await t.request(i)).answer(404);
      await until(() => t.events.length > i);
    }
    expect(t.events).toEqual(["lost", "lost", "lost", "lost", "gone"]);
  });

  for (const [name, break_] of [
    ["fails", (r: { fail(): void }) => r.fail()],
    ["is answered 409, being a repetition of the browser's own", (r: { answer(s: number): void }) => r.answer(409)],
    ["is answered 503", (r: { answer(s: number): void }) => r.answer(503)],
    ["is answered 403", (r: { answer(s: number): void }) => r.answer(403)],
  ] as const)
    test(`tells of a request that ${name}, and does not repeat it`, async () => {
      const t = pump();
      t.p.carry(one);
      break_(t.requests[0]!);
      await pause(250);
      expect([t.events, t.requests.length]).toEqual([["lost"], 1]);
    });

  test("gives each request a number of its own", async () => {
    const t = pump();
    t.p.farewell(one);
    t.p.carry(one);
    t.requests[0]!.answer(200);
    (await t.request(1)).fail();
    t.p.carry(one);
    t.p.leave();
    expect(t.requests.map((r) => r.url)).toEqual([1, 2, 3, 4].map((n) => `/relay/x?n=${n}`));
  });

  test("backs off from polling", async () => {
    const t = pump();
    t.p.carry(one);
    t.requests[0]!.answer(200);
    (await t.request(1)).fail();
    await pause(20);
    expect(t.requests).toHaveLength(2);
    await t.request(2);
  });

  test("says farewell once, by a request that outlives the page", async () => {
    const t = pump();
    t.p.farewell(one);
    t.p.leave();
    t.p.leave();
    expect(t.requests.map((r) => [r.body, r.last])).toEqual([[one, true]]);
  });

  test("does nothing any more once it is stopped", async () => {
    const t = pump();
    t.p.carry(one);
    t.p.carry(one);
    t.p.stop();
    t.p.carry(one);
    t.requests[0]!.answer(200, one);
    t.requests[1]!.fail();
    await pause(250);
    expect([t.requests.length, t.bodies, t.events]).toEqual([2, [], []]);
  });

  test("tells of an answer to what it sent even if that is empty, and of no empty poll", async () => {
    const t = pump();
    t.p.carry(one);
    t.requests[0]!.answer(200);
    (await t.request(1)).answer(200);
    await t.request(2);
    expect(t.bodies).toEqual([new Uint8Array(0)]);
  });

  test("carries bodies as they are", () => {
    const t = pump();
    const body = concat([one, one]);
    t.p.carry(body);
    expect(t.requests[0]!.body).toEqual(body);
  });
});
