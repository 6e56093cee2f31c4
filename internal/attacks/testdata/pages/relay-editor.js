// The other window, just as hostile: it sends what the first one left.
"use strict";

let own;
addEventListener("message", (e) => { if (e.data?.relay) own = e.data.relay; });

lab.attack("replaying for the other window", async () => {
  const call = (await lab.call("editor.only")).slice(0, 2);
  const { body, sid } = await lab.take("stolen frame");
  const bytes = Uint8Array.from(body.match(/../g), (h) => parseInt(h, 16));
  const send = async (id) => (await fetch(`/.sallyport/relay/${id}`, { method: "POST", mode: "cors", body: bytes })).status;
  const said = [await send(sid), await send(own)];
  const across = await lab.tell(async () => (await fetch(`${lab.hosts.main}/.sallyport/relay/${sid}`, { method: "POST", mode: "no-cors", credentials: "include", body: bytes })).type);
  await lab.leave("replayed", said.join());
  return { call, said: said.join(), across };
});
