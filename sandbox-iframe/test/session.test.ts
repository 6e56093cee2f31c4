import { describe, expect, test } from "vitest";
import type { LinkEvents } from "../src/carrier.ts";
import { direct } from "../src/carrier-direct.ts";
import { Epochs } from "../src/epochs.ts";
import type { Item } from "../src/items.ts";
import { type Patience, Session, patience } from "../src/session.ts";
import { type Entry, Outbox } from "../src/outbox.ts";
import { MAX_ITEMS, NONCE, PUBLIC_KEY, SECRET, Type } from "../src/wire.ts";
import { CoreDouble, answer } from "./double.ts";
import { TestSocket, pause, until } from "./support.ts";

const quick: Patience = { ...patience, answerWithin: 400 };

async function start(options: { patience?: Patience; maxFrame?: number; left?: boolean } = {}) {
  const core = await new CoreDouble().prepare();
  const sockets: TestSocket[] = [];
  const events: string[] = [];
  const items: Item[] = [];
  const carrierOf = direct("ws://core.test/socket", (url) => {
    const socket = new TestSocket(url);
    sockets.push(socket);
    return socket;
  });
  const session = new Session(
    { ...core.handshake, maxFrame: options.maxFrame ?? 4096, carrierOf, patience: options.patience ?? quick },
    {
      ready: () => events.push("ready"),
      items: (list) => items.push(...Array.from(list)),
      interrupted: () => events.push("interrupted"),
      closed: () => events.push("closed"),
      unavailable: () => events.push("unavailable"),
    },
  );
  const started = session.start();
  if (options.left) session.leave();
  await started;
  /** Queues an item; tells whether it went out. */
  const queue = (...bytes: number[]): { sent: boolean } => {
    const state = { sent: false };
    session.send({ item: new Uint8Array(bytes), sent: () => (state.sent = true) });
    return state;
  };
  const socket = (n = sockets.length): Promise<TestSocket> => until(() => sockets[n]);
  return { core, session, sockets, events, items, queue, socket };
}

/** A session whose keys are confirmed. */
async function ready(options: Parameters<typeof start>[0] = {}) {
  const t = await start(options);
  const socket = await t.socket(0);
  socket.accept();
  socket.deliver(await t.core.hello(await socket.next()));
  await until(() => t.events.includes("ready"));
  return { ...t, first: socket };
}

/** Goes on with a dropped session, by the book. */
async function resume(t: Awaited<ReturnType<typeof start>>, n: number) {
  const socket = await t.socket(n);
  socket.accept();
  const frame = await socket.next();
  expect(frame[1]).toBe(Type.resume);
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  socket.deliver(await t.core.seal(Type.challenge, nonce, { sequence: 0 }));
  const before = t.core.taken;
  const proof = await t.core.open(await socket.next());
  expect(proof.type).toBe(Type.proof);
  expect(proof.plain).toEqual(nonce);
  expect(proof.sequence).toBeGreaterThan(before);
  return socket;
}

describe("the handshake", () => {
  test("says hello first, and is ready when the core has answered", async () => {
    const t = await start();
    const socket = await t.socket(0);
    expect(socket.url).toBe("ws://core.test/socket");
    socket.accept();
    const hello = await socket.next();
    expect(t.events).toEqual([]);
    socket.deliver(await t.core.hello(hello));
    await until(() => t.events.includes("ready"));
  });

  test("lets nothing out before", async () => {
    const t = await start();
    t.queue(1);
    const socket = await t.socket(0);
    socket.accept();
    const ready = await t.core.hello(await socket.next());
    await pause(20);
    expect(socket.sent).toEqual([]);
    socket.deliver(ready);
    expect((await t.core.open(await socket.next())).plain).toEqual(new Uint8Array([1]));
  });

  const impostors: [string, (core: CoreDouble, ready: Uint8Array) => Promise<Uint8Array> | Uint8Array][] = [
    ["noise", () => crypto.getRandomValues(new Uint8Array(60))],
    ["nothing", () => new Uint8Array(0)],
    ["a forged ready", (_, r) => ((r[20]! ^= 1), r)],
    ["a ready for another session", (c) => c.seal(Type.ready, undefined, { session: new Uint8Array(16) })],
    ["a ready that the frame itself could have sealed", (c) => c.seal(Type.ready, undefined, { direction: 1 })],
    ["a ready out of order", (c) => c.seal(Type.ready, undefined, { sequence: 2 })],
    ["a ready of another epoch", (c) => c.seal(Type.ready, undefined, { epoch: 1 })],
    ["a ready that holds something", (c) => c.seal(Type.ready, new Uint8Array(1))],
    ["a batch instead", (c) => c.reply(answer(true, 1, "1"))],
  ];
  for (const [name, make] of impostors)
    test(`is not taken in by ${name}`, async () => {
      const t = await start({ patience }); // it is the frame that closes the socket, not the clock
      t.queue(1);
      const socket = await t.socket(0);
      socket.accept();
      const ready = await t.core.hello(await socket.next());
      if (!name.startsWith("a forged")) t.core.sequence = 0;
      socket.deliver(await make(t.core, ready));
      await until(() => socket.closed);
      expect([t.events, socket.sent, t.items]).toEqual([[], [], []]);
    });

  test("is tried again, by hello or resume, since nobody knows whether the first hello arrived", async () => {
    const t = await start();
    const first = await t.socket(0);
    first.accept();
    const hello = await first.next();
    first.drop();
    const second = await t.socket(1);
    second.accept();
    expect((await second.next())[1]).toBe(Type.resume);
    second.drop();
    const third = await t.socket(2);
    third.accept();
    expect(await third.next()).toEqual(hello);
    third.deliver(await t.core.hello(hello));
    await until(() => t.events.includes("ready"));
  });

  test("is finished by a resume if the hello had arrived", async () => {
    const t = await start();
    const first = await t.socket(0);
    first.accept();
    await t.core.hello(await first.next());
    first.drop();
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    await until(() => t.events.includes("ready"));
  });

  test("that never succeeds makes the carrier unavailable", async () => {
    const t = await start();
    for (let i = 0; i < patience.firstTries; i++) (await t.socket(i)).drop();
    await until(() => t.events.includes("unavailable"));
    await pause(300);
    expect([t.events, t.sockets.length]).toEqual([["unavailable"], patience.firstTries]);
  });

  test("is given up on a socket that says nothing", async () => {
    const t = await start();
    const socket = await t.socket(0);
    socket.accept();
    await until(() => socket.closed);
    await t.socket(1);
  });
});

describe("sending", () => {
  test("seals what one turn brought as one batch", async () => {
    const t = await ready();
    for (let i = 1; i <= 5; i++) t.queue(i);
    expect((await t.core.open(await t.first.next())).plain).toEqual(new Uint8Array([1, 2, 3, 4, 5]));
  });

  test("keeps the order of the sequence however much is queued meanwhile", async () => {
    const t = await ready();
    const all: number[] = [];
    for (let i = 0; i < 40; i++) {
      t.queue(i);
      if (i % 3 === 0) await Promise.resolve();
      if (i % 7 === 0) await pause();
    }
    for (let last = 0; all.length < 40; ) {
      const { sequence, plain } = await t.core.open(await t.first.next());
      expect(sequence).toBe(++last);
      all.push(...plain);
    }
    expect(all).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test("keeps the order although a small frame is sealed sooner than a large one", async () => {
    const t = await ready({ maxFrame: 1 << 23 });
    for (let i = 0; i < 3; i++) {
      t.session.send({ item: new Uint8Array(1 << 22).fill(1), sent: () => {} });
      await Promise.resolve();
      t.queue(2);
      await Promise.resolve();
    }
    const order: number[] = [];
    for (let last = 0; order.filter((b) => b === 2).length < 3; ) {
      const { sequence, plain } = await t.core.open(await t.first.next());
      expect(sequence).toBe(++last);
      for (let at = 0; at < plain.length; at += plain[at] === 1 ? 1 << 22 : 1) order.push(plain[at]!);
    }
    expect(order).toEqual([1, 2, 1, 2, 1, 2]);
  });

  test("puts no more items into a batch than it holds", async () => {
    const t = await ready();
    for (let i = 0; i < MAX_ITEMS + 1; i++) t.queue(7);
    expect((await t.core.open(await t.first.next())).plain).toHaveLength(MAX_ITEMS);
    expect((await t.core.open(await t.first.next())).plain).toHaveLength(1);
  });

  test("makes no frame larger than it may be", async () => {
    const t = await ready({ maxFrame: 400 });
    for (let i = 0; i < 4; i++) t.queue(...new Array<number>(150).fill(i));
    const frames = [await t.first.next(), await t.first.next()];
    expect(frames.map((f) => f.length)).toEqual([340, 340]);
  });

  test("leaves out what was taken back", async () => {
    const t = await ready();
    const entry: Entry = { item: new Uint8Array([9]), sent: () => {} };
    t.session.send(entry);
    t.queue(1);
    entry.item = undefined;
    expect((await t.core.open(await t.first.next())).plain).toEqual(new Uint8Array([1]));
  });
});

describe("receiving", () => {
  test("delivers replies in order", async () => {
    const t = await ready();
    t.first.deliver(await t.core.reply(answer(true, 1, '"a"'), answer(false, 2, "{}")));
    t.first.deliver(await t.core.reply(answer(true, 3, '"b"')));
    await until(() => t.items.length === 3);
    expect(t.items.map((r) => r.id)).toEqual([1, 2, 3]);
  });

  test("delivers in order what keeps coming while it opens", async () => {
    const t = await ready();
    const frames: Uint8Array[] = [];
    for (let id = 1; id <= 40; id++) frames.push(await t.core.reply(answer(true, id, "1")));
    for (const frame of frames) {
      t.first.deliver(frame);
      if (Math.random() < 0.5) await Promise.resolve();
      if (Math.random() < 0.2) await pause();
    }
    await until(() => t.items.length === 40);
    expect(t.items.map((r) => r.id)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  test("answers a ping", async () => {
    const t = await ready();
    t.first.deliver(await t.core.seal(Type.ping));
    const pong = await t.core.open(await t.first.next());
    expect([pong.type, pong.plain.length]).toEqual([Type.pong, 0]);
  });

  test("ends with the core's bye", async () => {
    const t = await ready();
    t.first.deliver(await t.core.seal(Type.bye));
    await until(() => t.events.includes("closed"));
    expect(t.first.closed).toBe(true);
  });

  const attacks: [string, (core: CoreDouble) => Promise<Uint8Array>][] = [
    ["a forged frame", async (c) => { const f = await c.seal(Type.ping); f[f.length - 1]! ^= 1; return f; }],
    ["a repeated number", (c) => c.seal(Type.ping, undefined, { sequence: 1 })],
    ["a number too far", (c) => c.seal(Type.ping, undefined, { sequence: 3 })],
    ["number 0", (c) => c.seal(Type.ping, undefined, { sequence: 0 })],
    ["another epoch", (c) => c.seal(Type.ping, undefined, { epoch: 1 })],
    ["the epoch before", (c) => c.seal(Type.ping, undefined, { epoch: 65535 })],
    ["another session", (c) => c.seal(Type.ping, undefined, { session: new Uint8Array(16) })],
    ["the other direction", (c) => c.seal(Type.ping, undefined, { direction: 1 })],
    ["an unknown type", (c) => c.seal(77)],
    ["a type of the other direction", (c) => c.seal(Type.pong)],
    ["a hello", (c) => c.seal(Type.hello)],
    ["a ready again", (c) => c.seal(Type.ready)],
    ["a challenge that nobody asked for", (c) => c.seal(Type.challenge, new Uint8Array(32), { sequence: 0 })],
    ["a resumed that nobody asked for", (c) => c.seal(Type.resumed)],
    ["a ping that holds something", (c) => c.seal(Type.ping, new Uint8Array(1))],
    ["a bye that holds something", (c) => c.seal(Type.bye, new Uint8Array(1))],
    ["a rekey that is cut", (c) => c.seal(Type.rekey, new Uint8Array(96))],
    ["an empty batch", (c) => c.seal(Type.batch)],
    ["a batch of no items", (c) => c.seal(Type.batch, new Uint8Array([9, 9, 9]))],
    ["a frame beyond the limit", (c) => c.reply(answer(true, 1, JSON.stringify("x".repeat(5000))))],
    ["a cut frame", async (c) => (await c.seal(Type.ping)).slice(0, 30)],
  ];
  for (const [name, make] of attacks)
    test(`closes the socket on ${name}, and answers nothing`, async () => {
      const t = await ready();
      t.first.deliver(await make(t.core));
      await until(() => t.first.closed);
      expect([t.first.sent, t.items, t.events]).toEqual([[], [], ["ready", "interrupted"]]);
    });

  test("closes the socket on a replayed frame", async () => {
    const t = await ready();
    const frame = await t.core.reply(answer(true, 1, "1"));
    t.first.deliver(frame);
    t.first.deliver(frame);
    await until(() => t.first.closed);
    expect(t.items).toHaveLength(1);
  });

  test("closes the socket on frames in the wrong order", async () => {
    const t = await ready();
    const [a, b] = [await t.core.reply(answer(true, 1, "1")), await t.core.reply(answer(true, 2, "2"))];
    t.first.deliver(b);
    t.first.deliver(a);
    await until(() => t.first.closed);
    expect(t.items).toEqual([]);
  });

  test("closes the socket on text", async () => {
    const t = await ready();
    t.first.onmessage?.("hello");
    expect(t.first.closed).toBe(true);
  });

  test("closes the socket on bytes that are no buffer, whatever they say of themselves", async () => {
    const t = await ready();
    const frame = await t.core.reply(answer(true, 1, "1"));
    t.first.onmessage?.(Object.setPrototypeOf(frame, ArrayBuffer.prototype));
    expect([t.first.closed, t.items]).toEqual([true, []]);
  });
});

describe("a dropped socket", () => {
  test("is replaced, and what waited goes out after that", async () => {
    const t = await ready();
    const one = t.queue(1);
    await t.core.open(await t.first.next());
    t.first.drop();
    const two = t.queue(2);
    expect([one.sent, two.sent, t.events.at(-1)]).toEqual([true, false, "interrupted"]);
    const second = await resume(t, 1);
    await pause(10);
    expect(second.sent).toEqual([]);
    t.core.sequence += 5; // lost with the old socket
    second.deliver(await t.core.seal(Type.resumed));
    expect((await t.core.open(await second.next())).plain).toEqual(new Uint8Array([2]));
    expect(t.events).toEqual(["ready", "interrupted", "ready"]);
  });

  test("takes no batch with it that was not handed over: its number is skipped", async () => {
    const t = await ready();
    t.queue(1);
    await Promise.resolve();
    await Promise.resolve();
    t.first.drop(); // while it is being sealed
    await pause(5);
    expect(t.first.sent).toEqual([]);
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    const { sequence, plain } = await t.core.open(await second.next());
    expect([sequence, [...plain]]).toEqual([3, [1]]);
  });

  test("takes nothing out that was taken back while it was being sealed in vain", async () => {
    const t = await ready();
    const entry: Entry = { item: new Uint8Array([9]), sent: () => {} };
    t.session.send(entry);
    t.queue(1);
    await Promise.resolve();
    await Promise.resolve();
    entry.item = undefined;
    t.first.drop();
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    expect([...(await t.core.open(await second.next())).plain]).toEqual([1]);
  });

  test("that is closing has nothing sealed in vain: one number is skipped", async () => {
    const t = await ready();
    t.first.readyState = 2; // no onclose yet
    for (let i = 1; i <= 5; i++) {
      t.queue(i);
      await pause(10);
    }
    t.first.drop();
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    const { sequence, plain } = await t.core.open(await second.next());
    expect([sequence, [...plain]]).toEqual([3, [1, 2, 3, 4, 5]]); // 2 was the proof
  });

  const wrongs: [string, (core: CoreDouble, nonce: Uint8Array) => Promise<Uint8Array>][] = [
    ["a forged challenge", async (c, n) => { const f = await c.seal(Type.challenge, n, { sequence: 0 }); f[40]! ^= 1; return f; }],
    ["a challenge with a number", (c, n) => c.seal(Type.challenge, n, { sequence: 2 })],
    ["a challenge of another size", (c) => c.seal(Type.challenge, new Uint8Array(31), { sequence: 0 })],
    ["a challenge of another epoch", (c, n) => c.seal(Type.challenge, n, { sequence: 0, epoch: 1 })],
    ["resumed without a challenge", (c) => c.seal(Type.resumed)],
    ["a batch without a challenge", (c) => c.reply(answer(true, 1, "1"))],
  ];
  for (const [name, make] of wrongs)
    test(`does not resume by ${name}`, async () => {
      const t = await ready();
      t.first.drop();
      const second = await t.socket(1);
      second.accept();
      await second.next();
      second.deliver(await make(t.core, new Uint8Array(32)));
      await until(() => second.closed);
      expect([second.sent, t.events.includes("closed")]).toEqual([[], false]);
    });

  test("does not resume by an old number", async () => {
    const t = await ready();
    t.first.drop();
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed, undefined, { sequence: 1 }));
    await until(() => second.closed);
    expect(t.events).toEqual(["ready", "interrupted", "interrupted"]);
  });

  test("does not resume by a word that holds something", async () => {
    const t = await ready();
    t.first.drop();
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed, new Uint8Array(1)));
    await until(() => second.closed);
    expect(t.events).toEqual(["ready", "interrupted", "interrupted"]);
  });

  test("ends the session if the core says so", async () => {
    const t = await ready();
    t.first.drop(4001);
    expect(t.events.at(-1)).toBe("closed");
    await pause(150);
    expect(t.sockets).toHaveLength(1);
  });

  test("ends the session if the core no longer knows it", async () => {
    const t = await ready();
    t.first.drop();
    for (let i = 1; i <= patience.unheard; i++) {
      const socket = await t.socket(i);
      socket.accept();
      await socket.next();
      socket.drop();
    }
    expect(t.events.at(-1)).toBe("closed");
  });

  test("ends the session if nobody is there for too long", async () => {
    const t = await ready({ patience: { ...quick, resumeFor: 150 } });
    t.first.drop();
    const end = Date.now() + 2000;
    for (let i = 1; !t.events.includes("closed") && Date.now() < end; i++) {
      await until(() => t.sockets[i] ?? t.events.includes("closed"));
      t.sockets[i]?.drop();
    }
    expect(t.events.at(-1)).toBe("closed");
  });
});

describe("new keys", () => {
  test("come under the old, and nothing is sent between rekeyed and ready", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    const rekeyed = await t.first.next();
    t.queue(1);
    t.first.deliver(await t.core.seal(Type.ping)); // still under the old keys
    t.first.deliver(await t.core.reply(answer(true, 1, "1")));
    await until(() => t.items.length === 1);
    await pause(10);
    expect(t.first.sent).toEqual([]);
    t.first.deliver(await t.core.rekeyed(rekeyed));
    const pong = await t.core.open(await t.first.next());
    const batch = await t.core.open(await t.first.next());
    expect([pong.type, pong.epoch, batch.type, batch.epoch, [...batch.plain]]).toEqual([Type.pong, 1, Type.batch, 1, [1]]);
  });

  test("come again and again, and the sequence never starts anew", async () => {
    const t = await ready();
    let last = 0;
    for (let epoch = 1; epoch <= 3; epoch++) {
      t.queue(epoch);
      last = (await t.core.open(await t.first.next())).sequence;
      t.first.deliver(await t.core.rekey());
      t.first.deliver(await t.core.rekeyed(await t.first.next()));
      expect(t.core.taken).toBe(last + 1);
      await until(() => t.events.filter((e) => e === "ready").length === epoch + 1);
    }
    expect(t.core.epoch).toBe(3);
  });

  test("make the old ones worthless", async () => {
    const t = await ready();
    const old = t.core.down;
    t.first.deliver(await t.core.rekey());
    t.first.deliver(await t.core.rekeyed(await t.first.next()));
    await until(() => t.events.length === 2);
    const now = t.core.down;
    t.core.down = old;
    t.first.deliver(await t.core.seal(Type.ping, undefined, { epoch: 0, sequence: t.core.sequence + 1 }));
    await until(() => t.first.closed);
    t.core.down = now;
  });

  test("are not taken from a second rekey while one is under way", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    t.first.deliver(await t.core.seal(Type.rekey, new Uint8Array(97)));
    await until(() => t.first.closed);
  });

  test("with a public key that is none end the session", async () => {
    const t = await ready();
    t.first.deliver(await t.core.seal(Type.rekey, new Uint8Array(97)));
    await until(() => t.events.includes("closed"));
  });

  test("that are still being made when the socket drops are not offered on the next", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    await pause(1);
    t.first.drop();
    await pause(60);
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    await pause(30);
    expect(second.sent).toEqual([]);
  });

  test("are in force after a drop if the challenge says so", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    await t.core.rekeyed(await t.first.next()); // its ready is lost
    t.first.drop();
    t.queue(5);
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    const batch = await t.core.open(await second.next());
    expect([batch.epoch, [...batch.plain]]).toEqual([1, [5]]);
  });

  test("are kept until resumed: the core may take them between its challenge and the proof", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    const rekeyed = await t.first.next();
    t.first.drop();
    const second = await resume(t, 1); // challenged under the old keys
    await t.core.rekeyed(rekeyed); // which the core had in a buffer of the old socket: it refuses the proof
    second.drop();
    t.queue(5);
    const third = await resume(t, 2);
    third.deliver(await t.core.seal(Type.resumed));
    const batch = await t.core.open(await third.next());
    expect([batch.epoch, [...batch.plain]]).toEqual([1, [5]]);
  });

  test("that the core did not take are of no use after resumed", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    const rekeyed = await t.first.next();
    t.first.drop();
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    await until(() => t.events.at(-1) === "ready");
    second.deliver(await t.core.rekeyed(rekeyed));
    await until(() => second.closed);
    expect(t.events.filter((e) => e === "ready").length).toBe(2);
  });

  test("are forgotten after a drop if the challenge says so, and asked for anew", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    await t.first.next(); // rekeyed is lost
    t.first.drop();
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    second.deliver(await t.core.rekey());
    second.deliver(await t.core.rekeyed(await second.next()));
    await until(() => t.events.filter((e) => e === "ready").length === 3);
    t.queue(6);
    expect((await t.core.open(await second.next())).epoch).toBe(1);
  });
});

describe("leaving", () => {
  test("sends the farewell at once, outside the sequence", async () => {
    const t = await ready();
    t.session.leave();
    expect(t.first.sent).toHaveLength(1);
    const bye = await t.core.open(t.first.sent[0]!);
    expect([bye.type, bye.sequence, bye.plain.length]).toEqual([Type.bye, 0, 0]);
    expect([t.first.closed, t.events.at(-1)]).toEqual([true, "closed"]);
  });

  test("after new keys sends one under these", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    t.first.deliver(await t.core.rekeyed(await t.first.next()));
    await until(() => t.events.length === 2);
    await pause(5);
    t.session.leave();
    const bye = await t.core.open(t.first.sent[0]!);
    expect([bye.type, bye.epoch, bye.sequence]).toEqual([Type.bye, 1, 0]);
  });

  test("before there are keys never connects", async () => {
    const t = await start({ left: true });
    await pause(20);
    expect([t.sockets.length, t.events]).toEqual([0, ["closed"]]);
  });

  test("is final", async () => {
    const t = await ready();
    t.session.leave();
    t.session.leave();
    t.queue(1);
    await pause(100);
    expect([t.first.sent.length, t.sockets.length, t.events.filter((e) => e === "closed").length]).toEqual([1, 1, 1]);
  });
});

describe("between two steps", () => {
  test("leaving is final at every point of the start", async () => {
    for (let i = 0; i < 25; i++) {
      const core = await new CoreDouble().prepare();
      let sockets = 0;
      let closed = 0;
      const carrierOf = direct("x", (url) => (sockets++, new TestSocket(url)));
      const nothing = (): void => {};
      const session = new Session(
        { ...core.handshake, maxFrame: 4096, carrierOf, patience },
        { ready: nothing, items: nothing, interrupted: nothing, closed: () => closed++, unavailable: nothing },
      );
      const started = session.start();
      for (let n = 0; n < i; n++) await pause();
      const before = sockets;
      session.leave();
      await started;
      expect([sockets, closed]).toEqual([before, 1]);
    }
  });

  test("leaving while nobody is there is final", async () => {
    const t = await ready();
    t.first.drop();
    t.session.leave();
    await pause(150);
    expect([t.sockets.length, t.events.at(-1)]).toEqual([1, "closed"]);
  });

  test("a hello that never left is said again", async () => {
    const t = await start();
    (await t.socket(0)).drop(); // before it was open
    const second = await t.socket(1);
    second.accept();
    expect((await second.next())[1]).toBe(Type.hello);
  });

  test("the clock of the handshake stops with it", async () => {
    const t = await ready({ patience: { ...patience, answerWithin: 150 } });
    await pause(300);
    expect([t.first.closed, t.events]).toEqual([false, ["ready"]]);
  });

  test("time and tries of an earlier drop are forgotten", async () => {
    const t = await ready({ patience: { ...quick, resumeFor: 200 } });
    let last = t.first;
    for (let i = 1; i <= 6; i++) {
      last.drop();
      const dropped = Date.now();
      last = await resume(t, i);
      expect(Date.now() - dropped).toBeLessThan(600); // the seventh try in a row would wait for a second
      last.deliver(await t.core.seal(Type.resumed));
      await until(() => t.events.filter((e) => e === "ready").length === i + 1);
      await pause(60);
    }
    expect(t.events.includes("closed")).toBe(false);
  });

  test("resumes are unheard in a row or not at all", async () => {
    const t = await ready();
    t.first.drop();
    for (let i = 1; i <= 5; i++) {
      if (i === 3) {
        (await resume(t, i)).drop(); // challenged: the core knows the session
        continue;
      }
      const socket = await t.socket(i);
      socket.accept();
      await socket.next();
      socket.drop();
    }
    await t.socket(6);
    expect(t.events.includes("closed")).toBe(false);
  });

  test("an answer to the old socket is not said on the new", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    await t.first.next();
    t.first.deliver(await t.core.seal(Type.ping)); // its pong waits for ready
    t.first.deliver(await t.core.reply(answer(true, 1, "1")));
    await until(() => t.items.length === 1);
    t.first.drop();
    const second = await resume(t, 1); // the first sealed frame is the proof
    second.deliver(await t.core.seal(Type.resumed));
    t.queue(1);
    expect([...(await t.core.open(await second.next())).plain]).toEqual([1]);
  });

  test("what the old socket brought last is not acted on, and drops nothing", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    t.first.deliver(await t.core.seal(Type.bye));
    t.first.drop(); // before either could be opened
    const second = await resume(t, 1);
    second.deliver(await t.core.seal(Type.resumed));
    t.queue(1);
    expect([...(await t.core.open(await second.next())).plain]).toEqual([1]);
    expect(t.events).toEqual(["ready", "interrupted", "ready"]);
  });

  test("new keys that were made for the old socket are not sent on the new", async () => {
    const t = await ready();
    t.first.deliver(await t.core.rekey());
    t.first.deliver(await t.core.seal(Type.ping));
    expect((await t.core.open(await t.first.next())).type).toBe(Type.pong); // the keys take longer
    t.first.drop();
    const second = await resume(t, 1);
    await pause(30);
    second.deliver(await t.core.seal(Type.resumed));
    t.queue(1);
    const next = await t.core.open(await second.next());
    expect([next.type, next.epoch]).toEqual([Type.batch, 0]);
  });

  test("a large batch is not overtaken by a small one", async () => {
    const t = await ready({ maxFrame: 32 << 20 });
    t.session.send({ item: new Uint8Array(16 << 20), sent: () => {} });
    for (let i = 0; i < 5; i++) {
      await Promise.resolve();
      t.queue(i);
    }
    const sizes: number[] = [];
    for (let last = 0; sizes.length === 0 || t.core.taken < last + 1; last = t.core.taken) {
      const { sequence, plain } = await t.core.open(await t.first.next());
      expect(sequence).toBe(sizes.length + 1);
      sizes.push(plain.length);
      if (sizes.reduce((a, b) => a + b, 0) === (16 << 20) + 5) break;
    }
    expect(sizes[0]! >= 16 << 20).toBe(true);
  });

  test("a key that is used up ends the session", async () => {
    const t = await ready();
    const { use } = Epochs.prototype;
    Epochs.prototype.use = () => false;
    try {
      t.queue(1);
      await until(() => t.events.includes("closed"));
    } finally {
      Epochs.prototype.use = use;
    }
    expect([t.first.closed, t.first.sent]).toEqual([true, []]);
  });

  test("an item larger than a batch goes alone rather than never", () => {
    const outbox = new Outbox();
    for (const size of [3, 20, 4]) outbox.push({ item: new Uint8Array(size), sent: () => {} });
    const sizes = [1, 2, 3, 4].map(() => Array.prototype.map.call(outbox.take(10), (e: Entry) => e.item?.length));
    expect(sizes).toEqual([[3], [20], [4], []]);
  });

  const early: [string, (core: CoreDouble) => Promise<Uint8Array>][] = [
    ["a batch", (c) => c.reply(answer(true, 1, "1"))],
    ["a ping", (c) => c.seal(Type.ping)],
    ["a bye", (c) => c.seal(Type.bye)],
    ["a ready", (c) => c.seal(Type.ready)],
    ["a rekey", (c) => c.seal(Type.rekey, new Uint8Array(SECRET + PUBLIC_KEY))],
    ["another challenge", (c) => c.seal(Type.challenge, new Uint8Array(NONCE), { sequence: 0 })],
    ["a resumed that holds something", (c) => c.seal(Type.resumed, new Uint8Array(1))],
  ];
  for (const [name, make] of early)
    test(`a proof is not answered by ${name}`, async () => {
      const t = await ready({ patience });
      t.first.drop();
      const second = await resume(t, 1);
      second.deliver(await make(t.core));
      await until(() => second.closed);
      expect([second.sent, t.items, t.events]).toEqual([[], [], ["ready", "interrupted", "interrupted"]]);
    });

  const during: [string, (core: CoreDouble) => Promise<Uint8Array>][] = [
    ["a ready under the old keys", (c) => c.seal(Type.ready)],
    ["another rekey", async (c) => (await new CoreDouble().prepare(), c.rekey())],
    ["a resumed", (c) => c.seal(Type.resumed)],
    ["a challenge", (c) => c.seal(Type.challenge, new Uint8Array(NONCE), { sequence: 0 })],
  ];
  for (const [name, make] of during)
    test(`rekeyed is not answered by ${name}`, async () => {
      const t = await ready({ patience });
      t.first.deliver(await t.core.rekey());
      await t.first.next();
      t.queue(1);
      t.first.deliver(await make(t.core));
      await until(() => t.first.closed);
      expect([t.first.sent, t.events]).toEqual([[], ["ready", "interrupted"]]);
    });

  test("a rekey that holds more than it may changes nothing", async () => {
    const t = await ready({ patience });
    const rekey = await t.core.rekey();
    t.core.sequence--;
    expect(rekey.length).toBeGreaterThan(0);
    const long = new Uint8Array(SECRET + PUBLIC_KEY + 1);
    long.set(t.core.secret);
    long.set(t.core.publicRaw, SECRET);
    t.first.deliver(await t.core.seal(Type.rekey, long));
    await until(() => t.first.closed);
    expect([t.first.sent, t.events]).toEqual([[], ["ready", "interrupted"]]);
  });

  test("a connection that was given up is not heard any more", async () => {
    const core = await new CoreDouble().prepare();
    const events: string[] = [];
    const links: { events: LinkEvents; sent: Uint8Array[] }[] = [];
    const carrierOf = {
      ordered: true,
      open(to: LinkEvents) {
        const link = { events: to, sent: [] as Uint8Array[] };
        links.push(link);
        return { send: (frame: Uint8Array) => (link.sent.push(frame), true), close() {}, farewell() {} }; // and goes on talking
      },
    };
    const session = new Session(
      { ...core.handshake, maxFrame: 4096, carrierOf, patience },
      {
        ready: () => events.push("ready"),
        items: () => events.push("items"),
        interrupted: () => events.push("interrupted"),
        closed: () => events.push("closed"),
        unavailable: () => events.push("unavailable"),
      },
    );
    await session.start();
    const old = links[0]!;
    old.events.opened();
    old.events.frame(await core.hello(old.sent.shift()!));
    await until(() => events.includes("ready"));
    old.events.dropped(false);
    const next = await until(() => links[1]);
    const late = await core.reply(answer(true, 1, "1"));
    old.events.frame(late);
    old.events.opened();
    old.events.lost();
    old.events.dropped(true);
    next.events.opened();
    await pause(20);
    expect(events).toEqual(["ready", "interrupted"]);
    expect([old.sent.length, next.sent.map((f) => f[1])]).toEqual([0, [Type.resume]]);
  });

  test("a socket that is closed tells nothing more", () => {
    const socket = new TestSocket("x");
    const told: string[] = [];
    const link = direct("x", () => socket).open({
      opened: () => told.push("opened"),
      frame: () => told.push("frame"),
      dropped: () => told.push("dropped"),
      lost: () => told.push("lost"),
    });
    link.close();
    socket.onopen?.();
    socket.deliver(new Uint8Array(12));
    socket.drop(4001);
    expect(told).toEqual([]);
  });
});
