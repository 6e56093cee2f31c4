// The window whose events these are. It hears what is meant for it, by whom it
// is, and is heard as itself.
"use strict";

lab.attack("events while another window is after them", async () => {
  const notes = [];
  const secrets = [];
  await sallyport.listen("note", ({ payload, window }) => notes.push(`${window} ${payload.text}`));
  await sallyport.listen("secret", ({ payload, window }) => secrets.push(`${window} ${payload.text}`));
  await sallyport.emit("secret", { text: "editor: for the editor alone" });
  await lab.leave("editor listens", "true");
  const waited = await lab.within(70000, (async () => {
    for (;;) {
      const done = await lab.take("main is done");
      if (done !== "nothing was left") return done;
    }
  })(), "no");
  const calls = [];
  const began = performance.now();
  for (let i = 0; i < 10; i++) calls.push((await lab.call("editor.only")).slice(0, 2));
  const took = performance.now() - began;
  await sallyport.emit("secret", { text: "editor: to the last" });
  await lab.until(() => (secrets.length > 1 ? true : undefined));
  await lab.leave("editor was served", "true");
  const others = notes.filter((note) => !/^main main: (hello|emitted|x|last|once|nobody|after the lies|flood)$/.test(note));
  return { waited, calls: [...new Set(calls)].join(), took, secrets: secrets.join(), others: others.join(), heard: notes.filter((note) => note === "main main: hello" || note === "main main: emitted").length };
}, { limit: 90000 });
