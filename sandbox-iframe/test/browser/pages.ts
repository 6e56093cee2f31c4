/** What each scenario's page does and expects. Runs in the page, after the client, under the page's policy. */

interface Failure { code: string; id: string; message: string; name: string }
interface Sallyport {
  invoke(command: string, args?: unknown, options?: { signal?: AbortSignal; timeout?: number }): Promise<unknown>;
  SallyportError: new (...args: never[]) => Error;
}
declare const sallyport: Sallyport;

const { invoke } = sallyport;
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
  direct: () => (shared(), calls(), hooked(), impersonated(), dropping(), polluting(), gone()),
  window: () => (calls(), hooked(), impersonated(), dropping(), polluting()),
  relay: () => (shared(), calls(), hooked(), polluting()),
  "relay-window": () => (calls(), hooked(), impersonated()),
  fallback() {
    check("the relay takes over when no socket can be had", async () => {
      equal(await codeOf(invoke("echo")), "resolved");
      equal(document.querySelectorAll("iframe").length, 1);
      equal((await log()).slice(0, 2), ["hello", "by isolation relay"]);
    });
    calls();
  },
  brownfield: () => (shared(), calls(), dropping(), polluting()),
  "brownfield-relay": () => calls(),
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
