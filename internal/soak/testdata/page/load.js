// The load of one page. soakSay is a binding of the DevTools protocol: what is
// said through it arrives also when the page goes away right after.
const { SallyportError, emit, emitTo, invoke, listen, stream } = sallyport;
const label = location.hostname.split("-")[0];
const doc = label + crypto.randomUUID().replaceAll("-", "");
const say = (...words) => globalThis.soakSay(JSON.stringify(words.map(String)));
const bad = (...words) => say("bad", doc, ...words);
const below = (n) => Math.floor(Math.random() * n);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const seen = { ticks: 0, missed: 0, chats: 0, progress: 0, bytesDown: 0, bytesUp: 0 };

// attempt makes one request, and says when it began and how it ended.
let tokens = 0;
async function attempt(command, make) {
  const t = `${doc}-${++tokens}`;
  say("begin", t, command);
  let code = "ok", id = "";
  try {
    await make(t);
  } catch (e) {
    if (!(e instanceof SallyportError)) bad(command, t, e?.stack ?? e);
    code = e.code ?? "bad";
    id = e.id ?? "";
  }
  say("end", t, code, id);
  return code;
}

const call = (command, args, options) => attempt(command, (t) => invoke(command, { t, ...args }, options));

async function echo(text) {
  await attempt("soak.echo", async (t) => {
    const got = await invoke("soak.echo", { t, text });
    if (got.t !== t || got.text !== text) bad("soak.echo", t, "got", got.t);
  });
}

function bytes(n) {
  const b = new Uint8Array(n);
  crypto.getRandomValues(b.subarray(0, 64));
  return b;
}

async function raw() {
  const data = bytes(below(60_000)), blob = new Blob([bytes(below(60_000))], { type: "image/png" });
  await attempt("soak.raw", async (t) => {
    const got = await invoke("soak.raw", { t, data, blob });
    if (got.data.length !== data.length || got.data.some((b, i) => b !== data[i])) bad("soak.raw", t, "other bytes");
    if (got.blob.size !== blob.size || got.blob.type !== blob.type) bad("soak.raw", t, "another blob");
  });
}

async function aborted() {
  const c = new AbortController();
  setTimeout(() => c.abort(), below(40));
  await call("soak.wait", { ms: 1000 }, { signal: c.signal });
}

// Requests of the relay overtake each other, and reports with them.
async function progress() {
  let last = 0;
  await call("soak.wait", { ms: 150 }, {
    onProgress({ done }) {
      if (done < last && label !== "relay") bad("soak.wait", "progress", done, "after", last);
      last = done;
      seen.progress++;
    },
  });
}

const maybeSignal = () => (below(5) > 0 ? {} : { signal: AbortSignal.timeout(below(100)) });

async function download(patient) {
  const items = below(40), size = below(100_000);
  await attempt("soak.download", async (t) => {
    const { result, readable } = stream("soak.download", { t, items, size }, patient ? maybeSignal() : {});
    const reader = readable.getReader();
    const enough = patient ? Infinity : below(10);
    let n = 0;
    for (; n < enough; n++) {
      const { done, value } = await reader.read();
      if (done) break;
      if (new DataView(value.buffer, value.byteOffset).getUint32(0) !== n) bad("soak.download", t, "item out of order");
      if (value.length !== Math.max(4, size)) bad("soak.download", t, "an item of another size");
      seen.bytesDown += value.length;
    }
    if (!patient) await reader.cancel();
    const got = await result;
    if (patient && (got.n !== items || n !== items)) bad("soak.download", t, "got", n, "of", items);
  });
}

async function upload(patient) {
  const chunks = below(20);
  await attempt("soak.upload", async (t) => {
    const { result, writable } = stream("soak.upload", { t }, { channel: "upload", ...(patient ? maybeSignal() : {}) });
    const writer = writable.getWriter();
    let sum = 0, n = 0;
    for (let i = 0; i < chunks; i++) {
      const chunk = bytes(64 + below(80_000));
      for (const b of chunk) sum = (Math.imul(sum, 31) + b) >>> 0;
      n += chunk.length;
      await writer.write(chunk);
    }
    seen.bytesUp += n;
    if (patient) await writer.close();
    else await writer.abort();
    const got = await result;
    if (patient && (got.bytes !== n || got.sum !== sum)) bad("soak.upload", t, "other bytes arrived");
  });
}

async function talk() {
  const n = below(60);
  await attempt("soak.talk", async (t) => {
    const { result, readable, writable } = stream("soak.talk", { t }, { channel: "both", ...maybeSignal() });
    const writing = (async () => {
      const writer = writable.getWriter();
      for (let i = 0; i < n; i++) await writer.write({ n: i });
      await writer.close();
    })();
    writing.catch(() => {}); // the result says it
    let got = 0;
    const reader = readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (value.n !== ++got) bad("soak.talk", t, "item", value.n, "at", got);
    }
    if ((await result).n !== n || got !== n) bad("soak.talk", t, "answered", got, "of", n);
  });
}

async function resource() {
  let handle;
  await attempt("soak.open", async (t) => ({ handle } = await invoke("soak.open", { t })));
  if (handle === undefined) return;
  const first = await call("soak.use", { handle, close: false });
  if (first === "failed") bad("soak.use", "a resource is gone");
  if (below(10) === 0) return; // the session closes it
  const last = await call("soak.use", { handle, close: true });
  if (last === "ok" && (await call("soak.use", { handle, close: false })) === "ok") bad("soak.use", "a closed resource");
}

// One emit after the other: their order is then that of their numbers.
let chats = 0, chatting = Promise.resolve();
function chat() {
  chatting = chatting.then(async () => {
    const all = below(2) === 0;
    await attempt("sallyport:emit", (t) => {
      const payload = { t, n: ++chats, label };
      return all ? emit("soak.chat", payload) : emitTo("editor", "soak.chat", payload);
    });
  });
  return chatting;
}

let tocking = Promise.resolve();
function tock() {
  tocking = tocking.then(async () => {
    const unlisten = await hear("soak.tock", () => {});
    await sleep(below(20));
    unlisten?.();
  });
  return tocking;
}

async function hear(event, run) {
  say("listen", doc, "begin");
  try {
    const unlisten = await listen(event, run, { onClose: (e) => gone || bad("listen", event, e.code) });
    say("listen", doc, "ok");
    return unlisten;
  } catch (e) {
    if (e.code !== "unknown_outcome" && e.code !== "closed" && e.code !== "rate_limited" && e.code !== "busy") bad("listen", event, e.code);
  }
}

function hearTicks() {
  let last = 0;
  return hear("soak.tick", ({ payload, missed, window }) => {
    if (window !== undefined) bad("soak.tick", "of window", window);
    if (last > 0 && payload.n - last - 1 !== missed) bad("soak.tick", payload.n, "after", last, "and missed", missed);
    last = payload.n;
    seen.ticks++;
    seen.missed += missed;
  });
}

function hearChats() {
  const lasts = new Map();
  return hear("soak.chat", ({ payload, window }) => {
    const from = payload.t.split("-")[0];
    if (window !== payload.label) bad("soak.chat", "of", payload.label, "said to be of", window);
    if (payload.n <= (lasts.get(from) ?? 0)) bad("soak.chat", payload.n, "after", lasts.get(from));
    lasts.delete(from);
    lasts.set(from, payload.n);
    if (lasts.size > 8) lasts.delete(lasts.keys().next().value); // documents come and go
    seen.chats++;
  });
}

const works = [
  [20, () => echo("a".repeat(below(200)))], [2, () => echo("é".repeat(below(40_000)))], [4, raw],
  [3, () => call("soak.fail", {})], [2, () => call("soak.forbidden", { text: "" })], [2, () => call("soak.echo", { text: 1 })],
  [2, () => call("soak.echo", { text: "refuse" })], [1, () => call("soak.nowhere", {})],
  [4, aborted], [1, () => call("soak.wait", { ms: 500 }, { signal: AbortSignal.abort() })],
  [3, () => call("soak.wait", { ms: 500 }, { timeout: 1 + below(40) })], [2, progress],
  [4, () => download(true)], [2, () => download(false)], [3, () => upload(true)], [2, () => upload(false)], [3, talk],
  [3, resource], [8, chat], [3, tock],
];
const total = works.reduce((sum, [weight]) => sum + weight, 0);

function anyWork() {
  let at = below(total);
  for (const [weight, work] of works) if ((at -= weight) < 0) return work;
}

// Workers, and how they are brought to rest.
let resting, resume, busy = 0, gone = false;
addEventListener("pagehide", () => (gone = true));
addEventListener("pageshow", (e) => e.persisted && location.reload());

async function worker() {
  while (!gone) {
    await resting;
    busy++;
    await anyWork()();
    busy--;
    await sleep(below(15));
  }
}

const ready = begin();
globalThis.soak = {
  doc,
  seen,
  async pause() {
    await ready;
    resting ??= new Promise((resolve) => (resume = resolve));
    for (let n = 0; n < 2000 && busy > 0; n++) await sleep(10); // what is still open then is lost
    return doc;
  },
  // Whether ticks still come.
  async hears() {
    const before = seen.ticks;
    for (let n = 0; n < 500 && seen.ticks === before; n++) await sleep(10);
    return seen.ticks > before;
  },
  resume() {
    resume?.();
    resting = undefined;
  },
};

// A page without its listeners loads anew: a socket was dropped just then.
async function begin() {
  if (!(await hearTicks()) || !(await hearChats())) {
    location.reload();
    await new Promise(() => {});
  }
  for (let i = 0; i < 6; i++) worker();
}
