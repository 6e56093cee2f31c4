// A page that is left and comes back.
"use strict";

addEventListener("pageshow", (e) => {
  if (!e.persisted) return;
  // Out of the back-forward cache: the document is the old one, its session is
  // over, and what it had queued has failed.
  (async () => {
    const call = await lab.call("count");
    await lab.post("end", { name: "leaving and coming back", facts: { persisted: "true", call, queued: await window.queued } });
    await lab.post("done");
  })();
});

// What a document in the cache would find when it comes back: the page has
// been told that it goes, and so has the client.
lab.attack("told to go", async () => {
  const running = lab.call("slow");
  await lab.sleep(150);
  const queued = lab.call("count");
  dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  return { running: await running, queued: await queued, after: await lab.call("count") };
}, { fresh: true });

lab.attack("leaving and coming back", async () => {
  window.queued = lab.call("slow");
  await lab.sleep(150);
  sessionStorage.left = "yes";
  location.href = `${lab.evil}/page/back/`;
  await lab.sleep(20000);
  return {};
}, { limit: 30000 });
lab.attack("back again", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
