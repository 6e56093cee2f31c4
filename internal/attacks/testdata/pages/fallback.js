// The frame's socket can't be had: the client asks for a frame over the relay.
"use strict";

lab.attack("a call when there is no socket", async () => ({ count: (await lab.tell(() => sallyport.invoke("count"), 11000)).slice(0, 4), vault: await lab.call("vault.open") }));
