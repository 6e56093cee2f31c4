// The other window. What it streams both ways comes through whole, whatever is
// tried meanwhile.
"use strict";

lab.attack("streams while another window is after them", async () => {
  const { result, readable } = sallyport.stream("feed", { items: 300, size: 20000 });
  const upload = sallyport.stream("editor.take", {}, { channel: "upload" });
  const secrets = [];
  await sallyport.listen("secret", ({ payload, window }) => secrets.push(`${window} ${payload.text}`));
  const writer = upload.writable.getWriter();
  const reader = readable.getReader();
  let last = 0;
  const read = async (n) => {
    while (last < n) {
      const { value, done } = await reader.read();
      if (done || value.n !== last + 1 || value.fill.length !== 20000) throw new Error(`after ${last} came ${done ? "the end" : value.n}`);
      last++;
    }
  };
  for (let i = 1; i <= 20; i++) await writer.write({ text: `editor: ${i}` });
  await read(10);
  await lab.leave("editor streams", "true");
  const waited = await lab.take("main is done");
  for (let i = 21; i <= 40; i++) await writer.write({ text: `editor: ${i}` });
  await writer.close();
  await read(300);
  const end = (await reader.read()).done;
  await sallyport.emit("secret", { text: "editor: still here" });
  await lab.until(() => (secrets.length > 0 ? true : undefined));
  return { waited, end, feed: JSON.stringify(await result), taken: JSON.stringify(await upload.result), secrets: secrets.join() };
}, { limit: 60000 });
