// The app's page, on hosts where a service worker of another site is left.
"use strict";

lab.attack("a page by way of the worker", async () => {
  const w = window.open("/index.html?idle");
  await lab.take("loot of /index.html");
  const facts = { client: await lab.tell(() => typeof w.sallyport), title: await lab.tell(() => w.document.title) };
  w.close();
  return facts;
});

lab.attack("a frame by way of the worker", async () => {
  const url = await lab.ask("ticket");
  const frame = document.createElement("iframe"); // a sandbox would keep the worker out
  let heard = 0;
  addEventListener("message", (e) => { if (e.source === frame.contentWindow) heard++; });
  frame.src = url;
  document.body.append(frame);
  const loot = await lab.take("loot of /frame/");
  await lab.leave("ticket", url);
  return { loot, heard: String(heard) };
});

lab.attack("after all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
