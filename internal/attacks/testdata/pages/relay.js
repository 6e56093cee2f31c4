// The page carries the sealed bytes itself here, so that it can do with them
// what it likes: replay, move, change, cut and forge them.
"use strict";

const sealed = []; // bodies that the frame gave the page to carry
let sid, port;
addEventListener("message", (e) => {
  if (e.source !== lab.frame()?.contentWindow || e.data?.sallyport !== 1) return;
  sid = e.data.relay;
  port = e.ports[0];
  port.addEventListener("message", ({ data }) => {
    for (let i = 0; i + 1 < data.length; i++) if (data[i] === 4 && data[i + 1] instanceof ArrayBuffer) sealed.push(new Uint8Array(data[i + 1].slice(0)));
  });
});

const relay = (id = sid) => `/.sallyport/relay/${id}`;
// In cors mode even under no-referrer the request says whose it is.
const send = async (body, to = relay(), signal = undefined) => {
  const response = await fetch(to, { method: "POST", mode: "cors", credentials: "same-origin", body, signal });
  return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
};
const batches = () => sealed.filter((b) => b[5] === 3); // of one frame: length (4), version, type
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

lab.attack("a call over the relay", async () => ({ count: (await lab.call("count")).slice(0, 2), vault: await lab.call("vault.open"), see: await lab.call("hook.see") }));

lab.attack("a replay", async () => {
  const from = batches().length;
  const call = (await lab.call("count")).slice(0, 2);
  const body = batches()[from];
  const said = [];
  for (let i = 0; i < 3; i++) said.push((await send(body)).status);
  said.push((await send(new Uint8Array([...body, ...body]))).status);
  return { call, said: said.join() };
});

lab.attack("a changed frame", async () => {
  const from = batches().length;
  const call = (await lab.call("count")).slice(0, 2);
  const body = batches()[from];
  const change = (edit) => {
    const copy = body.slice();
    edit(copy);
    return send(copy);
  };
  const said = [
    await change((f) => { f[4] = 2; }), // version
    await change((f) => { f[5] = 5; }), // type
    await change((f) => { f[7] = 1; }), // epoch
    await change((f) => { f[15] += 100; }), // a sequence that is fresh
    await change((f) => { f[15] += 101; f[27] += 101; }), // and with the IV to it
    await change((f) => { f[15] += 102; f[27] += 102; f[30] ^= 1; }), // and another ciphertext
    await change((f) => { f[15] += 103; f[27] += 103; f[f.length - 1] ^= 1; }), // and another tag
  ];
  return { call, said: said.map((r) => r.status).join() };
});

lab.attack("a forged frame", async () => {
  const frame = (type, size, sequence) => {
    const f = new Uint8Array(4 + 12 + size);
    crypto.getRandomValues(f);
    new DataView(f.buffer).setUint32(0, 12 + size);
    f.set([1, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, sequence], 4);
    f.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, sequence], 16);
    return f;
  };
  const said = [];
  for (const type of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255]) said.push((await send(frame(type, 60, 200 + (type % 20)))).status);
  said.push((await send(frame(12, 28, 0))).status); // a farewell
  return { said: said.join(), call: (await lab.call("count")).slice(0, 2) };
});

lab.attack("a body that is no frames", async () => {
  const said = {};
  const bodies = {
    short: new Uint8Array(3), long: new Uint8Array([0, 0, 1, 0, 1]), huge: new Uint8Array([255, 255, 255, 255, 1, 3]),
    none: new Uint8Array([0, 0, 0, 0]), many: new Uint8Array(4 * 300), large: new Uint8Array(5 << 20), text: "vault.open", json: '{"cmd":"vault.open","callback":1,"error":2}',
  };
  for (const [name, body] of Object.entries(bodies)) said[name] = String((await send(body)).status);
  said.call = (await lab.call("count")).slice(0, 2);
  return said;
});

lab.attack("another session's path", async () => {
  const unknown = (await send(batches()[0], relay("A".repeat(22)))).status;
  const strange = [];
  for (const path of ["", "AAAA", "..%2f", sid + "/", sid + "A", sid + "%00", sid.toLowerCase()]) strange.push((await send(batches()[0], relay(path))).status);
  // A second frame of the page's own, with a session of its own.
  const child = document.createElement("iframe");
  const greeting = new Promise((done) => addEventListener("message", (e) => e.source === child.contentWindow && done(e)));
  child.src = await lab.ask("ticket");
  document.body.append(child);
  const other = await greeting;
  other.ports[0].onmessage = async ({ data }) => {
    for (let i = 0; i + 1 < data.length; i++) if (data[i] === 4) other.ports[0].postMessage([3, (await send(new Uint8Array(data[i + 1]), relay(other.data.relay))).body.buffer]);
  };
  await lab.sleep(400);
  const from = batches().length;
  const call = (await lab.call("count")).slice(0, 2);
  const moved = (await send(batches()[from], relay(other.data.relay))).status;
  child.remove();
  return { unknown: String(unknown), strange: strange.join(), moved: String(moved), call };
});

lab.attack("answers, stolen and repeated", async () => {
  // The page takes the answer itself, and gives it to the frame twice, with
  // rubbish before, between and after.
  const answers = [];
  const stop = new AbortController();
  const poll = () => send(new Uint8Array(0), relay(), stop.signal);
  const polls = [poll(), poll()].map((p) => p.then((r) => { answers.push(r.body); }, () => {}));
  let settled = 0;
  const call = sallyport.invoke("count").then((v) => { settled++; return v; });
  await lab.within(1500, Promise.race([...polls, call]));
  stop.abort();
  await lab.sleep(500); // until the core knows, it may answer into what nobody reads
  const rubbish = new Uint8Array(64);
  for (const answer of [rubbish, ...answers, rubbish, ...answers, ...answers]) port.postMessage([3, answer.slice().buffer]);
  port.postMessage([3, sealed[0].slice().buffer]); // its own words
  const said = await lab.tell(() => call, 3000);
  return { said: said.startsWith('{"n":') ? "ok" : said, settled: String(settled), after: (await lab.call("count")).slice(0, 2) };
});

lab.attack("frames left to another window", async () => {
  const from = batches().length;
  await lab.call("count");
  await lab.leave("stolen frame", { body: hex(batches()[from]), sid });
  await lab.ask("open", "editor");
  const editor = await lab.take("replayed");
  return { editor: String(editor), call: (await lab.call("count")).slice(0, 2) };
});

lab.attack("a lost request that was none", async () => {
  port.postMessage([4]);
  await lab.sleep(50);
  return { call: (await lab.call("count")).slice(0, 2) };
});
