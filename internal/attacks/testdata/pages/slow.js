// A reader that never reads, of all that can be read.
"use strict";

const tap = lab.tap();
const STREAMS = 20;

lab.attack("a reader that never reads", async () => {
  await tap.ready();
  await lab.ask("open", "editor");
  const alive = await lab.take("editor is there");
  const before = await lab.ask("heap");
  const kept = [];
  for (let i = 0; i < STREAMS; i++) kept.push(sallyport.stream("feed", { items: 0, size: 60000 }));
  // Listeners that give no credit, each of which the core has to bring the same.
  for (let i = 0; i < STREAMS; i++) tap.say([7, 700 + i, "news"]);
  await tap.answer(700 + STREAMS - 1);
  const stormed = await lab.call("storm", { event: "news", times: 20000, size: 200 });
  await lab.sleep(500);
  const stalled = await lab.ask("heap");
  await lab.leave("main is done", "true");
  const served = await lab.take("editor was served");
  return { alive, stormed, served, grown: stalled - before, events: tap.heard.filter(([kind]) => kind === 7).length };
}, { limit: 80000 });

lab.attack("uploads that nobody reads", async () => {
  const before = await lab.ask("heap");
  const piece = "main: ".padEnd(200000, "x");
  const ends = [];
  for (let i = 0; i < STREAMS; i++) {
    const { result, writable } = sallyport.stream("idle", {}, { channel: "both" });
    const writer = writable.getWriter();
    (async () => { for (let n = 0; n < 40; n++) await writer.write({ text: piece }); })().catch(() => {});
    ends.push(lab.tell(() => result, 6000));
  }
  const said = await Promise.all(ends);
  return { grown: (await lab.ask("heap")) - before, busy: said.filter((s) => s === "busy").length, waiting: said.filter((s) => s === "no answer").length, call: (await lab.call("count")).slice(0, 2) };
}, { limit: 40000 });
