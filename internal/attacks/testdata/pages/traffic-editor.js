// The other window, to which events go and from which they come.
"use strict";

lab.attack("events of the other window", async () => {
  const heard = [];
  await sallyport.listen("note", ({ payload, window, missed }) => { if (window === "main") heard.push(`${payload.text} ${missed}`); });
  await lab.leave("editor listens", "true");
  for (let i = 0; i < 5; i++) await sallyport.emitTo("main", "note", { text: `editor: ${i}` });
  await lab.until(() => (heard.length === 21 ? true : undefined), 15000);
  return { heard: heard.length, last: heard.at(-1), order: heard.slice(0, 20).every((h, i) => h === `main: ${i} 0`) };
}, { limit: 40000 });
