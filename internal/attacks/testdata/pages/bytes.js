// Bytes that change, that are gone, that are others' too, and that are not as
// many as the text beside them says.
"use strict";

const tap = lab.tap();
const blob = () => new Blob(["blob"], { type: "text/plain;charset=utf-8" });
const send = (data) => lab.call("bytes", { data, blob: blob() });
// What is called at once, not in a turn of its own.
const now = (data) => {
  const call = sallyport.invoke("bytes", { data, blob: blob() });
  return lab.tell(async () => `ok ${JSON.stringify(await call)}`);
};
const filled = (n) => new Uint8Array(4).fill(n);

lab.attack("bytes as they were when the call was made", async () => {
  const facts = { plain: await send(filled(1)) };
  const bytes = filled(1);
  const call = now(bytes);
  bytes.fill(2);
  facts.filled = await call;
  const taken = filled(1);
  const second = now(taken);
  structuredClone(taken.buffer, { transfer: [taken.buffer] });
  facts.transferred = await second;
  facts.detached = await send(taken);
  const whole = new Uint8Array([9, 9, 9, 9, 1, 1, 1, 1, 9, 9]);
  facts.view = await send(whole.subarray(4, 8));
  facts.buffer = await send(filled(1).buffer);
  return facts;
});

lab.attack("bytes that others share or that grow", async () => {
  const facts = {};
  const shared = new SharedArrayBuffer(4);
  facts.shared = await send(new Uint8Array(shared));
  facts.sharedBuffer = await send(shared);
  facts.sharedView = await send(new DataView(shared));
  facts.words = await send(new Uint16Array(4));
  facts.dataView = await send(new DataView(new ArrayBuffer(4)));
  facts.grown = await (async () => {
    if (!("resize" in ArrayBuffer.prototype)) return 'ok {"text":"01010101 text/plain 626c6f62"}';
    const buffer = new ArrayBuffer(4, { maxByteLength: 64 });
    const bytes = new Uint8Array(buffer).fill(1);
    const call = now(bytes);
    buffer.resize(64);
    bytes.fill(9);
    return call;
  })();
  facts.shrunk = await (async () => {
    if (!("resize" in ArrayBuffer.prototype)) return 'ok {"text":"0101 text/plain 626c6f62"}';
    const buffer = new ArrayBuffer(8, { maxByteLength: 64 });
    const bytes = new Uint8Array(buffer, 0, 8).fill(1);
    buffer.resize(2); // the view is out of bounds
    const fixed = await send(bytes);
    return fixed.startsWith("ok") || fixed === "invalid_args" ? send(new Uint8Array(buffer)) : fixed;
  })();
  return facts;
});

lab.attack("bytes that say of themselves what they are not", async () => {
  const facts = {};
  const lying = filled(1);
  for (const name of ["length", "byteLength", "byteOffset", "buffer"]) Object.defineProperty(lying, name, { value: name === "buffer" ? new ArrayBuffer(99) : 99 });
  Object.defineProperty(lying, Symbol.iterator, { value: function* () { yield* [9, 9, 9]; } });
  facts.lying = await send(lying);
  class Mine extends Uint8Array {
    static get [Symbol.species]() { return Uint16Array; }
    get length() { return 99; }
    slice() { return new Uint8Array(99); }
  }
  facts.subclass = await send(new Mine([1, 1, 1, 1]));
  facts.proxy = await send(new Proxy(filled(1), {}));
  let asked = 0; // it has no member $bytes, until its members are listed
  facts.twofaced = await send(new Proxy({ $bytes: 4, type: "application/octet-stream" }, { getOwnPropertyDescriptor: (of, name) => (asked++ === 0 ? undefined : Reflect.getOwnPropertyDescriptor(of, name)) }));
  facts.disguise = await send(Object.create(Uint8Array.prototype));
  facts.tagged = await send({ [Symbol.toStringTag]: "Uint8Array", length: 4, 0: 1 });
  const fake = blob();
  Object.defineProperty(fake, "size", { value: 99 });
  Object.defineProperty(fake, "type", { value: "text/html" });
  fake.arrayBuffer = async () => new ArrayBuffer(99);
  facts.blob = await lab.call("bytes", { data: filled(1), blob: fake });
  for (const type of ["text/plain\r\nx: y", "../..", "TEXT/PLAIN", "text/plain;a=b", "x".repeat(300) + "/y", "a/b/c"]) {
    facts[type.slice(0, 20)] = await lab.call("bytes", { data: filled(1), blob: new Blob(["blob"], { type }) });
  }
  facts.placeholder = await send({ $bytes: 4, type: "application/octet-stream" });
  facts.hidden = await lab.call("bytes", JSON.parse('{"data":{"$bytes":4,"type":"application/octet-stream"},"blob":{"$bytes":4,"type":"text/plain"}}'));
  return facts;
});

// By the port, where nothing of the page's client stands between text and bytes.
lab.attack("texts that lie about their bytes", async () => {
  await tap.ready();
  const facts = {};
  const octets = "application/octet-stream";
  const stands = (k, type = octets) => `{"$bytes":${k},"type":"${type}"}`;
  const args = (data, rest = stands(4, "text/plain")) => `{"data":${data},"blob":${rest}}`;
  const pair = () => [octets, filled(1), "text/plain", filled(2)];
  let id = 800;
  const tell = async (name, json, sections, transfer = []) => {
    id++;
    (await tap.ready()).postMessage([1, id, "bytes", json, 0, 0, sections], transfer);
    facts[name] = await tap.answer(id, 1500);
  };
  await tell("true", args(stands(4)), pair());
  await tell("too many said", args(stands(5)), pair());
  await tell("too few said", args(stands(3)), pair());
  await tell("none said", args(stands(0)), pair());
  await tell("less than none", args(stands(-4)), pair());
  await tell("a fraction", args(stands("4.5")), pair());
  await tell("another form", args(stands("4e0")), pair());
  await tell("a text", args(stands('"4"')), pair());
  await tell("huge", args(stands("4294967300")), pair());
  await tell("another type", args(stands(4, "text/html")), pair());
  await tell("turned round", args(stands(4)), ["text/plain", filled(2), octets, filled(1)]);
  await tell("one too few", args(stands(4)), [octets, filled(1)]);
  await tell("one too many", args(stands(4)), [...pair(), octets, filled(3)]);
  await tell("none", args(stands(4)), 0);
  await tell("for nothing", '{"data":"AQEBAQ==","blob":null}', pair());
  await tell("a member more", args(`{"$bytes":4,"type":"${octets}","x":1}`), pair());
  await tell("a member less", args('{"$bytes":4}'), pair());
  await tell("twice", args(`{"$bytes":4,"$bytes":4,"type":"${octets}"}`), pair());
  await tell("escaped", args(`{"\\u0024bytes":4,"type":"${octets}"}`), pair());
  await tell("escaped without bytes", args(`{"\\u0024bytes":4,"type":"${octets}"}`), 0);
  await tell("base64", args('"AQEBAQ=="'), ["text/plain", filled(2)]);
  await tell("numbers", args("[1,1,1,1]"), ["text/plain", filled(2)]);
  await tell("a wrong list", args(stands(4)), [octets, filled(1), "text/plain"]);
  await tell("no bytes", args(stands(4)), [octets, [1, 1, 1, 1], "text/plain", filled(2)]);
  await tell("words", args(stands(4)), [octets, new Uint16Array(2), "text/plain", filled(2)]);
  await tell("upper case", args(stands(4, "Application/Octet-Stream")), ["Application/Octet-Stream", filled(1), "text/plain", filled(2)]);
  await tell("very many", args(stands(4)), Array.from({ length: 130 }, (_, i) => (i % 2 ? filled(1) : octets)));
  const large = new Uint8Array(3 << 20);
  await tell("too large", args(stands(large.length)), [octets, large, "text/plain", filled(2)]);
  const part = new Uint8Array(1 << 20).subarray(7, 11).fill(1);
  await tell("a part of more", args(stands(4)), [octets, part, "text/plain", filled(2)]);
  const given = filled(1);
  await tell("given away", args(stands(4)), [octets, given, "text/plain", filled(2)], [given.buffer]);
  const gone = filled(1);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  facts["gone before"] = await lab.tell(async () => { await tell("gone before", args(stands(4)), [octets, gone, "text/plain", filled(2)]); return facts["gone before"]; });
  // Memory that both would have is not the frame's to get: it is of another agent cluster.
  facts["shared"] = await lab.tell(async () => { await tell("shared", args(stands(4)), [octets, new Uint8Array(new SharedArrayBuffer(4)), "text/plain", filled(2)]); return facts["shared"]; });
  facts.call = (await lab.call("count")).slice(0, 2);
  return facts;
}, { limit: 60000 });
