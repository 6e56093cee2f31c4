// A window that goes for what another one streams. All that it knows of that is
// numbers: those of its own port, and those under which its own frame speaks to
// the core, which the other window's frame uses as well.
"use strict";

const tap = lab.tap();
const mine = "main: of the attacker's own";

lab.attack("before all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));

lab.attack("another window's streams", async () => {
  await tap.ready();
  await lab.ask("open", "editor");
  const begun = await lab.take("editor streams");
  // Calls of its own under every number that the editor's may have.
  const own = [];
  for (let i = 0; i < 20; i++) {
    const { result, writable } = sallyport.stream("take", {}, { channel: "upload" });
    const writer = writable.getWriter();
    writer.write({ text: mine }).catch(() => {});
    own.push({ result, writer });
  }
  for (let round = 0; round < 2; round++) {
    for (let id = 1; id <= 200; id++) {
      tap.say([8, 100000 + id, `{"text":"${mine}"}`, 0], [10, 100000 + id, 2 ** 40, 10, 100000 + id, 0], [9, 100000 + id, 0], [9, 100000 + id, 1], [2, 100000 + id]);
    }
    await lab.sleep(50);
  }
  // Numbers that are no numbers of a request, and what is no list at all.
  for (const id of [0, -1, 1.5, NaN, Infinity, 2 ** 32, 2 ** 53, "1", null, { valueOf: 1 }]) tap.say([8, id, `{"text":"${mine}"}`, 0], [9, id, 1], [10, id, 1], [2, id]);
  await Promise.all(own.map(({ writer }) => writer.close()));
  const sums = new Set((await Promise.all(own.map(({ result }) => result))).map(JSON.stringify));
  await lab.leave("main is done", "true");
  const stolen = tap.heard.filter((message) => JSON.stringify(message).includes("editor"));
  return { begun, sums: [...sums].join(), stolen: JSON.stringify(stolen), only: await lab.tell(() => sallyport.stream("editor.take", {}, { channel: "upload" }).result) };
}, { limit: 30000 });

// The same numbers, where there are requests of them.
lab.attack("its own streams, by hand", async () => {
  await tap.ready();
  const facts = {};
  const call = (id, command, args, wants) => [1, id, command, JSON.stringify(args), 0, wants, 0];
  // More than was taken is not credit, nor is less than before.
  tap.say(call(900, "feed", { items: 0, size: 60000 }, 1), [10, 900, 2 ** 52], [10, 900, 2 ** 30]);
  await lab.sleep(1000);
  facts.sent = tap.heard.filter(([kind, id]) => kind === 6 && id === 900).length;
  tap.say([2, 900]);
  // An upload of a call that takes none, for which nothing waits; and one after its end.
  tap.say(call(901, "slow", {}, 0), [8, 901, `{"text":"${mine}"}`, 0], [9, 901, 0]);
  tap.say(call(902, "take", {}, 2), [8, 902, `{"text":"${mine}"}`, 0], [9, 902, 0], [8, 902, '{"text":"editor: too late"}', 0], [9, 902, 1]);
  facts.ended = await tap.answer(902);
  tap.say(call(903, "take", {}, 2), [8, 903, `{"text":"${mine}"}`, 0], [9, 903, 1]);
  facts.aborted = await tap.answer(903);
  tap.say(call(904, "take", {}, 2), [8, 904, '{"text":7}', 0]);
  facts.unfit = await tap.answer(904);
  tap.say(call(905, "take", {}, 2), [8, 905, '{"text":', 0]);
  facts.broken = await tap.answer(905);
  tap.say(call(906, "take", {}, 0));
  facts.invoked = await tap.answer(906);
  tap.say(call(907, "count", {}, 3));
  facts.streamed = await tap.answer(907);
  tap.say(call(908, "no.such", {}, 3), [8, 908, "1", 0], [9, 908, 0]);
  facts.unknown = await tap.answer(908);
  tap.say(call(909, "editor.take", {}, 2), [8, 909, `{"text":"${mine}"}`, 0], [9, 909, 0]);
  facts.foreign = await tap.answer(909);
  // More at once than any page's client has under way.
  const many = call(910, "idle", {}, 3);
  for (let i = 0; i < 200; i++) many.push(8, 910, `{"text":"${mine}"}`, 0);
  tap.say(many);
  facts.many = await tap.answer(910);
  // A number that is in use stays that of the request which has it.
  tap.say(call(911, "idle", {}, 3), call(911, "take", {}, 2), [2, 911]);
  tap.say([2, 901]);
  facts.after = (await lab.call("count")).slice(0, 2);
  return facts;
}, { limit: 40000 });
