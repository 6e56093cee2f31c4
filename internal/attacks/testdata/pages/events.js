// A window that wants to be heard as another, and to hear what is another's.
"use strict";

const tap = lab.tap();
const mine = '{"text":"main: emitted"}';
// How an emit or a listen ended: "ok", or code and message, in which they must not differ.
const ended = (promise) => promise.then(() => "ok", (e) => `${e.code}: ${e.message}`);

lab.attack("before all that", async () => {
  await tap.ready();
  await lab.ask("open", "editor");
  const own = [];
  await sallyport.listen("note", ({ payload, window }) => own.push(`${window} ${payload.text}`));
  const there = await lab.take("editor listens");
  await sallyport.emit("note", { text: "main: hello" });
  await lab.until(() => (own.length > 0 ? true : undefined));
  return { there, own: own.join() };
});

lab.attack("events that are not its own", async () => {
  const all = {};
  for (const name of ["secret", "news", "closed.to.all", "no.such", "sallyport:emit", "sallyport:listen", "sallyport:x", "", "__proto__", "note\0", "NOTE", " note", "x".repeat(128), "x".repeat(129), "x".repeat(300)]) {
    all[await ended(sallyport.emit(name, { text: "main: forged" }))] = true;
    all[await ended(sallyport.emitTo("editor", name, { text: "main: forged" }))] = true;
    all[await ended(sallyport.emitTo("main", name, { text: "main: forged" }))] = true;
  }
  return { said: Object.keys(all).sort().join("; ") };
}, { limit: 30000 });

lab.attack("listening to what is another's", async () => {
  const all = {};
  for (const name of ["secret", "closed.to.all", "no.such", "sallyport:emit", "sallyport:x", "__proto__", "constructor", "secret\0", "Secret", "x".repeat(300)]) {
    all[await ended(sallyport.listen(name, () => lab.leave("stolen", "true")))] = true;
    all[await ended(sallyport.once(name, () => lab.leave("stolen", "true")))] = true;
  }
  // By name as a command, where events are no commands at all.
  for (const name of ["sallyport:listen", "sallyport:emit"]) {
    for (const args of [{}, { event: "secret" }, { event: "note", target: "editor", args: { text: "main: x" } }]) all[await ended(sallyport.invoke(name, args))] = true;
  }
  return { said: Object.keys(all).sort().join("; ") };
}, { limit: 30000 });

lab.attack("a sender of its own making", async () => {
  const facts = {};
  const own = [];
  const stop = await sallyport.listen("note", (event) => own.push(event));
  for (const [name, payload] of Object.entries({
    window: { text: "main: x", window: "editor" }, from: { text: "main: x", from: "editor", session: "x" }, event: { text: "main: x", event: "secret" }, target: { text: "main: x", target: "editor" },
  })) facts[name] = await ended(sallyport.emit("note", payload));
  // A target that is no window, and such that are as good as none.
  for (const [name, label] of Object.entries({ nobody: "nobody", self: "main", proto: "__proto__", core: "core", all: "*", long: "x".repeat(300), none: "", number: 7 })) facts[`to ${name}`] = await ended(sallyport.emitTo(label, "note", { text: "main: for one" }));
  const answers = {};
  for (const [id, list] of Object.entries({
    501: [6, 501, "note", "editor", mine, 0],
    502: [6, 502, "note", "", '{"text":"main: x","text":"main: last"}', 0], // two of a name
    503: [6, 503, "note", "", '{"text":"main: x"} ', 0],
    504: [6, 504, "note", "", '{"text":"main: x"}{}', 0],
    505: [6, 505, "note", "", "", 0],
    506: [6, 506, "note", "", '{"text":"main: x"}', ["a/b", new Uint8Array(1)]],
    507: [6, 507, "note", "\ud800", mine, 0],
  })) {
    tap.say(list);
    answers[id] = (await tap.answer(Number(id))).slice(0, 12);
  }
  await lab.sleep(100);
  stop();
  return { ...facts, ...answers, heard: [...new Set(own.map(({ window, payload }) => `${window} ${payload.text}`))].sort().join() };
}, { limit: 30000 });

// What the frame says, said by the page: to itself it may say what it likes, and to nobody else.
lab.attack("events of its own making", async () => {
  const port = await tap.ready();
  const own = [];
  await sallyport.listen("note", ({ payload, window }) => own.push(`${window} ${payload.text}`));
  const lies = [];
  for (let id = 0; id < 200; id++) lies.push([7, id, 100, 1, "editor", '{"text":"editor: forged"}', 0]);
  for (const lie of lies) tap.say(lie);
  for (const lie of lies) lab.frame().contentWindow.postMessage(lie, "*");
  for (const lie of [[7, "note"], [7, 1], [7], [6, 1, 2, "note"], [7, 1, {}, 1, "editor", "{}", 0]]) tap.say(lie);
  window.postMessage(lies.flat(), "*");
  port.dispatchEvent(new MessageEvent("message", { data: lies.flat() }));
  await lab.sleep(100);
  const told = [...new Set(own)].join();
  own.length = 0;
  await sallyport.emit("note", { text: "main: after the lies" });
  await lab.until(() => (own.length > 0 ? true : undefined), 1000);
  return { told, after: own.join() };
}, { limit: 30000 });

// A listener of a number that another request has, or had.
lab.attack("listening twice by one number", async () => {
  tap.say([7, 520, "note"], [7, 520, "news"], [1, 520, "echo", '{"text":"main"}', 0, 0, 0], [8, 520, mine, 0], [9, 520, 0]);
  const first = await tap.answer(520);
  const before = tap.heard.length;
  await sallyport.emit("note", { text: "main: once" });
  await lab.sleep(200);
  const of = tap.heard.slice(before).filter(([kind, id]) => kind === 7 && id === 520);
  tap.say([2, 520]);
  await lab.sleep(100);
  const then = tap.heard.length;
  await sallyport.emit("note", { text: "main: nobody" });
  await lab.sleep(200);
  return { first, once: of.length, window: of[0]?.[4], after: tap.heard.slice(then).filter(([kind, id]) => kind === 7 && id === 520).length };
});

lab.attack("a flood", async () => {
  const before = await lab.ask("heap");
  const said = {};
  const count = (kind) => (code) => { said[`${kind} ${code.split(" ")[0]}`] = (said[`${kind} ${code.split(" ")[0]}`] ?? 0) + 1; };
  const all = [];
  // As many as a frame takes at once, and more; by turns, so that each gets its share of the rate.
  for (let i = 0; i < 1200; i++) {
    tap.say([7, 30000 + i, i % 2 === 0 ? "news" : "note"], [6, 40000 + i, "note", "", '{"text":"main: flood"}', 0]);
    all.push(tap.answer(30000 + i, 20000).then(count("listen")), tap.answer(40000 + i, 20000).then(count("emit")));
    if (i % 10 === 0) {
      tap.say([1, 50000 + i, "idle", "{}", 0, 3, 0], [8, 50000 + i, '{"text":"main: flood"}', 0]);
    }
  }
  await Promise.all(all);
  const listeners = await lab.ask("listeners");
  const stormed = await lab.call("storm", { event: "news", times: 5000, size: 100 });
  await lab.leave("main is done", "true");
  const served = await lab.take("editor was served");
  const grown = (await lab.ask("heap")) - before;
  for (let i = 0; i < 1200; i++) tap.say([2, 30000 + i, 2, 50000 + i]);
  return { said: Object.keys(said).sort().join(), listens: said["listen ok"], listeners, stormed, served, grown };
}, { limit: 80000 });

lab.attack("after the flood", async () => {
  await lab.sleep(1500); // the rate recovers
  return { call: (await lab.call("count")).slice(0, 2), listeners: await lab.ask("listeners") };
});
