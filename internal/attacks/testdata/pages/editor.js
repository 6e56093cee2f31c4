// The other window. It does what it may, and what the attacker left for it.
"use strict";

lab.attack("its own call", async () => {
  const call = await lab.call("editor.only");
  await lab.leave("editor is there", call);
  return { call };
});
lab.attack("while it is attacked", async () => ({ waited: await lab.take("main is done"), call: await lab.call("editor.only") }));
