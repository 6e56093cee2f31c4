// Calls that make the hook fail, and calls that make it try to get out.
"use strict";

for (const how of ["throw", "reject", "nothing", "garbage", "number", "other window", "hang", "then"]) {
  lab.attack(`a hook that fails: ${how}`, async () => ({ call: await lab.call("echo", { text: `hook: ${how}` }) }));
}
lab.attack("a hook that rewrites", async () => ({ call: await lab.call("echo", { text: "hook: rewrite" }), forbidden: await lab.call("echo", { text: "hook: turn into forbidden" }) }));
lab.attack("a hook that keeps the call", async () => ({ call: await lab.call("echo", { text: "hook: later" }) }));
lab.attack("a call without arguments", async () => ({
  none: await lab.call("vault.open"),
  undefined: await lab.call("vault.open", undefined),
  null: await lab.call("vault.open", null),
  empty: await lab.call("vault.open", {}),
  batch: (await Promise.all([lab.call("count"), lab.call("vault.open"), lab.call("count"), lab.call("vault.open")])).map((c) => c.slice(0, 12)).join(),
}));
lab.attack("a hook that wants out", async () => {
  const { seen } = await sallyport.invoke("hook.loot", { target: `${lab.evil}/stolen/`, origin: location.origin });
  return Object.fromEntries(seen.map((line) => line.split(": ")));
});
for (const how of ["location", "replace", "click", "refresh"]) {
  lab.attack(`a frame that leaves: ${how}`, async () => {
    const said = await lab.tell(() => sallyport.invoke("hook.leave", { target: `${lab.evil}/stolen/`, how }), 3500);
    return { said };
  }, { fresh: true });
}
lab.attack("after all that", async () => ({ call: (await lab.call("count")).slice(0, 2) }));
