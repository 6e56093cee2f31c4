// Another site, in the browser in which the app is open. Nothing restrains it
// but what the app's hosts answer.
"use strict";

const { main, frame, editor } = lab.hosts;
const mainPort = new URL(main).port;
const framePort = new URL(frame).port;
const ws = (origin) => origin.replace("http:", "ws:");

const requests = (url) => ({
  get: () => lab.tell(async () => (await fetch(url, { credentials: "include" })).status),
  opaque: () => lab.tell(async () => (await fetch(url, { mode: "no-cors", credentials: "include" })).type),
  post: () => lab.tell(async () => (await fetch(url, { method: "POST", mode: "no-cors", credentials: "include", body: "{}" })).type),
  preflight: () => lab.tell(async () => (await fetch(url, { method: "POST", headers: { "X-A": "1", "Content-Type": "application/json" }, body: "{}" })).status),
});
const summary = async (url) => {
  const facts = await Promise.all(Object.entries(requests(url)).map(async ([name, run]) => `${name} ${await run()}`));
  return facts.join(", ");
};

lab.attack("fetching", async () => ({
  page: await summary(main + "/"),
  asset: await summary(main + "/config.js"),
  client: await summary(main + "/.sallyport/client.js"),
  relay: await summary(main + "/.sallyport/relay/AAAAAAAAAAAAAAAAAAAAAA"),
  ticket: await summary(main + "/.sallyport/ticket/" + "A".repeat(43)),
  launch: await summary(main + "/.sallyport/launch?token=" + "A".repeat(43)),
  socket: await summary(frame + "/socket"),
  frame: await summary(await lab.ask("ticket")),
}));

lab.attack("elements", async () => {
  const facts = {};
  const load = (name, attributes) => lab.tell(() => lab.load(name, attributes), 700);
  facts.script = await load("script", { src: main + "/config.js" });
  facts.client = await load("script", { src: main + "/.sallyport/client.js" });
  facts.style = await load("link", { rel: "stylesheet", href: main + "/config.js" });
  facts.frameScript = await load("script", { src: await lab.ask("ticket") });
  facts.img = await load("img", { src: main + "/" });
  facts.stolen = typeof window.sallyport + typeof window.secret;
  return facts;
});

lab.attack("framing the page", async () => {
  const before = performance.now();
  const outer = document.createElement("iframe");
  outer.src = main + "/";
  document.body.append(outer);
  const sandboxed = document.createElement("iframe");
  sandboxed.setAttribute("sandbox", "allow-scripts allow-same-origin");
  sandboxed.src = main + "/";
  document.body.append(sandboxed);
  const object = Object.assign(document.createElement("object"), { data: main + "/" });
  document.body.append(object);
  await lab.sleep(600);
  return { frames: await lab.tell(() => String(outer.contentWindow.length + sandboxed.contentWindow.length)) };
});

// With a ticket of its own even: as if the page had given it away.
lab.attack("framing the frame", async () => {
  let heard = 0;
  addEventListener("message", () => heard++);
  for (const sandbox of [null, "allow-scripts", "allow-scripts allow-same-origin"]) {
    const child = document.createElement("iframe");
    if (sandbox !== null) child.setAttribute("sandbox", sandbox);
    child.src = await lab.ask("ticket");
    document.body.append(child);
  }
  await lab.sleep(800);
  return { heard: String(heard) };
});

const socket = (url) => new Promise((done) => {
  try {
    const s = new WebSocket(url);
    s.onopen = () => done("OPEN");
    s.onerror = () => done("refused");
  } catch {
    done("refused");
  }
});
lab.attack("a socket of the evil origin", async () => ({
  frame: await socket(ws(frame) + "/socket"),
  main: await socket(ws(main) + "/.sallyport/socket"),
  numeric: await socket(`ws://127.0.0.1:${framePort}/socket`),
  localhost: await socket(`ws://localhost:${framePort}/socket`),
}));

// A sandboxed frame has the origin of the genuine frame: null. What it gets is
// a socket that says nothing, to whatever it says.
lab.attack("a socket of a null origin", async () => {
  const child = document.createElement("iframe");
  child.setAttribute("sandbox", "allow-scripts");
  child.srcdoc = `<script>
    const frames = {
      nothing: null,
      hello: frame(1, 0, 16 + 65 + 112),
      resume: frame(8, 0, 16),
      batch: frame(3, 1, 12 + 40 + 16),
      proof: frame(10, 1, 12 + 32 + 16),
      bye: frame(12, 0, 12 + 16),
      version: (() => { const f = frame(1, 0, 193); f[0] = 2; return f; })(),
      empty: new Uint8Array(0),
      text: "hello",
      large: new Uint8Array(1 << 20),
    };
    function frame(type, sequence, size) {
      const f = new Uint8Array(12 + size);
      crypto.getRandomValues(f);
      f.set([1, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, sequence]);
      return f;
    }
    for (const [name, message] of Object.entries(frames)) {
      const s = new WebSocket(${JSON.stringify(ws(frame) + "/socket")});
      let state = "", got = 0;
      s.onopen = () => { state = "open"; if (message !== null) s.send(message); };
      s.onmessage = () => got++;
      s.onclose = (e) => parent.postMessage([name, state + " " + got + " " + e.reason], "*");
    }
  </script>`;
  const facts = {};
  addEventListener("message", (e) => { if (e.source === child.contentWindow) facts[e.data[0]] = e.data[1].trim(); });
  document.body.append(child);
  await lab.until(() => (Object.keys(facts).length === 10 ? true : undefined), 6000);
  return facts;
});

lab.attack("opening the page", async () => {
  const facts = {};
  for (const [name, url] of Object.entries({ page: main + "/", editor: editor + "/", idle: main + "/?idle", launch: main + "/.sallyport/launch", token: main + "/.sallyport/launch?token=" + "A".repeat(43), frame: await lab.ask("ticket") })) {
    facts[name] = await lab.tell(async () => {
      const w = window.open(url);
      await lab.sleep(300);
      w?.close();
      return typeof w?.sallyport;
    });
  }
  return facts;
});

lab.attack("posting forms", async () => {
  for (const path of ["/", "/.sallyport/relay/AAAAAAAAAAAAAAAAAAAAAA", "/.sallyport/ticket/" + "A".repeat(43), "/.sallyport/launch?token=" + "A".repeat(43)]) {
    const form = Object.assign(document.createElement("form"), { action: main + path, method: "post", target: "_blank", enctype: "text/plain" });
    document.body.append(form);
    form.submit();
  }
  await lab.sleep(600);
  return {};
});

// Ahead of need, as a browser does it of its own accord.
lab.attack("fetching ahead", async () => {
  const ticket = await lab.ask("ticket");
  const launch = await lab.ask("launch");
  const urls = [main + "/", main + "/config.js", ticket, launch];
  for (const href of urls) {
    for (const rel of ["prefetch", "prerender", "preload", "modulepreload"]) document.head.append(Object.assign(document.createElement("link"), { rel, href, as: rel === "preload" ? "script" : "" }));
  }
  const rules = document.createElement("script");
  rules.type = "speculationrules";
  rules.text = JSON.stringify({ prefetch: [{ source: "list", urls }], prerender: [{ source: "list", urls }] });
  document.head.append(rules);
  await lab.sleep(1500);
  await lab.leave("ticket ahead", ticket);
  await lab.leave("launch ahead", launch);
  return {};
});

// What is redirected to the app is this site's request still.
lab.attack("by redirect", async () => {
  const by = (to) => `${lab.evil}/redirect/?to=${encodeURIComponent(to)}`;
  const child = Object.assign(document.createElement("iframe"), { src: by(main + "/") });
  document.body.append(child);
  const w = window.open(by(main + "/?idle"));
  const facts = {
    fetch: await lab.tell(async () => (await fetch(by(main + "/config.js"), { mode: "no-cors", credentials: "include" })).type),
    script: await lab.tell(() => lab.load("script", { src: by(main + "/config.js") }), 700),
    ticket: await lab.tell(() => lab.load("script", { src: by(`${frame}/frame/${"A".repeat(43)}`) }), 700),
  };
  await lab.sleep(400);
  facts.client = await lab.tell(() => typeof w.sallyport);
  facts.frames = await lab.tell(() => String(child.contentWindow.length));
  w?.close();
  return facts;
});

// Names that lead to the app's ports and are not its own, as a rebinding DNS
// name would.
lab.attack("another name for the same ports", async () => {
  const facts = {};
  // At once: Firefox lets a host wait whose sockets have failed before.
  await Promise.all(["rebind.localhost", "127.0.0.1", "localhost", "x." + new URL(main).hostname].map(async (host) => {
    facts[host.replace(/^x\..*/, "below")] = [
      await lab.tell(async () => (await fetch(`http://${host}:${mainPort}/`, { mode: "no-cors", credentials: "include" })).type),
      await socket(`ws://${host}:${framePort}/socket`),
    ].join();
  }));
  const w = window.open(`http://rebind.localhost:${mainPort}/`);
  await lab.sleep(400);
  w?.close();
  return facts;
}, { limit: 25000 });
