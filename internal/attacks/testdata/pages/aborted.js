// Streams that are broken off in every way that a page has.
"use strict";

const tap = lab.tap();
const piece = new Uint8Array(300000);

const uploading = (options) => {
  const { result, writable } = sallyport.stream("swallow", {}, { channel: "upload", ...options });
  return { result: lab.tell(() => result, 5000), writer: writable.getWriter() };
};
// All that a page can have open at once.
const everything = async () => {
  for (let i = 0; i < 5; i++) {
    const { writer } = uploading();
    (async () => { for (;;) await writer.write(piece); })().catch(() => {});
    sallyport.stream("feed", { items: 0, size: 60000 }).readable.getReader().read();
    const both = sallyport.stream("idle", {}, { channel: "both" }).writable.getWriter();
    (async () => { for (;;) await both.write({ text: "main: x".padEnd(100000, "x") }); })().catch(() => {});
    sallyport.stream("take", {}, { channel: "upload" }).writable.getWriter().write({ text: "main: x" }).catch(() => {});
    sallyport.invoke("slow").catch(() => {});
    tap.say([7, 700 + i, "news"], [7, 800 + i, "note"]);
  }
  for (let i = 0; i < 40 && ((await lab.ask("under way")) < 25 || (await lab.ask("listeners")) < 10); i++) await lab.sleep(100);
};

lab.attack("an upload given up by its writer", async () => {
  const { result, writer } = uploading();
  await writer.write(piece);
  writer.write(piece).catch(() => {});
  await writer.abort("gone");
  return { result: await result };
});
lab.attack("an upload given up by its signal", async () => {
  const stop = new AbortController();
  const { result, writer } = uploading({ signal: stop.signal });
  await writer.write(piece);
  const next = lab.tell(() => Promise.all([writer.write(piece), writer.write(piece), writer.write(piece), writer.write(piece), writer.write(piece)]));
  stop.abort();
  return { result: await result, after: await lab.tell(() => writer.write(piece)), next: await next };
});
lab.attack("an upload given up without its call", async () => {
  await tap.ready();
  tap.say([1, 600, "swallow", "{}", 0, 2, 0], [8, 600, '{"$bytes":3,"type":"application/octet-stream"}', ["application/octet-stream", new Uint8Array(3)]], [9, 600, 1]);
  return { result: await tap.answer(600) };
});
lab.attack("a stream left in the middle", async () => {
  const { result, readable } = sallyport.stream("feed", { items: 0, size: 1000 });
  const reader = readable.getReader();
  for (let i = 0; i < 100; i++) await reader.read();
  await reader.cancel();
  return { result: await lab.tell(() => result) };
});
lab.attack("a reload in the middle of everything", async () => {
  await tap.ready();
  await everything();
  return {};
}, { fresh: true });
lab.attack("after the reload", async () => {
  const call = (await lab.call("count")).slice(0, 2);
  await lab.sleep(6000); // the old session may have to be missed first
  return { call };
});
lab.attack("the end in the middle of everything", async () => {
  await tap.ready();
  await everything();
  return {};
});
