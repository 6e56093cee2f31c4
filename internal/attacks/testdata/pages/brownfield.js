// The brownfield pattern: the page holds the keys and there is no hook. All
// that stands behind the hook holds as before.
"use strict";

lab.attack("calls", async () => ({
  count: (await lab.call("count")).slice(0, 2),
  echo: await lab.call("echo", { text: "brown" }),
  forbidden: await lab.call("forbidden"),
  editor: await lab.call("editor.only"),
  policy: await lab.call("echo", { text: "denied by policy" }),
  schema: await lab.call("echo", { text: 7 }),
  timeout: await lab.call("slow", {}, { timeout: 100 }),
}));
lab.attack("what is left in the document", async () => ({
  element: String(document.getElementById("sallyport-page")),
  frames: String(document.querySelectorAll("iframe").length),
  source: String(/"secret"|coreKey/.test(document.documentElement.outerHTML)),
}));
lab.attack("before a reload", async () => ({}), { fresh: true });
lab.attack("after a reload", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
