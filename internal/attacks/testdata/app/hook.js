// The hook of the attacked app. Besides what an app's hook does, refusing and
// rewriting, it does on request what a hook must not be able to.
"use strict";

sallyport.onCall((call) => {
  const { command, args } = call;
  if (command === "vault.open") return sallyport.refuse("the vault stays closed");
  if (command === "hook.see") return { ...call, args: { seen: [`${call.kind} ${call.window} ${call.origin}`] } };
  if (command === "hook.loot") return loot(args.target, args.origin).then((seen) => ({ ...call, args: { seen } }));
  if (command === "hook.leave") return leave(args.target, args.how).then((seen) => ({ ...call, args: { seen } }));
  if (command === "echo") {
    switch (args.text) {
      case "hook: rewrite":
        call.args.text = "rewritten";
        return call;
      case "hook: turn into forbidden":
        return { ...call, command: "forbidden", args: {} };
      case "hook: throw":
        throw new Error("thrown by the hook");
      case "hook: reject":
        return Promise.reject(new Error("rejected by the hook"));
      case "hook: nothing":
        return undefined;
      case "hook: garbage":
        return { command: "echo", args: { text: "x" }, allow: true };
      case "hook: number":
        return 7;
      case "hook: other window":
        return { ...call, window: "editor" };
      case "hook: then":
        return { then: (done) => done(call) };
      case "hook: hang":
        return new Promise(() => {});
      case "hook: block":
        for (;;);
      case "hook: later": {
        const kept = call;
        setTimeout(() => (kept.args.text = "changed after the verdict"), 0);
        return call;
      }
    }
  }
  return call;
});

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// Tries every way out of the frame's document that does not end it.
async function loot(target, pageOrigin) {
  const seen = [];
  const attempts = [];
  const attempt = (name, run) => attempts.push(tell(name, run));
  const tell = async (name, run) => {
    let said = "nothing";
    try {
      const got = await Promise.race([run(), wait(1000).then(() => "no answer")]);
      if (got !== undefined) said = String(got).slice(0, 80);
    } catch (e) {
      said = e.name;
    }
    seen.push(`${name}: ${said}`);
  };
  const load = (element, name, value) =>
    new Promise((done) => {
      element.onload = () => done("LOADED");
      element.onerror = () => done("error");
      element[name] = value;
      document.documentElement.append(element);
    });
  attempt("fetch", () => fetch(target + "fetch").then(() => "FETCHED"));
  attempt("fetch no-cors", () => fetch(target + "no-cors", { mode: "no-cors" }).then(() => "FETCHED"));
  attempt("fetch page", () => fetch(pageOrigin + "/", { mode: "no-cors" }).then(() => "FETCHED"));
  attempt("xhr", () => new Promise((done) => {
    const x = new XMLHttpRequest();
    x.onload = () => done("FETCHED");
    x.onerror = () => done("error");
    x.open("GET", target + "xhr");
    x.send();
  }));
  attempt("img", () => load(new Image(), "src", target + "img"));
  attempt("beacon", () => (navigator.sendBeacon(target + "beacon", "x"), undefined));
  attempt("websocket", () => new Promise((done) => {
    const s = new WebSocket(target.replace("http:", "ws:") + "ws");
    s.onopen = () => done("OPEN");
    s.onerror = () => done("error");
  }));
  attempt("eventsource", () => new Promise((done) => {
    const s = new EventSource(target + "events");
    s.onopen = () => done("OPEN");
    s.onerror = () => done("error");
  }));
  attempt("form", () => {
    const form = document.createElement("form");
    form.action = target + "form";
    form.method = "post";
    document.documentElement.append(form);
    form.submit();
  });
  attempt("worker", () => (new Worker(target + "worker.js"), "WORKER"));
  attempt("blob worker", () => (new Worker(URL.createObjectURL(new Blob([""]))), "WORKER"));
  attempt("import", () => import(target + "import.mjs").then(() => "IMPORTED"));
  attempt("import data", () => import("data:text/javascript,export default 1").then(() => "IMPORTED"));
  attempt("script", () => load(document.createElement("script"), "src", target + "script.js"));
  attempt("style", () => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    return load(link, "href", target + "style.css");
  });
  attempt("prefetch", () => {
    const link = document.createElement("link");
    link.rel = "prefetch";
    return load(link, "href", target + "prefetch");
  });
  attempt("preconnect", () => {
    const link = document.createElement("link");
    link.rel = "dns-prefetch";
    link.href = target + "dns";
    document.documentElement.append(link);
  });
  attempt("child frame", () => {
    const frame = document.createElement("iframe");
    frame.src = target + "frame";
    document.documentElement.append(frame);
  });
  attempt("object", () => load(document.createElement("object"), "data", target + "object"));
  attempt("popup", () => (window.open(target + "popup") === null ? "null" : "OPENED"));
  attempt("top", () => {
    window.top.location = target + "top";
  });
  attempt("storage", () => (localStorage.setItem("a", "b"), "STORED"));
  attempt("cookie", () => document.cookie);
  attempt("parent", () => window.parent.document.title);
  attempt("eval", () => (0, eval)("'EVALUATED'"));
  attempt("inner html", () => {
    document.documentElement.innerHTML = `<img src="${target}inner">`;
    return "WRITTEN";
  });
  attempt("start again", () => String(typeof sallyport.start));
  attempt("configuration", () => String(document.getElementById("sallyport-frame")));
  await Promise.all(attempts);
  return seen.sort();
}

// Tries to take itself, with all it knows, to another site.
async function leave(target, how) {
  try {
    if (how === "location") location.href = target + "location";
    if (how === "replace") location.replace(target + "replace");
    if (how === "click") {
      const a = document.createElement("a");
      a.href = target + "click";
      document.documentElement.append(a);
      a.click();
    }
    if (how === "refresh") {
      const meta = document.createElement("meta");
      meta.httpEquiv = "refresh";
      meta.content = `0;url=${target}refresh`;
      document.head.append(meta);
    }
  } catch (e) {
    return [e.name];
  }
  await wait(1500);
  return ["stayed"];
}
