// What an app does that means no harm.
"use strict";

const first = sallyport.invoke("count").then(() => performance.now());
const started = performance.now();

lab.attack("the first call", async () => {
  const at = await first;
  return { sinceNavigation: at, sinceScript: at - started };
});
lab.attack("a round trip", async () => {
  const text = "ä ☃ \u{1F600} \u2028 \\ \" \0 </script>";
  const { text: back } = await sallyport.invoke("echo", { text });
  return { same: back === text, see: await lab.call("hook.see") };
});
lab.attack("a large round trip", async () => {
  const text = "x".repeat(200000);
  return { same: (await sallyport.invoke("echo", { text })).text === text };
});
lab.attack("errors have a code and an id", async () => {
  const errors = {};
  const tell = async (name, command, args) => {
    try {
      await sallyport.invoke(command, args);
      errors[name] = "no error";
    } catch (e) {
      errors[name] = `${e.name} ${e.code} ${/^[a-z2-7]{8}-[0-9]+$/.test(e.id) ? "id" : `“${e.id}”`} ${e.message} ${e instanceof sallyport.SallyportError}`;
    }
  };
  await tell("failed", "fail", { visible: false });
  await tell("visible", "fail", { visible: true });
  await tell("panic", "crash");
  await tell("result", "garble");
  await tell("policy", "echo", { text: "denied by policy" });
  await tell("other", "editor.only");
  await tell("forbidden", "forbidden");
  await tell("unknown", "no.such.command");
  await tell("schema", "echo", { text: 7 });
  await tell("extra", "echo", { text: "x", more: 1 });
  await tell("missing", "echo", {});
  await tell("proto", "echo", JSON.parse('{"__proto__": {"text": "x"}}'));
  return errors;
});
lab.attack("abort", async () => {
  const stop = new AbortController();
  const call = lab.call("slow", {}, { signal: stop.signal });
  await lab.sleep(150);
  stop.abort();
  const already = await lab.call("slow", {}, { signal: AbortSignal.abort() });
  return { call: await call, already };
});
lab.attack("timeout", async () => ({ call: await lab.call("slow", {}, { timeout: 200 }) }));
lab.attack("a batch", async () => {
  const calls = [];
  for (let i = 0; i < 200; i++) calls.push(sallyport.invoke("echo", { text: String(i) }));
  const texts = (await Promise.all(calls)).map(({ text }) => text);
  return { right: texts.every((text, i) => text === String(i)) };
});
lab.attack("a call is written down when it is made", async () => {
  const args = { text: "before" };
  const call = sallyport.invoke("echo", args);
  args.text = "after";
  let reads = 0;
  const shifty = { get text() { return `read ${++reads}`; } };
  return { first: (await call).text, shifty: (await sallyport.invoke("echo", shifty)).text };
});
lab.attack("module and script share one session", async () => {
  const module = await import("/.sallyport/api.mjs");
  return { same: module.invoke === sallyport.invoke, call: (await module.invoke("echo", { text: "m" })).text };
});
lab.attack("before a reload", async () => {
  lab.call("slow");
  await lab.sleep(100);
  return {};
}, { fresh: true });
lab.attack("after a reload", async () => ({ call: await lab.call("echo", { text: "again" }) }));
lab.attack("a second tab", async () => {
  const before = await lab.call("echo", { text: "one" });
  await lab.ask("open", "main");
  const second = await lab.take("second tab");
  const after = await lab.call("echo", { text: "two" });
  await lab.leave("first tab", after);
  return { before, second, after };
});
lab.attack("as the second tab", async () => {
  const call = await lab.call("echo", { text: "second" });
  await lab.leave("second tab", call);
  return { first: await lab.take("first tab"), call: await lab.call("echo", { text: "still" }) };
}, { role: 1 });
