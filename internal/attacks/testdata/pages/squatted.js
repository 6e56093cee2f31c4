// The app's page, on hosts where a service worker of another site is left.
"use strict";

lab.attack("a page by way of the worker", async () => {
  const w = window.open("/index.html?idle");
  await lab.take("loot of /index.html");
  const title = await lab.tell(() => lab.until(() => w.document.title || undefined, 6000), 8000);
  const facts = { client: await lab.tell(() => typeof w.sallyport), title };
  w.close();
  return facts;
});

// The genuine frame of this page has been there before: no worker is left.
for (const [name, search] of [["a frame by way of the worker", ""], ["a frame that races the worker", "?race"]]) {
  lab.attack(name, async () => {
    await lab.call("count");
    const frame = document.createElement("iframe"); // a sandbox would keep the worker out
    let heard = 0;
    addEventListener("message", (e) => { if (e.source === frame.contentWindow) heard++; });
    frame.src = (await lab.ask("ticket")) + search;
    document.body.append(frame);
    await lab.until(() => (heard > 0 ? true : undefined), 5000);
    await lab.sleep(300);
    frame.remove();
    return { heard: String(heard) };
  });
}

lab.attack("after all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
