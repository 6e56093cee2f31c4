// A call that makes the hook block its thread for ever.
"use strict";

lab.attack("a hook that blocks", async () => {
  const before = (await lab.call("count")).slice(0, 2);
  const call = await lab.tell(() => sallyport.invoke("echo", { text: "hook: block" }), 3000);
  return { before, call };
});
