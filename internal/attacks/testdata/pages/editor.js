// The other window. It asks what the attacker left for it, and otherwise does
// what it may.
"use strict";

lab.attack("its own call", async () => ({ call: await lab.call("editor.only") }));
