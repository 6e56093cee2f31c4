// What an app streams and emits that means no harm.
"use strict";

const hex = async (bytes) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");
const random = (size) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
};

lab.attack("eight MiB there and back", async () => {
  const size = 8 << 20;
  const bytes = random(size);
  const progress = [];
  const { result, readable, writable } = sallyport.stream("copy", { total: size }, { channel: "both", onProgress: (p) => progress.push(p) });
  const sent = new Blob([bytes]).stream().pipeTo(writable);
  const back = new Uint8Array(size);
  const reader = readable.getReader();
  let at = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    back.set(value, at);
    at += value.length;
  }
  await sent;
  const last = progress.at(-1);
  const rises = progress.every((p, i) => p.total === size && p.text === "copying" && (i === 0 || p.done >= progress[i - 1].done));
  return { bytes: (await result).bytes === size, same: (await hex(bytes)) === (await hex(back)), read: at === size, progress: progress.length > 0 && rises && last.done === size };
}, { limit: 60000 });

lab.attack("items there and back", async () => {
  const { result, writable } = sallyport.stream("take", {}, { channel: "upload" });
  const writer = writable.getWriter();
  for (let i = 0; i < 500; i++) await writer.write({ text: `main: ${i}` });
  await writer.close();
  const feed = sallyport.stream("feed", { items: 500, size: 100 });
  const reader = feed.readable.getReader();
  const numbers = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) numbers.push(next.value.n);
  return { taken: (await result).items, fed: numbers.every((n, i) => n === i + 1) && numbers.length, ended: (await feed.result).items };
}, { limit: 60000 });

lab.attack("a stream that is aborted", async () => {
  const stop = new AbortController();
  const { result, readable, writable } = sallyport.stream("copy", { total: 0 }, { channel: "both", signal: stop.signal });
  const writer = writable.getWriter();
  await writer.write(random(1000));
  const first = (await readable.getReader().read()).value.length;
  stop.abort();
  return { first, result: await lab.tell(() => result), write: await lab.tell(() => writer.write(random(10))) };
});

lab.attack("events of two windows", async () => {
  const heard = [];
  const stop = await sallyport.listen("note", ({ payload, window, missed }) => heard.push(`${window} ${payload.text} ${missed}`));
  await lab.ask("open", "editor");
  await lab.take("editor listens");
  for (let i = 0; i < 20; i++) await sallyport.emit("note", { text: `main: ${i}` });
  await sallyport.emitTo("editor", "note", { text: "main: for the editor" });
  await lab.until(() => (heard.length === 25 ? true : undefined), 10000);
  stop();
  const own = heard.filter((h) => h.startsWith("main "));
  const others = heard.filter((h) => h.startsWith("editor "));
  return { own: own.every((h, i) => h === `main main: ${i} 0`) && own.length, others: others.every((h, i) => h === `editor editor: ${i} 0`) && others.length };
}, { limit: 40000 });
