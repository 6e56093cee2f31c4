// A page whose built-ins lie. Each attack replaces what the client might use,
// calls, and puts it back.
"use strict";

// What works here while everything else lies: no array, no iterator, no object
// with a prototype.
const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf, prototype: ObjectPrototype } = Object;
const NativePromise = Promise;
const timer = setTimeout;
const clock = Date.now;
const write = JSON.stringify;
let undo = null;
const define = (object, name, get, set) => keep(object, name, { __proto__: null, configurable: true, get, set });
const replace = (object, name, value) => keep(object, name, { __proto__: null, configurable: true, writable: true, value });
const keep = (object, name, descriptor) => {
  const old = getOwnPropertyDescriptor(object, name);
  if (old !== undefined) setPrototypeOf(old, null);
  undo = { __proto__: null, object, name, old, next: undo };
  defineProperty(object, name, descriptor);
};
const restore = () => {
  for (; undo !== null; undo = undo.next) {
    if (undo.old === undefined) delete undo.object[undo.name];
    else defineProperty(undo.object, undo.name, undo.old);
  }
};
const word = (text) => (/^\{"n":\d+\}$/.test(text) ? "ok" : text);

// A call as an object: what came of it, and the promise.
const start = (command, args) => {
  const call = { __proto__: null, said: undefined, value: undefined };
  const settle = async (promise) => {
    try {
      call.value = await promise;
      call.said = "value";
    } catch (e) {
      call.said = e?.code ?? e?.name ?? "unknown";
    }
  };
  try {
    void settle(args === undefined ? sallyport.invoke(command) : sallyport.invoke(command, args));
  } catch (e) {
    call.said = "threw " + e?.name;
  }
  return call;
};
const calls = () => ({ __proto__: null, echo: start("echo", { text: "truth" }), vault: start("vault.open", {}), bare: start("vault.open"), count: start("count") });
const answered = async (c, ms) => {
  for (const end = clock() + ms; clock() < end; await new NativePromise((done) => timer(done, 10))) {
    if (c.echo.said !== undefined && c.vault.said !== undefined && c.bare.said !== undefined && c.count.said !== undefined) return;
  }
};
const facts = (c) => {
  const all = {};
  for (const name of ["echo", "vault", "bare", "count"]) all[name] = c[name].said === "value" ? word(write(c[name].value)) : c[name].said ?? "no answer";
  return all;
};

// Calls in the polluted realm, and nothing else of it.
async function polluted(pollute) {
  let c;
  try {
    pollute();
    c = calls();
  } finally {
    restore();
  }
  await answered(c, 3000);
  return facts(c);
}

// The same with the pollution kept up until the answers are there.
async function pollutedThroughout(pollute) {
  let c;
  try {
    pollute();
    c = calls();
    await answered(c, 1200);
  } finally {
    restore();
  }
  return facts(c);
}

const lie = () => "lie";
const nothing = () => undefined;
const pollutions = {
  "Object.prototype members": () => {
    replace(ObjectPrototype, "command", "forbidden");
    replace(ObjectPrototype, "args", "lie");
    replace(ObjectPrototype, "text", "lie");
    replace(ObjectPrototype, "kind", "call");
    replace(ObjectPrototype, "timeout", -1);
    replace(ObjectPrototype, "hop", "window");
    replace(ObjectPrototype, "sallyport", 1);
    replace(ObjectPrototype, "code", "ok");
    replace(ObjectPrototype, "pass", true);
    replace(ObjectPrototype, "version", 2);
  },
  "Object.prototype accessors": () => {
    define(ObjectPrototype, "command", lie, nothing);
    define(ObjectPrototype, "args", lie, nothing);
    define(ObjectPrototype, "text", lie, nothing);
    define(ObjectPrototype, "port", lie, nothing);
    define(ObjectPrototype, "pattern", lie, nothing);
    define(ObjectPrototype, "data", lie, nothing);
  },
  "array elements": () => {
    define(ObjectPrototype, "0", lie, nothing);
    define(ObjectPrototype, "2", () => "forbidden", nothing);
    define(Array.prototype, "1", () => 1, nothing);
  },
  "toJSON": () => {
    replace(ObjectPrototype, "toJSON", () => "lie");
    replace(String.prototype, "toJSON", lie);
  },
  "JSON": () => {
    replace(JSON, "stringify", () => '{"text":"lie"}');
    replace(JSON, "parse", () => ({ text: "lie" }));
  },
  "arrays": () => {
    const list = Array.prototype;
    replace(list, Symbol.iterator, lie);
    replace(list, "push", nothing);
    replace(list, "map", nothing);
    replace(list, "join", lie);
    replace(list, "slice", nothing);
    replace(list, "splice", nothing);
    replace(list, "shift", lie);
    replace(list, "forEach", nothing);
    replace(list, "concat", nothing);
    replace(Array, "isArray", () => false);
  },
  "functions": () => {
    replace(Function.prototype, "call", nothing);
    replace(Function.prototype, "apply", nothing);
    replace(Function.prototype, "bind", nothing);
  },
  "maps and promises": () => {
    replace(Map.prototype, "get", nothing);
    replace(Map.prototype, "set", nothing);
    replace(Map.prototype, "has", () => true);
    replace(Map.prototype, "delete", () => true);
    replace(Map.prototype, "forEach", nothing);
    replace(Promise.prototype, "then", nothing);
    replace(Promise.prototype, "catch", nothing);
    replace(globalThis, "Map", class {});
    replace(globalThis, "Promise", class { then() {} });
  },
  "messages": () => {
    replace(MessagePort.prototype, "postMessage", nothing);
    replace(globalThis, "postMessage", nothing);
    replace(globalThis, "MessageChannel", class {});
    define(MessageEvent.prototype, "data", () => [1, 1, '"lie"', 0], nothing);
    define(MessageEvent.prototype, "source", () => lab.frame().contentWindow, nothing);
    define(MessageEvent.prototype, "origin", () => "null", nothing);
    define(MessageEvent.prototype, "ports", () => [], nothing);
    replace(EventTarget.prototype, "addEventListener", nothing);
  },
  "timers and bytes": () => {
    replace(globalThis, "queueMicrotask", nothing);
    replace(globalThis, "setTimeout", nothing);
    replace(Uint8Array.prototype, "set", nothing);
    replace(globalThis, "Uint8Array", class {});
    replace(globalThis, "TextEncoder", class {});
  },
};
for (const [name, pollute] of Object.entries(pollutions)) {
  lab.attack(`polluted: ${name}`, () => polluted(pollute));
  lab.attack(`polluted until the answer: ${name}`, () => pollutedThroughout(pollute));
}

lab.attack("the client's own objects", async () => {
  const facts = {
    global: await lab.tell(() => { window.sallyport = { invoke: () => "lie" }; return "done"; }),
    remove: await lab.tell(() => { delete window.sallyport; return "done"; }),
    define: await lab.tell(() => Object.defineProperty(window, "sallyport", { value: 1 }) && "done"),
    invoke: await lab.tell(() => { sallyport.invoke = () => "lie"; return "done"; }),
    symbol: await lab.tell(() => { window[Symbol.for("sallyport.api")] = {}; return "done"; }),
    call: (await lab.call("count")).slice(0, 2),
  };
  return facts;
});

lab.attack("arguments that are traps", async () => {
  const facts = {};
  facts.proxy = await lab.call("echo", new Proxy({}, { ownKeys: () => ["text"], getOwnPropertyDescriptor: (_, name) => (name === "text" ? { value: "p", enumerable: true, configurable: true } : undefined), get: (_, name) => (name === "text" ? "proxy" : undefined) }));
  facts.toJSON = await lab.call("echo", { toJSON: () => ({ text: "by toJSON" }) });
  facts.cycle = await lab.call("echo", (() => { const a = {}; a.a = a; return a; })());
  facts.bigint = await lab.call("echo", { text: 1n });
  facts.function = await lab.call("echo", () => {});
  facts.symbol = await lab.call(Symbol("vault.open"));
  facts.object = await lab.call({ toString: () => "vault.open" });
  facts.array = await lab.call(["vault.open"]);
  facts.proto = await lab.call("echo", JSON.parse('{"__proto__":{"text":"x"},"text":"own"}'));
  facts.thrower = await lab.call("echo", { get text() { throw new Error("x"); } });
  facts.signal = await lab.call("count", {}, { signal: {} });
  return facts;
});

// Before the client: no script of the page runs before it. A window that the
// page opens is the one whose built-ins it can reach ahead of time.
lab.attack("a popup polluted before its client", async () => {
  const facts = {};
  const early = [
    (w) => { w.Object.prototype.command = "forbidden"; w.Object.prototype.hop = "window"; },
    (w) => { w.JSON.stringify = () => '{"text":"lie"}'; },
    (w) => { const { postMessage } = w.MessagePort.prototype; w.MessagePort.prototype.postMessage = function (...all) { return postMessage.call(this, ...all); }; },
    (w) => { w.Function.prototype.bind = function () { return () => undefined; }; }, // then there is no client
  ];
  for (let i = 0; i < early.length; i++) {
    const w = window.open("/?idle");
    let how = "never";
    await lab.spin(() => {
      try {
        if (w.document.getElementById("sallyport-page") === null && w.sallyport === undefined) return undefined;
        how = w.sallyport === undefined ? "before" : "after";
        early[i](w);
        return true;
      } catch {
        return undefined;
      }
    }, 3000);
    await lab.sleep(300);
    facts[`vault${i}`] = await lab.tell(() => w.sallyport.invoke("vault.open"), i === 3 ? 1200 : 6000);
    facts[`how${i}`] = how;
    w.close();
  }
  return facts;
}, { limit: 40000 });
lab.attack("after all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
