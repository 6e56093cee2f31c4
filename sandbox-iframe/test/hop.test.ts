import { describe, expect, test } from "vitest";
import { type Hop, type Messages, greet, meet, quicker } from "../src/hop.ts";
import { iterable } from "../src/primordials.ts";
import { Ask, Tell } from "../src/protocol.ts";
import { pause, withIndexSetters } from "./support.ts";

const PAGE = "http://page.test";

/** Two windows and their messages, without a browser's own checks. */
function stage() {
  type Run = (event: Event) => void;
  const listeners = new Map<unknown, Run[]>();
  const started: unknown[] = [];
  const posted: { to: unknown; message: unknown; origin: string }[] = [];
  const given: number[] = []; // buffers with each message
  const on = (to: unknown, run: Run): void => void listeners.set(to, [...(listeners.get(to) ?? []), run]);
  const fire = (to: unknown, event: object): void => (listeners.get(to) ?? []).forEach((run) => run(event as Event));
  const [page, frame] = [{}, {}];
  const buffers = (transfer: readonly Transferable[]): Transferable[] => {
    const all = Array.from(transfer).filter((t) => t instanceof ArrayBuffer);
    given.push(all.length);
    return all;
  };
  const messages: Messages = {
    trusted: (e) => e.isTrusted,
    source: (e) => e.source,
    origin: (e) => e.origin,
    data: (e) => e.data,
    port: (e) => e.ports[0],
    post(to, message, origin, transfer) {
      posted.push({ to, message, origin });
      const fromFrame = (to as unknown) === page;
      const ports = Array.from(transfer).filter((t) => !(t instanceof ArrayBuffer));
      fire(to, { isTrusted: true, source: fromFrame ? frame : page, origin: fromFrame ? "null" : PAGE, data: structuredClone(message, { transfer: buffers(transfer) }), ports });
    },
    postPort: (port, message, transfer) => fire((port as unknown as { peer: unknown }).peer, { data: structuredClone(message, { transfer: buffers(transfer) }) }),
    start: (port) => void started.push(port),
    listen: (to, _, run) => on(to, run),
    channel() {
      const [port1, port2] = [{ peer: {} }, { peer: {} }];
      [port1.peer, port2.peer] = [port2, port1];
      return { port1, port2 } as unknown as MessageChannel;
    },
  };
  const heard = { page: [] as unknown[], frame: [] as unknown[] };
  const hops: Hop[] = [];
  const meeting = meet(messages, page as EventTarget, () => frame, (hop) => hops.push(hop), (list) => heard.page.push(list));
  const answer = (kind: "port" | "window", relay?: string): Hop =>
    greet(messages, frame as EventTarget, page as Window, PAGE, kind, relay, (list) => heard.frame.push(list));
  return { given, messages, page, frame, fire, posted, started, heard, hops, meeting, answer };
}

for (const kind of ["port", "window"] as const)
  describe(`page and frame by ${kind}`, () => {
    test("talk both ways, one message for one turn", async () => {
      const s = stage();
      const hop = s.answer(kind);
      hop.say(Tell.state, "ready");
      hop.say(Tell.result, 1, "2");
      s.hops[0]!.say(Ask.cancel, 1);
      s.hops[0]!.say(Ask.cancel, 2);
      await pause();
      expect(s.heard).toEqual({ page: [[Tell.state, "ready", Tell.result, 1, "2"]], frame: [[Ask.cancel, 1, Ask.cancel, 2]] });
    });

    test("say what they say, whatever setters are on Array.prototype", async () => {
      const s = stage();
      s.answer(kind);
      withIndexSetters(() => "forged", () => s.hops[0]!.say(Ask.call, 1, "a", "{}", 0, 0, 0));
      await pause();
      expect(s.heard.frame).toEqual([[Ask.call, 1, "a", "{}", 0, 0, 0]]);
    });

    test("meet once: a second greeting is nobody's", async () => {
      const s = stage();
      s.answer(kind);
      s.answer(kind === "port" ? "window" : "port");
      expect(s.hops).toHaveLength(1);
    });

    test("the frame speaks at exactly the page's origin, the page at whatever an opaque one is called", async () => {
      const s = stage();
      s.answer(kind).say(Tell.state, "ready");
      s.hops[0]!.say(Ask.lost);
      await pause();
      const later = kind === "port" ? [] : [[s.page, PAGE], [s.frame, "*"]];
      expect(s.posted.map((p) => [p.to, p.origin])).toEqual([[s.page, PAGE], ...later]);
    });

    test("say at once what is pending when a document is about to go", () => {
      const s = stage();
      const hop = s.answer(kind);
      hop.say(Tell.state, "closed");
      hop.flush();
      expect(s.heard.page).toEqual([[Tell.state, "closed"]]);
      hop.flush();
      expect(s.heard.page).toHaveLength(1);
    });

    test("give large bytes away, and copy small ones", async () => {
      const s = stage();
      const hop = s.answer(kind);
      const [large, small] = [new Uint8Array(5000).fill(7), new Uint8Array(50).fill(8)];
      const sections = ["a/b", large, "a/b", small] as const;
      hop.say(Tell.result, 1, "2", sections);
      hop.give(sections);
      hop.give(0);
      await pause();
      expect([large.byteLength, small.byteLength]).toEqual([0, 50]);
      expect(s.heard.page).toEqual([[Tell.result, 1, "2", ["a/b", new Uint8Array(5000).fill(7), "a/b", small]]]);
      hop.say(Tell.end, 1);
      await pause();
      expect([s.heard.page.length, s.given.slice(-2)]).toEqual([2, [1, 0]]);
    });

    test("start their ports themselves, out of reach of MessagePort.prototype", () => {
      const s = stage();
      s.answer(kind);
      expect(s.started).toHaveLength(kind === "port" ? 2 : 0);
    });

    test("are silent after the meeting has ended", async () => {
      const s = stage();
      const hop = s.answer(kind);
      s.meeting.stop();
      hop.say(Tell.state, "ready");
      await pause();
      s.answer(kind);
      expect([s.heard.page, s.hops.length]).toEqual([[], 1]);
    });
  });

describe("the quicker way", () => {
  for (const [agent, way] of [
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", "window"], // WebKitGTK
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "port"],
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36", "port"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "port"],
    ["", "port"],
  ] as const)
    test(`is a ${way} for ${agent.slice(30) || "an unknown agent"}`, () => expect(quicker(agent)).toBe(way));
});

describe("the page is not taken in by", () => {
  const port = { peer: {} };
  const good = { isTrusted: true, origin: "null", data: { sallyport: 1, hop: "port" }, ports: [port] };
  const cases: [string, (frame: object) => object][] = [
    ["another window's port", () => ({ ...good, source: {} })],
    ["a port that a script dispatched in the frame's name", (frame) => ({ ...good, source: frame, isTrusted: false })],
    ["a port from nowhere", () => ({ ...good, source: null })],
    ["a port from the frame's window at another origin", (frame) => ({ ...good, source: frame, origin: "http://evil.test" })],
    ["a greeting without a port", (frame) => ({ ...good, source: frame, ports: [] })],
    ["a greeting of another kind", (frame) => ({ ...good, source: frame, data: { sallyport: 1, hop: "shared" } })],
    ["a greeting of another version", (frame) => ({ ...good, source: frame, data: { sallyport: 2, hop: "port" } })],
    ["text", (frame) => ({ ...good, source: frame, data: "__TAURI_ISOLATION_READY__" })],
    ["null", (frame) => ({ ...good, source: frame, data: null })],
    ["a state without a greeting", (frame) => ({ ...good, source: frame, data: [Tell.state, "ready"] })],
  ];
  for (const [name, event] of cases)
    test(name, () => {
      const s = stage();
      s.fire(s.page, event(s.frame));
      expect([s.hops, s.heard.page]).toEqual([[], []]);
      s.answer("port");
      expect(s.hops).toHaveLength(1);
    });

  test("a port from nowhere while its frame is nowhere", () => {
    const s = stage();
    const hops: Hop[] = [];
    const self = new EventTarget();
    meet(s.messages, self, () => null, (hop) => hops.push(hop), () => {});
    s.fire(self, { ...good, source: null });
    expect(hops).toEqual([]);
  });

  test("window messages of others once it talks by window", () => {
    const s = stage();
    s.answer("window");
    const closed = { isTrusted: true, source: s.frame, origin: "null", data: [Tell.state, "closed"], ports: [] };
    for (const wrong of [{ source: {} }, { origin: PAGE }, { isTrusted: false }]) s.fire(s.page, { ...closed, ...wrong });
    expect(s.heard.page).toEqual([]);
  });

  test("window messages of its frame once it talks by port", () => {
    const s = stage();
    s.answer("port");
    s.fire(s.page, { isTrusted: true, source: s.frame, origin: "null", data: [Tell.state, "closed"], ports: [] });
    expect(s.heard.page).toEqual([]);
  });
});

describe("the frame, talking by window, listens to nobody but", () => {
  const call = [Ask.call, 1, "a", "{}", 0, 0, 0];
  for (const [name, event] of [
    ["its parent: not another window of the page's origin", { source: {}, origin: PAGE, data: call }],
    ["the page's origin: not its parent after a navigation", { source: "page", origin: "http://evil.test", data: call }],
    ["windows: not a message without a source", { source: null, origin: PAGE, data: call }],
    ["the browser: not an event that a script dispatched", { source: "page", origin: PAGE, data: call, isTrusted: false }],
  ] as const)
    test(name, () => {
      const s = stage();
      s.answer("window");
      s.fire(s.frame, { isTrusted: true, ...event, source: event.source === "page" ? s.page : event.source, ports: [] });
      expect(s.heard.frame).toEqual([]);
    });

  test("nobody at all by window once it talks by port", () => {
    const s = stage();
    s.answer("port");
    s.fire(s.frame, { isTrusted: true, source: s.page, origin: PAGE, data: call, ports: [] });
    expect(s.heard.frame).toEqual([]);
  });
});

describe("a list of what is given away", () => {
  test("is read with an iterator of its own", async () => {
    const { port1, port2 } = new MessageChannel();
    const bytes = new Uint8Array([1, 2, 3]);
    let read: unknown;
    const original = Object.getOwnPropertyDescriptor(Array.prototype, Symbol.iterator)!;
    const next = Object.getPrototypeOf([][Symbol.iterator]()) as { next: unknown };
    const { next: nextOf } = next;
    const came = new Promise((done) => (port2.onmessage = (e) => done(e.data)));
    Object.defineProperty(Array.prototype, Symbol.iterator, { configurable: true, value: () => { throw new Error("asked"); } });
    next.next = () => { throw new Error("asked"); };
    try {
      port1.postMessage(bytes, iterable([bytes.buffer])); // Node looks at no iterator of an array
      read = Array.from(iterable([3, 4]));
    } finally {
      Object.defineProperty(Array.prototype, Symbol.iterator, original);
      next.next = nextOf;
    }
    expect(await came).toEqual(new Uint8Array([1, 2, 3]));
    expect([bytes.byteLength, read]).toEqual([0, [3, 4]]);
    port1.close();
  });
});
