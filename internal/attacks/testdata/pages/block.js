// A call that makes the hook block its thread for ever. The page stays open
// while its session is found to be silent.
"use strict";

lab.attack("a hook that blocks", async () => {
  const before = (await lab.call("count")).slice(0, 2);
  const call = await lab.tell(() => sallyport.invoke("echo", { text: "hook: block" }), 5000);
  return { before, call };
});
