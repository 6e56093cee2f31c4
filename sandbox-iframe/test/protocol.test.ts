import { describe, expect, test } from "vitest";
import { type Sections, Taken, isMediaType, readSections as read } from "../src/binary.ts";
import { Ask, type Asked, Tell, type Told, readAsked, readTold } from "../src/protocol.ts";
import { MAX_SECTIONS } from "../src/wire.ts";

const raw = new Uint8Array([1, 2]);
const file: Sections = ["image/png", raw];

const readSections = (value: unknown): Sections | undefined => read(value, new Taken());

/** All that is read of a list from the page. */
function asked(list: unknown): unknown[] {
  const seen: unknown[] = [];
  const to: Asked = {
    call: (...a) => seen.push(["call", ...a]),
    cancel: (...a) => seen.push(["cancel", ...a]),
    body: (b) => seen.push(["body", b.byteLength]),
    lost: () => seen.push(["lost"]),
    gone: () => seen.push(["gone"]),
    emit: (...a) => seen.push(["emit", ...a]),
    listen: (...a) => seen.push(["listen", ...a]),
    upload: (...a) => seen.push(["upload", ...a]),
    end: (...a) => seen.push(["end", ...a]),
    pull: (...a) => seen.push(["pull", ...a]),
  };
  readAsked(list, to);
  return JSON.parse(JSON.stringify(seen)) as unknown[];
}

/** All that is read of a list from the frame. */
function told(list: unknown): unknown[] {
  const seen: unknown[] = [];
  const to: Told = {
    reply: (...a) => seen.push(["reply", ...a]),
    state: (s) => seen.push(["state", s]),
    body: (b) => seen.push(["body", b.byteLength]),
    farewell: (b) => seen.push(["farewell", b.byteLength]),
    item: (...a) => seen.push(["item", ...a]),
    event: (...a) => seen.push(["event", ...a]),
    end: (...a) => seen.push(["end", ...a]),
    taken: (...a) => seen.push(["taken", ...a]),
    progress: (...a) => seen.push(["progress", ...a]),
  };
  readTold(list, to);
  return JSON.parse(JSON.stringify(seen)) as unknown[];
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
// Sections come in a list without a prototype, which JSON shows as an object.
const seenFile = plain(readSections(file));

describe("a list from the page", () => {
  test("is read message by message", () =>
    expect(
      asked([
        Ask.call, 1, "a", "{}", 5, 3, file, Ask.cancel, 1, Ask.body, new ArrayBuffer(3), Ask.lost, Ask.gone,
        Ask.emit, 2, "e", "main", "{}", file, Ask.listen, 3, "e", Ask.upload, 1, "1", 0, Ask.end, 1, 1, Ask.end, 2, 0, Ask.pull, 3, 9,
      ]),
    ).toEqual([
      ["call", 1, "a", "{}", 5, 3, seenFile], ["cancel", 1], ["body", 3], ["lost"], ["gone"],
      ["emit", 2, "e", "main", "{}", seenFile], ["listen", 3, "e"], ["upload", 1, "1", 0], ["end", 1, true], ["end", 2, false], ["pull", 3, 9],
    ]));

  const bad: [string, unknown][] = [
    ["nothing", undefined], ["an object", { 0: Ask.lost, length: 1 }], ["text", "1"], ["an unknown kind", [99, 1]],
    ["a buffer of an unknown kind", [99, new ArrayBuffer(1)]], ["a call without members", [Ask.call]],
    ["a call with a page number that is none", [Ask.call, "1", "a", "{}", 0, 0, 0]],
    ["a call with a fraction for a number", [Ask.call, 1.5, "a", "{}", 0, 0, 0]],
    ["a call whose command is an object", [Ask.call, 1, { toString: "a" }, "{}", 0, 0, 0]],
    ["a call whose arguments are no text", [Ask.call, 1, "a", {}, 0, 0, 0]],
    ["a call with a negative timeout", [Ask.call, 1, "a", "{}", -1, 0, 0]],
    ["a call with an endless timeout", [Ask.call, 1, "a", "{}", Infinity, 0, 0]],
    ["a call with a timeout beyond the wire's", [Ask.call, 1, "a", "{}", 2 ** 32, 0, 0]],
    ["a call that wants what there is not", [Ask.call, 1, "a", "{}", 0, 8, 0]],
    ["a call that wants less than nothing", [Ask.call, 1, "a", "{}", 0, -1, 0]],
    ["a call without a word on sections", [Ask.call, 1, "a", "{}", 0, 0]],
    ["a call with sections that are none", [Ask.call, 1, "a", "{}", 0, 0, [raw]]],
    ["a cancel of nothing", [Ask.cancel]], ["a cancel of text", [Ask.cancel, "1"]],
    ["a body that is text", [Ask.body, "x"]], ["a body that is a view", [Ask.body, new Uint8Array(2)]],
    ["an emit without an event", [Ask.emit, 1, undefined, "", "{}", 0]], ["an emit to no label", [Ask.emit, 1, "e", null, "{}", 0]],
    ["an emit of no text", [Ask.emit, 1, "e", "", {}, 0]], ["an emit with sections that are none", [Ask.emit, 1, "e", "", "{}", {}]],
    ["an emit of no number", [Ask.emit, {}, "e", "", "{}", 0]],
    ["a listen to nothing", [Ask.listen, 1]], ["a listen to a list", [Ask.listen, 1, ["e"]]],
    ["an upload of no text", [Ask.upload, 1, 1, 0]], ["an upload with sections that are none", [Ask.upload, 1, "1", 1]],
    ["an end that is neither", [Ask.end, 1, 2]], ["an end by a boolean", [Ask.end, 1, true]],
    ["a pull of less than nothing", [Ask.pull, 1, -1]], ["a pull of a fraction", [Ask.pull, 1, 0.5]], ["a pull beyond all numbers", [Ask.pull, 1, 2 ** 53]],
  ];
  for (const [name, list] of bad) test(`with ${name} does nothing`, () => expect(asked(list)).toEqual([]));
  test("ends at the first message that is none", () => expect(asked([Ask.lost, 99, Ask.gone])).toEqual([["lost"]]));
});

describe("a list from the frame", () => {
  test("is read message by message", () =>
    expect(
      told([
        Tell.state, "ready", Tell.result, 1, "2", file, Tell.error, 3, "{}", Tell.body, new ArrayBuffer(1), Tell.farewell, new ArrayBuffer(2),
        Tell.item, 1, 30, "1", file, Tell.event, 4, 20, 1, "main", "{}", 0, Tell.end, 1, Tell.taken, 1, 5, Tell.progress, 1, 2, 0, "half",
      ]),
    ).toEqual([
      ["state", "ready"], ["reply", 1, true, "2", seenFile], ["reply", 3, false, "{}", 0], ["body", 1], ["farewell", 2],
      ["item", 1, 30, "1", seenFile], ["event", 4, 20, 1, "main", "{}", 0], ["end", 1], ["taken", 1, 5], ["progress", 1, 2, 0, "half"],
    ]));

  for (const [name, list] of [
    ["an unknown state", [Tell.state, "open"]], ["an answer that is no text", [Tell.result, 1, {}, 0]], ["an answer to no number", [Tell.result, null, "1", 0]],
    ["an answer without a word on sections", [Tell.result, 1, "1"]], ["an error that is no text", [Tell.error, 1, 1]],
    ["an unknown kind", [0]], ["a state of an unknown kind", [99, "closed"]], ["a buffer of an unknown kind", [99, new ArrayBuffer(1)]],
    ["a body that is text", [Tell.body, ""]], ["nothing", undefined], ["an object", { 0: Tell.state, 1: "closed", length: 2 }],
    ["an item without a place", [Tell.item, 1, undefined, "1", 0]], ["an item that is no text", [Tell.item, 1, 1, 1, 0]], ["an item with sections that are none", [Tell.item, 1, 1, "1", 2]],
    ["an event without a number", [Tell.event, 1, 1, "1", "", "{}", 0]], ["an event of no window", [Tell.event, 1, 1, 1, undefined, "{}", 0]],
    ["an event with sections that are none", [Tell.event, 1, 1, 1, "", "{}", []]], ["an end of nothing", [Tell.end]],
    ["less than nothing taken", [Tell.taken, 1, -1]], ["a progress without words", [Tell.progress, 1, 1, 1]], ["a progress of a fraction", [Tell.progress, 1, 0.5, 1, ""]],
  ] as [string, unknown][])
    test(`with ${name} does nothing`, () => expect(told(list)).toEqual([]));
});

describe("sections", () => {
  const shared = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer) // SharedArrayBuffer itself is not in every page;
  const good = (n: number): unknown[] => Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? "a/b" : raw));
  const cases: [string, unknown, boolean][] = [
    ["none", 0, true], ["one", file, true], ["as many as there may be", good(MAX_SECTIONS), true], ["an empty one", ["a/b", new Uint8Array(0)], true],
    ["one too many", good(MAX_SECTIONS + 1), false], ["an empty list", [], false], ["a type without bytes", ["a/b"], false], ["bytes without a type", [raw, "a/b"], false],
    ["nothing", undefined, false], ["null", null, false], ["what looks like a list", { 0: "a/b", 1: raw, length: 2 }, false],
    ["bytes that are an ArrayBuffer", ["a/b", raw.buffer], false], ["bytes that are a list of numbers", ["a/b", [1, 2]], false],
    ["bytes that only say what they are", ["a/b", { [Symbol.toStringTag]: "Uint8Array", byteLength: 2 }], false],
    ["words", ["a/b", new Uint16Array(2)], false], ["bytes that threads share", ["a/b", shared], false], ["a type that is an object", [{ toString: () => "a/b" }, raw], false],
  ];
  for (const [name, value, read] of cases) test(`${name}: ${read ? "taken" : "refused"}`, () => expect(readSections(value) !== undefined).toBe(read));

  test("hold nothing of a larger buffer that they are part of", () => {
    const { 1: bytes } = readSections(["a/b", new Uint8Array([1, 2, 3, 4]).subarray(1, 3)]) as unknown as [string, Uint8Array];
    expect([Array.from(bytes), bytes.buffer.byteLength]).toEqual([[2, 3], 2]);
  });

  test("share memory with no other section of the message, of the same request or another", () => {
    const bytes = new Uint8Array([1, 2]);
    const seen: Uint8Array[] = [];
    const both = ["a/b", bytes, "a/b", new Uint8Array(bytes.buffer)];
    const add = (sections: Sections): void => {
      for (const part of Object.values(sections)) if (typeof part === "object") seen.push(part);
    };
    readAsked(structuredClone([Ask.call, 1, "a", "{}", 0, 0, both, Ask.upload, 1, "1", both, Ask.emit, 2, "e", "", "1", both]), {
      call: (_, __, ___, ____, _____, sections) => add(sections), upload: (_, __, sections) => add(sections), emit: (_, __, ___, ____, sections) => add(sections),
      cancel() {}, body() {}, lost() {}, gone() {}, listen() {}, end() {}, pull() {},
    });
    expect(seen.map((b) => [...b])).toEqual(Array.from({ length: 6 }, () => [1, 2]));
    expect(new Set(seen.map((b) => b.buffer)).size).toBe(6);
  });

  test("keep no list of somebody else's", () => {
    const list: unknown[] = ["a/b", raw];
    const read = readSections(list) as readonly unknown[];
    list[0] = "c/d";
    expect(read[0]).toBe("a/b");
  });
});

describe("a media type", () => {
  for (const type of ["a/b", "image/png", "image/svg+xml", "application/vnd.x-y.z_1", "a!#$&-^_.+/0", `a/${"b".repeat(125)}`])
    test(`is ${type.slice(0, 30)}`, () => expect(isMediaType(type)).toBe(true));
  for (const type of ["", "/", "a", "a/", "/b", "a/b/c", "A/b", "a/B", "a/b;c=d", "a /b", " a/b", "a/b ", "+a/b", "a/.b", "a/\u00e4", "a/*", "*/*", `a/${"b".repeat(126)}`])
    test(`is not ${JSON.stringify(type.slice(0, 30))}`, () => expect(isMediaType(type)).toBe(false));
});
