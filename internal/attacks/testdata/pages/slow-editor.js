// The other window, which is served all the same.
"use strict";

lab.attack("being served beside a reader that never reads", async () => {
  const call = (await lab.call("editor.only")).slice(0, 2);
  await lab.leave("editor is there", call);
  const waited = await lab.take("main is done");
  const began = performance.now();
  const calls = [];
  for (let i = 0; i < 20; i++) calls.push((await lab.call("echo", { text: "served" })).slice(0, 2));
  const { result, readable } = sallyport.stream("feed", { items: 50, size: 60000 });
  const reader = readable.getReader();
  let items = 0;
  while (!(await reader.read()).done) items++;
  const ended = await lab.tell(() => result);
  let heard = 0;
  await sallyport.listen("news", () => heard++);
  await lab.call("storm", { event: "news", times: 100, size: 10 });
  await lab.until(() => (heard === 100 ? true : undefined));
  await lab.leave("editor was served", "true");
  return { call, waited, calls: [...new Set(calls)].join(), items, ended, heard, took: performance.now() - began };
}, { limit: 80000 });
