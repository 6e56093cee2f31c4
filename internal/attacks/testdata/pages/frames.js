// Puts other frames in the place of the genuine one, and speaks in its name.
"use strict";

const any = trustedTypes.createPolicy("hostile", { createHTML: (x) => x, createScript: (x) => x, createScriptURL: (x) => x });
const nonce = document.querySelector("script[src]").nonce;

// What a fake frame runs: it greets as the genuine one does, says yes to
// everything, and tells what it was asked.
const fake = (origin) => any.createHTML(`<!doctype html><script nonce="${nonce}">
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (e) => {
    const asked = e.data;
    for (let i = 0; i + 6 < asked.length; i += 7) port1.postMessage([1, asked[i + 1], '"faked"', 0]);
  };
  parent.postMessage({ sallyport: 1, hop: "port" }, ${JSON.stringify(origin)}, [port2]);
  port1.postMessage([3, "ready"]);
</script>`);

// The port that the genuine frame sends is seen by any listener of the page.
const ports = [];
addEventListener("message", (e) => { if (e.source === lab.frame()?.contentWindow) ports.push(...e.ports); });

// What an attack asked to be done at the start of the next load, before the
// frame can have said anything.
const early = sessionStorage.early;
delete sessionStorage.early;
const heard = [];
if (early === "srcdoc") lab.frame().srcdoc = fake(location.origin);
if (early === "stop") addEventListener("message", (e) => e.stopImmediatePropagation(), true);
if (early === "spoof") spoof();

function spoof() {
  const send = (post) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (e) => heard.push(JSON.stringify(e.data));
    post({ sallyport: 1, hop: "port" }, port2);
    port1.postMessage([3, "ready"]);
    post({ sallyport: 1, hop: "window" });
    post([3, "ready"]);
    post("__TAURI_ISOLATION_READY__");
  };
  send((data, port) => window.postMessage(data, "*", port ? [port] : []));
  const child = document.createElement("iframe");
  document.documentElement.append(child);
  send((data, port) => child.contentWindow.Function.prototype.call.call(window.postMessage, window, data, "*", port ? [port] : []));
  const sandboxed = document.createElement("iframe");
  sandboxed.setAttribute("sandbox", "allow-scripts");
  sandboxed.srcdoc = fake(location.origin);
  document.documentElement.append(sandboxed);
}

lab.attack("a false greeting", async () => {
  spoof();
  await lab.sleep(150);
  const facts = { vault: await lab.call("vault.open"), call: (await lab.call("count")).slice(0, 2), heard: heard.join() };
  sessionStorage.early = "spoof";
  return facts;
}, { fresh: true });

lab.attack("a false greeting before the true one", async () => {
  await lab.sleep(150);
  return { vault: await lab.call("vault.open"), call: (await lab.call("count")).slice(0, 2), heard: heard.join() };
});

lab.attack("the port, stolen", async () => {
  const port = await lab.until(() => ports[0]);
  const answers = new Map();
  port.addEventListener("message", (e) => {
    for (let i = 0; i < e.data.length; i += e.data[i] === 1 ? 4 : 3) if (typeof e.data[i + 2] === "string") answers.set(e.data[i + 1], e.data[i + 2]);
  });
  const calls = {
    1001: ["vault.open", "{}", 0],
    1002: ["vault.open", "", 0], // an empty body
    1003: ["vault.open", "null", 0],
    1004: ["vault.open", "{}", 4294967295],
    1005: ["echo", '{"text":"by the port"}', 0],
    1006: ["vault.open\u0000", "{}", 0],
    1007: ["Vault.open", "{}", 0],
    1008: ["", "{}", 0],
    1009: ["x".repeat(200), "{}", 0],
    1010: ["echo", '{"text":"a","text":"b"}', 0], // two of a name: the hook and the core see one
    1011: ["echo", '{"text":"hook: turn into forbidden"}', 0],
    1012: ["echo", "[".repeat(5000) + "]".repeat(5000), 0],
    1013: ["echo", '{"text":"\\ud800"}', 0],
    1014: ["__proto__", "{}", 0],
  };
  for (const [id, [command, json, timeout]] of Object.entries(calls)) port.postMessage([1, Number(id), command, json, timeout, 0, 0]);
  for (const bad of [[], [1], [1, 1], [1, "1", "vault.open", "{}", 0, 0, 0], [1, 1.5, "vault.open", "{}", 0, 0, 0], [1, 2001, { toString: null }, "{}", 0, 0, 0],
    [1, 2002, "vault.open", {}, 0, 0, 0], [1, 2003, "vault.open", "{}", -1, 0, 0], [2, 1001], [3, new ArrayBuffer(8)], [4], [9, 9], null, 7, "vault.open",
    { sallyport: 1, hop: "port" }, [[1, 2004, "vault.open", "{}", 0, 0, 0]], [1, 2005, "vault.open", "{}", 0],
    [1, 2006, "vault.open", "{}", 0, 8, 0], [1, 2007, "vault.open", "{}", 0, 0, [new Uint8Array(1), "a/b"]], [1, 2008, "vault.open", "{}", 0, 0, ["A/B", new Uint8Array(1)]],
    [6, 2009, "vault.open", null, "{}", 0], [7, 2010], [8, 2011, "{}", 0], [8, 1005, "{}", 0], [9, 1005, 1], [10, 1005, 2 ** 40], [10, 1005, -1]]) port.postMessage(bad);
  await lab.until(() => (answers.size >= Object.keys(calls).length ? true : undefined));
  const facts = {};
  for (const id of Object.keys(calls)) {
    const answer = answers.get(Number(id));
    facts[id] = answer === undefined ? "no answer" : JSON.parse(answer)?.code ?? answer;
  }
  return facts;
});

// A "gone" of the page's own making on the direct carrier means nothing.
lab.attack("still there", async () => ({ call: (await lab.call("count")).slice(0, 2) }));

// Whoever has a frame's window can post to it. What comes that way is nobody's
// call, whatever it looks like and wherever it comes from.
const spoofed = [1, 9001, "echo", '{"text":"spoofed"}', 0, 0, 0, 1, 9002, "vault.open", "{}", 0, 0, 0];
lab.attack("calls posted to the frame's window", async () => {
  const frame = lab.frame().contentWindow;
  const say = (post) => {
    const { port1, port2 } = new MessageChannel();
    post(spoofed);
    post({ sallyport: 1, hop: "port" }, port2);
    post({ sallyport: 1, hop: "window" });
    post(spoofed);
    port1.postMessage(spoofed);
  };
  say((data, port) => frame.postMessage(data, "*", port ? [port] : []));
  const child = document.createElement("iframe");
  document.documentElement.append(child);
  say((data, port) => child.contentWindow.Function.prototype.call.call(frame.postMessage, frame, data, "*", port ? [port] : []));
  const text = any.createHTML(`<!doctype html><script nonce="${nonce}">
    for (let i = 0; i < parent.length; i++) if (parent[i] !== self) parent[i].postMessage(${JSON.stringify(spoofed)}, "*");
    parent.postMessage("posted", "*");
  </script>`);
  let posted = 0;
  addEventListener("message", (e) => { if (e.data === "posted") posted++; });
  for (const sandbox of [false, true]) {
    const sibling = document.createElement("iframe");
    if (sandbox) sibling.setAttribute("sandbox", "allow-scripts");
    sibling.srcdoc = text;
    document.documentElement.append(sibling);
  }
  await lab.until(() => (posted === 2 ? true : undefined));
  await lab.sleep(200);
  return { posted: String(posted), call: (await lab.call("count")).slice(0, 2) };
}, { fresh: true });

// A window of the page's own, which no navigation of the page ends.
const beyond = new BroadcastChannel("beyond");
lab.attack("the port, given to a window", async () => {
  const port = await lab.until(() => ports[0]);
  const w = window.open("about:blank", "beyond");
  const script = w.document.createElement("script");
  script.nonce = nonce;
  script.text = w.trustedTypes.createPolicy("hostile", { createScript: (x) => x }).createScript(`
    const channel = new BroadcastChannel("beyond");
    addEventListener("message", ({ ports: [port] }) => {
      let n = 5000;
      port.onmessage = ({ data }) => channel.postMessage("heard " + JSON.stringify(data));
      setInterval(() => port.postMessage([1, n++, "echo", '{"text":"from beyond"}', 0, 0, 0]), 50);
    });
  `);
  w.document.documentElement.append(script);
  const heard = new Promise((done) => { beyond.onmessage = ({ data }) => data.includes("from beyond") && done("answered"); });
  w.postMessage(null, "*", [port]);
  return { window: await lab.within(3000, heard, "nothing") };
}, { fresh: true });
lab.attack("the port, when its page has gone", async () => {
  let heard = "";
  beyond.onmessage = ({ data }) => { heard += data; };
  const call = (await lab.call("count")).slice(0, 2);
  await lab.sleep(400);
  const w = window.open("", "beyond");
  const facts = { call, heard, still: await lab.tell(() => String(w.document.scripts.length)) };
  w.close();
  return facts;
}, { fresh: true });

lab.attack("a listener that swallows every message", async () => {
  sessionStorage.early = "stop";
  return {};
}, { fresh: true });
lab.attack("with every message swallowed", async () => ({ vault: await lab.tell(() => sallyport.invoke("vault.open"), 1500) }), { fresh: true });

lab.attack("a fake in the frame's place", async () => {
  sessionStorage.early = "srcdoc";
  return {};
}, { fresh: true });
lab.attack("with a fake in the frame's place", async () => ({
  vault: await lab.tell(() => sallyport.invoke("vault.open"), 1500),
  count: await lab.tell(() => sallyport.invoke("count"), 1500),
}), { fresh: true });

const replaced = (name, replace) => lab.attack(name, async () => {
  const before = (await lab.call("count")).slice(0, 2);
  const port = await lab.until(() => ports[0]);
  const answers = [];
  port.addEventListener("message", (e) => answers.push(JSON.stringify(e.data)));
  replace(lab.frame());
  await lab.sleep(300);
  port.postMessage([1, 5001, "count", "{}", 0, 0, 0]);
  const facts = { before, call: await lab.tell(() => sallyport.invoke("count"), 1200) };
  // The frame's last word may be that its session is over.
  facts.port = answers.filter((a) => a !== '[3,"closed"]').join();
  return facts;
}, { fresh: true });

replaced("the frame replaced by srcdoc", (frame) => { frame.srcdoc = fake(location.origin); });
replaced("the frame without its sandbox", (frame) => { frame.removeAttribute("sandbox"); frame.srcdoc = fake(location.origin); });
replaced("the frame sent to about:blank", (frame) => { frame.src = "about:blank"; });
replaced("the frame sent to a blob", (frame) => { frame.src = URL.createObjectURL(new Blob([fake(location.origin)], { type: "text/html" })); });
replaced("the frame sent to data:", (frame) => { frame.src = "data:text/html," + encodeURIComponent(fake(location.origin)); });
replaced("the frame sent to the evil site", (frame) => { frame.src = lab.evil + "/stolen/frame"; });
replaced("the frame sent elsewhere by its location", (frame) => { frame.contentWindow.location = lab.evil + "/stolen/location"; });
replaced("the frame loaded again", (frame) => { frame.src = frame.src; });
replaced("the frame taken out", (frame) => { frame.remove(); });
replaced("the frame moved", (frame) => { document.body.append(frame); });

lab.attack("after all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
