// Tries to read the frame's document: what stands in it, or its memory. It has
// a Trusted Types policy of its own, as a page may that uses a framework.
"use strict";

const any = trustedTypes.createPolicy("hostile", { createHTML: (x) => x, createScript: (x) => x, createScriptURL: (x) => x });

lab.attack("the frame's window", async () => {
  const frame = lab.frame();
  const inner = frame.contentWindow;
  const facts = { document: String(frame.contentDocument), svg: String(frame.getSVGDocument?.() ?? null) };
  for (const name of ["sallyport", "name", "eval", "crypto", "localStorage", "origin", "frameElement", "history", "onmessage"]) {
    facts[name] = await lab.tell(() => inner[name]);
  }
  facts.inner = await lab.tell(() => inner.document);
  facts.href = await lab.tell(() => inner.location.href);
  facts.reload = await lab.tell(() => inner.location.reload());
  facts.stop = await lab.tell(() => inner.stop());
  facts.define = await lab.tell(() => Object.defineProperty(inner, "postMessage", { value: () => {} }) && "done");
  facts.set = await lab.tell(() => { inner.sallyport = {}; return "done"; });
  facts.prototype = await lab.tell(() => Object.setPrototypeOf(inner, { sallyport: {} }) && "done");
  facts.keys = await lab.tell(() => Object.getOwnPropertyNames(inner).filter((n) => !/^\d+$/.test(n) && n !== "then").sort().join());
  return facts;
});

lab.attack("loading the frame's address", async () => {
  const url = await lab.ask("ticket");
  const load = (name, attributes) => lab.tell(() => lab.load(name, attributes), 700);
  const facts = {};
  const attempts = {
    fetch: () => lab.tell(async () => (await fetch(url)).text()),
    noCors: () => lab.tell(async () => (await fetch(url, { mode: "no-cors" })).type),
    navigate: () => lab.tell(async () => (await fetch(new Request(url, { mode: "same-origin" }))).text()),
    xhr: () => lab.tell(() => new Promise((done, failed) => {
      const x = new XMLHttpRequest();
      x.onload = () => done(x.responseText);
      x.onerror = () => failed(new TypeError());
      x.open("GET", url);
      x.send();
    })),
    beacon: () => lab.tell(() => (navigator.sendBeacon(url), "")),
    events: () => lab.tell(() => new Promise((done, failed) => {
      const s = new EventSource(url);
      s.onopen = () => done("OPEN");
      s.onerror = () => failed(new TypeError());
    })),
    import: () => lab.tell(() => import(any.createScriptURL(url)).then(() => "IMPORTED")),
    importText: () => lab.tell(() => import(url, { with: { type: "json" } }).then(() => "IMPORTED")),
    script: () => load("script", { src: any.createScriptURL(url) }),
    module: () => load("script", { type: "module", src: any.createScriptURL(url) }),
    nonced: () => load("script", { nonce: document.querySelector("script[src]").nonce, src: any.createScriptURL(url) }),
    style: () => load("link", { rel: "stylesheet", href: url }),
    prefetch: () => load("link", { rel: "prefetch", href: url }),
    prerender: () => load("link", { rel: "prerender", href: url }),
    preload: () => load("link", { rel: "preload", as: "fetch", href: url }),
    preloadScript: () => load("link", { rel: "preload", as: "script", href: url }),
    modulepreload: () => load("link", { rel: "modulepreload", href: url }),
    img: () => load("img", { src: url }),
    video: () => load("video", { src: url }),
    object: () => load("object", { data: any.createScriptURL(url), type: "text/html" }),
    embed: () => load("embed", { src: any.createScriptURL(url), type: "text/html" }),
    rules: () => lab.tell(() => {
      const rules = document.createElement("script");
      rules.type = "speculationrules";
      rules.nonce = document.querySelector("script[src]").nonce;
      rules.text = any.createScript(JSON.stringify({ prefetch: [{ source: "list", urls: [url] }], prerender: [{ source: "list", urls: [url] }] }));
      document.head.append(rules);
      return "";
    }),
    popup: () => lab.tell(async () => {
      const w = window.open(url);
      await lab.sleep(300);
      const text = w === null ? "" : w.document.documentElement.textContent;
      w?.close();
      return text;
    }),
  };
  // One by one would take long, and none of them minds the others.
  await Promise.all(Object.entries(attempts).map(async ([name, run]) => { facts[name] = await run(); }));
  await lab.leave("stolen ticket", url);
  // None of them may have learnt anything, whatever they call that.
  return { learnt: Object.entries(facts).filter(([, said]) => said.includes("<") || said.includes("secret") || /IMPORTED|OPEN/.test(said)).join(), said: JSON.stringify(facts) };
});

lab.attack("workers", async () => {
  const url = await lab.ask("ticket");
  const start = (run) => lab.tell(() => new Promise((done, failed) => {
    const worker = run();
    (worker.port ?? worker).onmessage = () => done("RUNS");
    worker.onerror = () => failed(new TypeError());
    setTimeout(() => done("nothing"), 500);
  }));
  const code = URL.createObjectURL(new Blob([`postMessage(1); onconnect = (e) => e.ports[0].postMessage(1);`], { type: "text/javascript" }));
  return {
    worker: await start(() => new Worker(any.createScriptURL("/worker.js"))),
    blob: await start(() => new Worker(any.createScriptURL(code))),
    shared: await start(() => new SharedWorker(any.createScriptURL(code))),
    frame: await start(() => new Worker(any.createScriptURL(url))),
    worklet: await lab.tell(() => new OfflineAudioContext(1, 1, 8000).audioWorklet.addModule("/worker.js").then(() => "RUNS")),
  };
});

lab.attack("a service worker with navigation preload", async () => {
  const register = (path, options) => lab.tell(async () => {
    const r = await navigator.serviceWorker.register(any.createScriptURL(path), options);
    await r.navigationPreload.enable();
    return "REGISTERED";
  });
  return {
    own: await register("/worker.js"),
    client: await register("/.sallyport/client.js"),
    scope: await register("/worker.js", { scope: "/.sallyport/" }),
    frame: await register(await lab.ask("ticket")),
    there: await lab.tell(async () => String((await navigator.serviceWorker.getRegistrations()).length)),
  };
});

// A page can get a frame at any time. What it gets is the genuine one, hook
// and all, and nothing to read.
lab.attack("a frame of the page's own", async () => {
  const url = await lab.ask("ticket");
  const frame = document.createElement("iframe"); // no sandbox attribute
  const greeting = new Promise((done) => addEventListener("message", (e) => e.source === frame.contentWindow && done(e)));
  frame.src = url;
  document.body.append(frame);
  const { ports: [port], origin } = await greeting;
  const answers = [];
  port.onmessage = (e) => answers.push(...e.data.filter((x) => typeof x === "string"));
  port.postMessage([1, 1, "vault.open", "{}", 0, 0, 0, 1, 2, "echo", '{"text":"by hand"}', 0, 0, 0, 1, 3, "vault.open", "", 0, 0, 0]);
  await lab.until(() => (answers.filter((x) => x.startsWith("{")).length >= 3 ? true : undefined));
  const code = (text) => JSON.parse(text).code ?? text;
  const facts = { origin, document: String(frame.contentDocument), answers: answers.filter((x) => x.startsWith("{")).map(code).sort().join(" ") };
  frame.remove();
  return facts;
});

// The document that a frame has before its own comes is the page's to patch.
lab.attack("a frame that is patched before its document comes", async () => {
  const frame = document.createElement("iframe");
  const heard = [];
  let greeting;
  addEventListener("message", (e) => {
    if (e.source !== frame.contentWindow) return;
    if (e.data?.sallyport === 1) greeting = e.ports[0];
    else heard.push(String(e.data));
  });
  document.body.append(frame);
  const early = frame.contentWindow;
  const tell = (what) => (...all) => { heard.push(`${what} ${all.map(String).join()}`); };
  early.name = "patched";
  early.sallyport = { onCall: tell("onCall"), start: tell("start") };
  early.Object.prototype.secret = "known";
  early.JSON.parse = tell("parse");
  early.crypto.subtle.encrypt = tell("encrypt");
  early.SubtleCrypto.prototype.encrypt = tell("encrypt");
  early.SubtleCrypto.prototype.importKey = tell("importKey");
  early.WebSocket = class { constructor(url) { heard.push(`socket ${url}`); } };
  early.MessagePort.prototype.postMessage = tell("port");
  const find = early.Document.prototype.getElementById;
  early.Document.prototype.getElementById = tell("getElementById");
  early.addEventListener("message", tell("message"));
  early.setInterval(() => { if (find.call(early.document, "sallyport-frame") !== null) heard.push("element"); }, 1);
  frame.src = await lab.ask("ticket");
  const port = await lab.until(() => greeting, 5000);
  const answers = [];
  port.onmessage = (e) => answers.push(...e.data.filter((x) => typeof x === "string" && x.startsWith("{")));
  port.postMessage([1, 1, "vault.open", "{}", 0, 0, 0, 1, 2, "echo", '{"text":"patched"}', 0, 0, 0]);
  await lab.until(() => (answers.length >= 2 ? true : undefined));
  const facts = { heard: heard.join("; "), answers: answers.map((text) => JSON.parse(text).code ?? text).sort().join(" ") };
  facts.early = await lab.tell(() => (early === frame.contentWindow ? early.document : "another window"));
  frame.remove();
  return facts;
});

// An embedder may ask for more policy than the document has, in Chromium: so as
// to switch single scripts of it off.
lab.attack("a frame with a policy of the page's", async () => {
  const facts = {};
  for (const [name, csp] of Object.entries({ script: "script-src 'none'", connect: "script-src 'unsafe-inline'; connect-src 'none'", any: "default-src *" })) {
    const frame = document.createElement("iframe");
    frame.setAttribute("csp", csp);
    let said = "nothing";
    const listen = (e) => {
      if (e.source !== frame.contentWindow || e.data?.sallyport !== 1) return;
      e.ports[0].onmessage = ({ data }) => { said = data.filter((x) => typeof x === "string" && x.startsWith("{")).map((text) => JSON.parse(text).code ?? text).join() || said; };
      e.ports[0].postMessage([1, 1, "vault.open", "{}", 0, 0, 0]);
    };
    addEventListener("message", listen);
    frame.src = await lab.ask("ticket");
    document.body.append(frame);
    await lab.until(() => (said !== "nothing" ? true : undefined), 1200);
    removeEventListener("message", listen);
    frame.remove();
    facts[name] = said;
  }
  return facts;
});

// What a browser lets a page know of its frames.
lab.attack("traces of the frame", async () => {
  const entries = JSON.stringify(performance.getEntries());
  const facts = {
    domain: await lab.tell(() => { document.domain = "localhost"; return "set"; }),
    name: await lab.tell(() => Object.getOwnPropertyDescriptor(window, "name")?.get.call(lab.frame().contentWindow)),
    timing: await lab.tell(() => lab.frame().contentWindow.performance.getEntries()),
    length: String(lab.frame().contentWindow.length),
    secret: String(/secret|coreKey/.test(entries)),
    entries,
  };
  return facts;
});

// The page's own document, caught while it is being parsed, holds a ticket.
lab.attack("a popup's document before its client", async () => {
  const w = window.open("/?idle");
  const text = await lab.spin(() => w?.document?.getElementById("sallyport-page")?.textContent ?? (w?.sallyport === undefined ? undefined : "too late"), 4000);
  const call = await lab.tell(() => w.sallyport.invoke("vault.open"), 4000);
  w.close();
  return { text: text ?? "nothing", call };
});

lab.attack("javascript: addresses", async () => {
  const frame = lab.frame();
  frame.name = "inner";
  const set = (run) => lab.tell(async () => (run(), await lab.sleep(60), ""));
  const script = "javascript:parent.postMessage(document.documentElement.innerHTML,'*')";
  let heard = "";
  const listen = (e) => { if (typeof e.data === "string") heard += e.data; };
  addEventListener("message", listen);
  const said = [
    await set(() => { frame.src = script; }),
    await set(() => { frame.contentWindow.location = script; }),
    await set(() => { window.open(script, "inner"); }),
    await set(() => { const a = Object.assign(document.createElement("a"), { href: script, target: "inner" }); document.body.append(a); a.click(); }),
  ];
  removeEventListener("message", listen);
  return { heard, said: said.join() };
}, { fresh: true });

lab.attack("the same ticket twice", async () => {
  const before = await lab.call("count");
  const frame = document.createElement("iframe");
  frame.src = lab.frame().src;
  document.body.append(frame);
  await lab.sleep(400);
  return { before: before.slice(0, 2), after: await lab.call("count") };
}, { fresh: true });

lab.attack("after all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
