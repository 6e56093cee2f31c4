/** What each scenario's page does and expects. Runs in the page, after the client, under the page's policy. */

interface Failure { code: string; id: string; message: string; name: string }
interface Options { signal?: AbortSignal; timeout?: number; onProgress?: (p: unknown) => void; channel?: string }
interface Heard { payload: unknown; window: unknown; missed: number }
interface Sallyport {
  invoke(command: string, args?: unknown, options?: Options): Promise<unknown>;
  stream(command: string, args?: unknown, options?: Options): { result: Promise<unknown>; readable: ReadableStream<unknown>; writable: WritableStream<unknown> };
  emit(event: string, payload?: unknown): Promise<void>;
  emitTo(label: string, event: string, payload?: unknown): Promise<void>;
  listen(event: string, run: (event: Heard) => void, options?: { onClose?: (e: Failure) => void }): Promise<() => void>;
  once(event: string, run: (event: Heard) => void): Promise<() => void>;
  SallyportError: new (...args: never[]) => Error;
}
declare const sallyport: Sallyport;

const { invoke, stream, emit, emitTo, listen, once } = sallyport;
const get = fetch.bind(window);
const checks: [string, () => Promise<void> | void][] = [];
const check = (name: string, run: () => Promise<void> | void): void => void checks.push([name, run]);

function equal(got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`got ${a}, want ${b}`);
}
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const codeOf = (call: Promise<unknown>): Promise<string> => call.then(() => "resolved", (e: Failure) => e.code);
const logs = async (): Promise<string[][]> => (await get("/log")).json() as Promise<string[][]>;
const log = async (): Promise<string[]> => (await logs()).at(-1)!;
async function logged(entry: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if ((await log()).includes(entry)) return;
    await pause(20);
  }
  throw new Error(`the core never logged ${entry}, but ${(await log()).join("; ")}`);
}

function calls(): void {
  check("a call is answered", async () => equal(await invoke("echo", { a: [1, "\u00e4\u{1f600}"] }, { timeout: 5000 }), { args: { a: [1, "\u00e4\u{1f600}"] }, timeout: 5000 }));
  check("a thousand calls of one turn are answered, each with its own", async () => {
    const answers = (await Promise.all(Array.from({ length: 1000 }, (_, n) => invoke("echo", { n })))) as { args: { n: number } }[];
    equal(answers.map((a) => a.args.n), Array.from({ length: 1000 }, (_, n) => n));
  });
  check("a hundred kilobytes go both ways", async () => {
    const text = "x".repeat(100_000);
    equal(((await invoke("echo", { text })) as { args: unknown }).args, { text });
  });
  check("too large a call is refused at home", async () => equal(await codeOf(invoke("echo", "x".repeat(1 << 20))), "too_large"));
  check("an error has code, id and message", async () => {
    const e = (await invoke("fail").catch((e: unknown) => e)) as Failure;
    equal([e instanceof sallyport.SallyportError, e.name, e.code, e.message], [true, "SallyportError", "failed", "it did not work"]);
  });
  check("an unknown command is denied", async () => equal(await codeOf(invoke("nothing")), "denied"));
  check("a cancelled call is cancelled in the core", async () => {
    const abort = new AbortController();
    const call = invoke("never", {}, { signal: abort.signal });
    await logged("call never");
    abort.abort();
    equal(await codeOf(call), "cancelled");
    for (let i = 0; i < 100 && !(await log()).some((l) => l.startsWith("cancel ")); i++) await pause(10);
    equal((await log()).some((l) => l.startsWith("cancel ")), true);
  });
  check("a timeout ends a call", async () => equal(await codeOf(invoke("never", {}, { timeout: 30 })), "timeout"));
  check("new keys change nothing for the page", async () => {
    await invoke("rekey");
    await logged("rekeyed");
    equal(await codeOf(invoke("echo")), "resolved");
  });
  check("a ping is answered", async () => {
    await invoke("ping");
    await logged("pong");
  });
}

const filled = (size: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: size }, (_, i) => i);
const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, b) => (sum + b) % 65536, 0);

async function readAll(readable: ReadableStream<unknown>, each: (item: unknown) => void): Promise<void> {
  const reader = readable.getReader();
  for (let r = await reader.read(); !r.done; r = await reader.read()) each(r.value);
}

function bytes(): void {
  check("bytes go as bytes and come back as what they are", async () => {
    const view = filled(300).subarray(10, 14);
    const back = (await invoke("bytes", { "9": view, "1": [new ArrayBuffer(2)], b: new Blob(["x"], { type: "image/png" }) })) as { 9: Uint8Array; 1: Uint8Array[]; b: Blob };
    equal([back[9] instanceof Uint8Array, [...back[9]], [...back[1][0]!], back.b instanceof Blob, back.b.type, await back.b.text()], [true, [10, 11, 12, 13], [0, 0], true, "image/png", "x"]);
  });
  check("half a mebibyte of them goes both ways, and what was sent is still there", async () => {
    const sent = filled(1 << 19);
    const back = (await invoke("bytes", sent)) as Uint8Array;
    equal([back.length, sumOf(back), sent.length, sumOf(sent)], [1 << 19, sumOf(filled(1 << 19)), 1 << 19, sumOf(filled(1 << 19))]);
  });
  check("more than a frame holds is refused at home", async () => equal(await codeOf(invoke("bytes", new Uint8Array(1 << 20))), "too_large"));
  check("an object that pretends to be bytes is refused", async () => equal(await codeOf(invoke("bytes", { $bytes: 1, type: "a/b" })), "invalid_args"));
  check("a call is told how far it is", async () => {
    const heard: unknown[] = [];
    await invoke("halves", {}, { onProgress: (p) => heard.push(p) });
    equal(heard, [{ done: 1, total: 2, text: "half" }, { done: 2, text: "" }]);
  });
}

function streams(): void {
  check("items come in order, more of them than there is credit at once", async () => {
    const { result, readable } = stream("count", { n: 2000, size: 1500 });
    let next = 0;
    await readAll(readable, (item) => equal((item as { n: number }).n, next++));
    equal([next, await result], [2000, 2000]);
  });
  check("items that are bytes come as bytes", async () => {
    const { result, readable } = stream("raw", { n: 20, size: 1 << 17 });
    let next = 0;
    await readAll(readable, (item) => {
      const bytes = item as Uint8Array;
      equal([bytes.length, bytes[0], bytes[bytes.length - 1]], [1 << 17, next, next]);
      next++;
    });
    equal([next, await result], [20, 20]);
  });
  check("a page that does not read stops the core at its credit, and can cancel", async () => {
    const before = (await log()).length;
    const { result, readable } = stream("count", { n: 5000, size: 2000 });
    await pause(300);
    const stalls = (await log()).slice(before).filter((l) => l.startsWith("stalled at "));
    equal([stalls.length, Number(stalls[0]!.slice(11)) < (1 << 20) + 4000], [1, true]);
    await readable.cancel();
    equal(await codeOf(result), "cancelled");
    for (let i = 0; i < 100 && !(await log()).slice(before).some((l) => l.startsWith("cancel ")); i++) await pause(10);
    equal((await log()).slice(before).some((l) => l.startsWith("cancel ")), true);
  });
  check("a file goes up in pieces, whole", async () => {
    const file = filled(5_000_001);
    const { result, writable } = stream("sum", {}, { channel: "upload" });
    await new Blob([file]).stream().pipeTo(writable);
    const { bytes, sum } = (await result) as { bytes: number; sum: number };
    equal([bytes, sum], [5_000_001, sumOf(file)]);
  });
  check("a Blob that is one chunk goes up in pieces too", async () => {
    const { result, writable } = stream("sum", {}, { channel: "upload" });
    const writer = writable.getWriter();
    await writer.write(new Blob([filled(600_000)]));
    await writer.close();
    equal(await result, { items: 3, bytes: 600_000, sum: sumOf(filled(600_000)) });
  });
  check("items go both ways at once", async () => {
    const { result, readable, writable } = stream("both", {}, { channel: "both" });
    const writer = writable.getWriter();
    const back: unknown[] = [];
    const read = readAll(readable, (item) => back.push(item));
    for (let n = 0; n < 300; n++) await writer.write({ n });
    await writer.close();
    await read;
    equal([back, await result], [Array.from({ length: 300 }, (_, n) => ({ n })), { items: 300, bytes: 0, sum: 0 }]);
  });
  check("an upload that is aborted ends the call in the core", async () => {
    const before = (await log()).length;
    const { result, writable } = stream("stay", {}, { channel: "both" });
    const writer = writable.getWriter();
    await writer.write(1);
    await writer.abort("enough");
    equal(await codeOf(result), "cancelled");
    for (let i = 0; i < 100 && !(await log()).slice(before).some((l) => l.startsWith("cancel ")); i++) await pause(10);
    equal((await log()).slice(before).some((l) => l.startsWith("cancel ")), true);
  });
  check("the wrong streams are refused, and all that there is fails alike", async () => {
    const { result, readable, writable } = stream("count", { n: 1, size: 1 }, { channel: "both" });
    equal([await codeOf(result), await codeOf(readable.getReader().read()), await codeOf(writable.getWriter().closed)], ["invalid_args", "invalid_args", "invalid_args"]);
  });
}

function events(): void {
  check("a listener hears what its window emits, and no more when it is gone", async () => {
    const heard: Heard[] = [];
    const unlisten = await listen("notes.changed", (e) => heard.push(e));
    await emit("notes.changed", { path: "a", raw: filled(3) });
    await emitTo("other", "notes.changed", 1);
    await emitTo("main", "notes.changed", 2);
    for (let i = 0; i < 100 && heard.length < 2; i++) await pause(5);
    unlisten();
    await emit("notes.changed", 3);
    await pause(50);
    const first = heard[0]!.payload as { path: string; raw: Uint8Array };
    equal([heard.length, first.path, [...first.raw], heard[0]!.window, heard[1]!.payload, heard[1]!.missed], [2, "a", [0, 1, 2], "main", 2, 0]);
    equal((await log()).filter((l) => l === "unlisten").length > 0, true);
  });
  check("one listen serves all listeners of a name", async () => {
    const heard: string[] = [];
    const offs = await Promise.all([listen("notes.shared", () => heard.push("a")), listen("notes.shared", () => heard.push("b")), once("notes.shared", () => heard.push("once"))]);
    await emit("notes.shared", { n: 2 });
    for (let i = 0; i < 100 && heard.length < 5; i++) await pause(5);
    equal(heard, ["a", "b", "once", "a", "b"]);
    offs.forEach((off) => off());
  });
  check("more events than the page has credit for are missed, and counted", async () => {
    let [count, missed] = [0, 0];
    const off = await listen("notes.many", (e) => {
      count++;
      missed += e.missed;
    });
    await emit("notes.many", { n: 20_000, pad: "x".repeat(100) });
    for (let i = 0; i < 300 && count <= 500; i++) await pause(10);
    await pause(200);
    equal([count > 500, count < 20_000], [true, true]);
    await emit("notes.many", { n: 1 });
    for (let i = 0; i < 300 && count + missed < 20_001; i++) await pause(10);
    equal(count + missed, 20_001);
    off();
  });
  check("a listen that the core refuses rejects, and one that it ends says so", async () => {
    equal(await codeOf(listen("notes.secret", () => {})), "denied");
    const closed = new Promise<string>((done) => void listen("notes.closing", () => {}, { onClose: (e) => done(e.code) }).then(() => emit("notes.end")));
    equal(await closed, "cancelled");
  });
}

function hooked(): void {
  check("the hook rewrites", async () => equal(((await invoke("rewrite")) as { args: unknown }).args, { by: "hook", window: "main", origin: location.origin }));
  check("the hook may take its time", async () => equal(((await invoke("later", 7)) as { args: unknown }).args, 7));
  check("the hook refuses, and the core hears of it", async () => {
    const e = (await invoke("secret").catch((e: unknown) => e)) as Failure;
    equal([e.code, /^[a-z2-7]{8}-\d+$/.test(e.id), e.message.includes("not for pages")], ["hook_refused", true, false]);
    await logged(`report ${e.id.split("-")[1]} 1 secret`);
  });
  check("a hook that throws refuses", async () => equal(await codeOf(invoke("throw")), "hook_refused"));
  check("a hook that hangs refuses", async () => equal(await codeOf(invoke("hang")), "hook_refused"));
  check("what the hook kept changes nothing afterwards", async () => equal(((await invoke("keep", { path: "mine" })) as { args: unknown }).args, { path: "mine" }));
  check("the answer hook hides", async () => equal(await codeOf(invoke("echo", { hide: 1 })), "hook_refused"));
  check("the frame is opaque, its surface frozen and without start, its configuration gone", async () =>
    equal(((await invoke("surface")) as { args: unknown }).args, { names: "onCall,onAnswer,refuse", frozen: true, origin: "null", config: true }));
  check("calls of one turn share a batch", async () => {
    const before = (await log()).length;
    await Promise.all([invoke("echo"), invoke("echo"), invoke("echo")]);
    equal((await log()).slice(before), ["batch 3"]);
  });
  check("the frame is hidden, sandboxed and out of reach", () => {
    const frame = document.querySelector("iframe")!;
    equal(["sandbox", "aria-hidden", "tabindex"].map((n) => frame.getAttribute(n)), ["allow-scripts", "true", "-1"]);
    const style = getComputedStyle(frame);
    equal([style.position, style.opacity, style.width, style.pointerEvents, frame.title !== "", frame.contentDocument], ["fixed", "0", "1px", "none", true, null]);
    let reached = false;
    try {
      reached = (frame.contentWindow as unknown as { sallyport: unknown }).sallyport !== undefined;
    } catch {}
    equal(reached, false);
  });
}

function shared(): void {
  check("the configuration is gone from the page", () => equal(document.getElementById("sallyport-page"), null));
  check("the global can't be replaced", () => {
    equal(Object.isFrozen(sallyport), true);
    let threw = false;
    try {
      "use strict";
      Object.defineProperty(window, "sallyport", { value: 1 });
    } catch {
      threw = true;
    }
    equal(threw, true);
  });
  check("script and module share one session", async () => {
    const url = "/.sallyport/api.mjs";
    const module = (await import(url)) as Sallyport;
    equal([module.invoke === invoke, module.SallyportError === sallyport.SallyportError], [true, true]);
    equal(await codeOf(module.invoke("echo")), "resolved");
  });
}

function dropping(): void {
  check("a dropped socket leaves an unknown outcome, and the session goes on", async () => {
    const before = (await log()).filter((l) => l === "resumed").length;
    const [lost, next] = [invoke("drop"), pause(5).then(() => invoke("echo", 1))];
    equal(await codeOf(lost), "unknown_outcome");
    equal(["resolved", "unknown_outcome"].includes(await codeOf(next)), true);
    equal(await codeOf(invoke("echo")), "resolved");
    equal((await log()).filter((l) => l === "resumed").length, before + 1);
    equal((await log()).filter((l) => l === "call drop").length, 1);
  });
  check("a dropped socket ends streams and keeps listeners", async () => {
    const heard: unknown[] = [];
    await listen("notes.kept", (e) => heard.push(e.payload));
    const s = stream("stay", {}, { channel: "both" });
    await logged("call stay");
    const [read, wrote] = [codeOf(s.readable.getReader().read()), codeOf(s.writable.getWriter().closed)];
    await codeOf(invoke("drop"));
    equal([await codeOf(s.result), await read, await wrote], ["unknown_outcome", "unknown_outcome", "unknown_outcome"]);
    await emit("notes.kept", 1);
    for (let i = 0; i < 100 && heard.length === 0; i++) await pause(10);
    equal(heard, [1]);
  });
  check("a forged answer is not taken, and the session goes on", async () => {
    equal(await codeOf(invoke("forge")), "unknown_outcome");
    equal(await codeOf(invoke("echo")), "resolved");
  });
}

const wait = setTimeout.bind(window);

// What a script can make look like a message of the frame: all but that the browser sent it.
function pretend(data: unknown, ports: MessagePort[] = []): void {
  const frame = document.querySelector("iframe");
  if (frame === null) return;
  let event: MessageEvent;
  try {
    event = new MessageEvent("message", { source: frame.contentWindow, origin: "null", data, ports });
  } catch {
    return; // Firefox makes no such event for a window of another origin
  }
  window.dispatchEvent(event);
}
// Before the frame has greeted: who is taken in by it talks to nobody from here on.
pretend({ sallyport: 1, hop: "port" }, [new MessageChannel().port1]);

// And who starts its port by the page's own function hands it over.
const handed: unknown[] = [];
const { start } = MessagePort.prototype;
MessagePort.prototype.start = function () {
  handed.push(this);
  start.call(this);
};

function impersonated(): void {
  check("the port is started out of the page's reach", () => equal(handed.length, 0));
  check("a message that a script dispatches in the frame's name is nobody's", async () => {
    const waiting = invoke("never", {}, { timeout: 200 });
    pretend([3, "closed"]);
    pretend({ sallyport: 1, hop: "window" });
    equal([await codeOf(waiting), await codeOf(invoke("echo"))], ["timeout", "resolved"]);
  });
}

function polluting(): void {
  const bad = (): never => {
    throw new Error("polluted");
  };
  const targets: [string, object, PropertyKey, unknown?][] = [
    ["JSON.stringify", JSON, "stringify"], ["JSON.parse", JSON, "parse"], ["MessagePort.postMessage", MessagePort.prototype, "postMessage"],
    ["EventTarget.addEventListener", EventTarget.prototype, "addEventListener"], ["Map.get", Map.prototype, "get"], ["Map.set", Map.prototype, "set"],
    ["Map.delete", Map.prototype, "delete"], ["Array iteration", Array.prototype, Symbol.iterator], ["Array.push", Array.prototype, "push"],
    ["Promise.then", Promise.prototype, "then"], ["Uint8Array.set", Uint8Array.prototype, "set"], ["DataView.getUint32", DataView.prototype, "getUint32"],
    ["SubtleCrypto.encrypt", SubtleCrypto.prototype, "encrypt"], ["SubtleCrypto.decrypt", SubtleCrypto.prototype, "decrypt"],
    ["WebSocket.send", WebSocket.prototype, "send"], ["fetch", window, "fetch"], ["Uint8Array.buffer", Object.getPrototypeOf(Uint8Array.prototype) as object, "buffer"], ["queueMicrotask", window, "queueMicrotask"],
    ["setTimeout", window, "setTimeout"], ["Object.tagLength", Object.prototype, "tagLength", 32], ["Object.hop", Object.prototype, "hop", "window"],
  ];
  for (const [name, object, member, value = bad] of targets)
    check(`${name} polluted after loading breaks nothing`, async () => {
      await pause(0); // the runner has its own needs behind it
      const was = Object.getOwnPropertyDescriptor(object, member);
      Object.defineProperty(object, member, { value, configurable: true, writable: true });
      let got: unknown;
      try {
        const call = invoke("echo", { p: 1 });
        got = await new Promise((done) => {
          then.call(call, done, done);
          wait(() => done("no answer"), 3000);
        });
      } finally {
        if (was === undefined) delete (object as Record<PropertyKey, unknown>)[member];
        else Object.defineProperty(object, member, was);
      }
      equal(got, { args: { p: 1 }, timeout: 0 });
    });
}

const { then } = Promise.prototype;

// Streams, bytes and events under other scripts' hands. What stands in the list is
// replaced all the while, so the checks use nothing of it. The constructor of
// promises is asked by every await, which a page that carries frames can't do without.
function pollutingStreams(awaits: boolean): void {
  const bad = (): never => {
    throw new Error("polluted");
  };
  const evil = { [Symbol.species]: bad };
  const targets: [string, object, PropertyKey, unknown?][] = [
    ["ReadableStreamDefaultController.enqueue", ReadableStreamDefaultController.prototype, "enqueue"], ["ReadableStreamDefaultController.close", ReadableStreamDefaultController.prototype, "close"],
    ["WritableStreamDefaultController.error", WritableStreamDefaultController.prototype, "error"], ["Blob.arrayBuffer", Blob.prototype, "arrayBuffer"], ["Blob.slice", Blob.prototype, "slice"],
    ["Blob", window, "Blob"], ["Promise.then", Promise.prototype, "then"], ["Array iteration", Array.prototype, Symbol.iterator],
    ["Object.type", Object.prototype, "type", "bytes"], ["Object.pull", Object.prototype, "pull"], ["Object.highWaterMark", Object.prototype, "highWaterMark", 99], ["Object.get", Object.prototype, "get", 1],
    ["MessagePort.postMessage", MessagePort.prototype, "postMessage"], ["AbortSignal.aborted", AbortSignal.prototype, "aborted", true], ["Object.freeze", Object, "freeze"],
  ];
  if (!awaits) targets.push(["Promise.constructor", Promise.prototype, "constructor", evil]);
  const settled = (promises: Promise<unknown>[], ms: number): Promise<unknown[]> =>
    new Promise((done) => {
      const all: unknown[] = [];
      let left = promises.length;
      for (let i = 0; i < promises.length; i++) {
        const set = (v: unknown): void => {
          all[i] = v;
          if (--left === 0) done(all);
        };
        const own = promises[i]!;
        define(own, "constructor", { __proto__: null, value: undefined } as PropertyDescriptor);
        define(own, "then", { __proto__: null, value: then } as PropertyDescriptor);
        own.then(set, set);
      }
      wait(() => done(all), ms);
    });
  for (const [name, object, member, value = bad] of targets)
    check(`${name} polluted after loading breaks no stream`, async () => {
      await pause(0);
      const blob = new Blob([filled(300_000)]);
      const typed = new Blob(["x"], { type: "image/png" });
      const heard: unknown[] = [];
      const was = Object.getOwnPropertyDescriptor(object, member);
      define(object, member, { __proto__: null, value, configurable: true, writable: true } as PropertyDescriptor);
      let got: unknown[];
      try {
        const up = stream("sum", {}, { channel: "upload" });
        const down = stream("count", { n: 3, size: 10 });
        const writer = getWriter.call(up.writable);
        const reader = getReader.call(down.readable);
        const off = listen("notes.p", (e) => (heard[heard.length] = e.payload));
        const all = settled([write.call(writer, blob), closeWriter.call(writer), up.result, read.call(reader), invoke("bytes", [typed]), off, emit("notes.p", 7), down.result], 3000);
        define(all, "constructor", { __proto__: null, value: PromiseOf } as PropertyDescriptor); // which await asks
        define(all, "then", { __proto__: null, value: then } as PropertyDescriptor);
        got = await all;
      } finally {
        if (was === undefined) delete (object as Record<PropertyKey, unknown>)[member];
        else define(object, member, was);
      }
      for (let i = 0; i < 100 && heard.length === 0; i++) await pause(10);
      if (typeof got[5] === "function") (got[5] as () => void)();
      equal([got[2], (got[3] as { value: { n: number } }).value.n, (got[4] as Blob[])[0]!.type, heard, got[7]], [{ items: 2, bytes: 300_000, sum: sumOf(filled(300_000)) }, 0, "image/png", [7], 3]);
    });
}

const PromiseOf = Promise;
const define = Object.defineProperty;
const { getReader } = ReadableStream.prototype as unknown as { getReader(this: unknown): ReadableStreamDefaultReader<unknown> };
const { getWriter } = WritableStream.prototype;
const { read } = ReadableStreamDefaultReader.prototype as unknown as { read(this: unknown): Promise<unknown> };
const { write, close: closeWriter } = WritableStreamDefaultWriter.prototype;

// Firefox doesn't always get the farewell of a dying document out.
const left = (l: string[]): boolean => l.at(-1) === "bye" || l.at(-1) === "gone";

function gone(): void {
  check("a frame taken out of the page says farewell, or at least drops its socket", async () => {
    const waiting = invoke("never");
    await logged("call never");
    document.querySelector("iframe")!.remove();
    for (let i = 0; i < 100 && !left(await log()); i++) await pause(20);
    equal(left(await log()), true);
    void waiting.catch(() => {});
  });
}

const pages: Record<string, () => void> = {
  direct: () => (shared(), calls(), bytes(), streams(), events(), hooked(), impersonated(), dropping(), polluting(), pollutingStreams(false), gone()),
  window: () => (calls(), bytes(), streams(), events(), hooked(), impersonated(), dropping(), polluting()),
  relay: () => (shared(), calls(), bytes(), streams(), events(), hooked(), polluting(), pollutingStreams(true)),
  "relay-window": () => (calls(), bytes(), streams(), events(), hooked(), impersonated()),
  fallback() {
    check("the relay takes over when no socket can be had", async () => {
      equal(await codeOf(invoke("echo")), "resolved");
      equal(document.querySelectorAll("iframe").length, 1);
      equal((await log()).slice(0, 2), ["hello", "by isolation relay"]);
    });
    calls();
  },
  brownfield: () => (shared(), calls(), bytes(), streams(), events(), dropping(), polluting(), pollutingStreams(true)),
  "brownfield-relay": () => (calls(), bytes(), streams(), events()),
  over() {
    check("when the core ends the session, all is closed", async () => {
      const waiting = invoke("never");
      await logged("call never");
      equal([await codeOf(invoke("over")), await codeOf(waiting)], ["unknown_outcome", "unknown_outcome"]);
      equal(await codeOf(invoke("echo")), "closed");
    });
  },
  broken() {
    check("a hook that does not load leaves a frame that does nothing", async () => {
      equal(await codeOf(invoke("echo", {}, { timeout: 700 })), "timeout");
      equal(await log(), []);
    });
  },
  hookless() {
    check("without a hook every call is refused", async () => equal(await codeOf(invoke("echo")), "hook_refused"));
  },
  last() {
    check("pages that were left said farewell, or at least dropped their sockets", async () => {
      equal(await codeOf(invoke("echo")), "resolved");
      const all = await logs();
      const before = all.filter((l) => l[0] === "hello" && !l.includes("call over")).slice(0, -1);
      equal([before.length >= 7, before.filter((l) => !left(l) && !l.includes("bye"))], [true, []]);
    });
  },
};

async function run(): Promise<void> {
  const name = document.title;
  pages[name]?.();
  const results: { name: string; error?: string }[] = [];
  for (const [what, body] of checks) {
    let timer: unknown;
    try {
      const late = new Promise((_, failed) => (timer = setTimeout(() => failed(new Error("no end after 8 s")), 8000)));
      await Promise.race([body(), late]);
      results.push({ name: what });
    } catch (e) {
      results.push({ name: what, error: e instanceof Error ? e.message : String(e) });
    }
    clearTimeout(timer as number);
  }
  const next = await (await get(`/results/${name}`, { method: "POST", body: JSON.stringify(results) })).text();
  if (next !== "") location.href = `/${next}`;
}

void run();

export {}; // has names of its own
