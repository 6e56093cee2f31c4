// Not run: what must compile, and what must not.
import { type Channels, type Events, invoke, listen as hear, stream } from "@sallyport/api";
import { commands, events } from "./client.ts";
import type { Binary, Json, Node, Note, NotesChangedEvent, NotesSaveArgs, OddProtoConstructorArgs, ShapesArgs, TreeResult } from "./client.ts";

// Commands, by their place and by their name.
export async function calls(signal: AbortSignal): Promise<void> {
  const note: Note = await commands.notes.save({ path: "a.md", text: "" }, { signal, timeout: 100 });
  const list: Note[] = await commands.notes.list();
  const sorted: Note[] = await commands.notes.list({ sort: "time" });
  const folder: string = await commands.notes();
  const same: string = await invoke("notes", null);
  const nothing: null = await commands.notes.watch.stream(null);
  await commands["odd-name"](null);
  await commands.odd["__proto__"].constructor({ ["__proto__"]: "a", "a-b": 1, 'x"y': "*/", "line\u2028\n": [], class: null, "*/": "" });
  await commands.odd.name();
  await commands.odd.name({ any: ["thing"] });
  await commands.odd.name.name({ x: 1 });
  await commands.odd.name.length();
  await invoke<unknown>("elsewhere"); // what is to be called in spite of its not being there
  const saved: Note = await invoke("notes.save", { path: "a.md", text: "" });
  void [note, list, sorted, folder, same, nothing, saved];

  // @ts-expect-error: an argument that is missing
  await commands.notes.save({ path: "a.md" });
  // @ts-expect-error: all arguments are missing
  await commands.notes.save();
  // @ts-expect-error: an argument too many
  await commands.notes.list({ other: 1 });
  // @ts-expect-error: an order that is none
  await commands.notes.list({ sort: "size" });
  // @ts-expect-error: nothing but null
  await commands.notes({});
  // @ts-expect-error: a command that streams
  await commands.notes.import({});
  // @ts-expect-error: no such command
  await commands.notes.remove();
  // @ts-expect-error: no such option
  await commands.notes.list({}, { retry: true });
  // @ts-expect-error: a name that is misspelt
  await invoke("notes.svae", { path: "a.md", text: "" });
  // @ts-expect-error: an argument that is missing
  await invoke("notes.save", { path: "a.md" });
  // @ts-expect-error: without arguments {} is sent, which this does not take
  await invoke("notes");
  // @ts-expect-error: a result of another type
  const wrong: number = await commands.notes();
  // @ts-expect-error: commands stay what they are
  commands.notes = commands.odd;
  void wrong;
}

// Bytes, as a page has them and as it gets them.
export async function bytes(): Promise<void> {
  const image = new Blob([new Uint8Array(3)], { type: "image/png" });
  const result = await commands.notes.attach.stream({ image, files: [new Uint8Array(1), new ArrayBuffer(1), image], perhaps: null, either: new Uint8Array(1).subarray(1) }).result;
  const octets: Uint8Array = result.bytes;
  const picture: Blob = result.image;
  const listed: Uint8Array[] = result.list;
  const either: Uint8Array | Blob = result.any;
  const file: Binary = result.file;
  void [octets, picture, listed, either, file, await commands.notes.attach.stream({ image: result.some, files: [result.file] }).result];

  // @ts-expect-error: what stands for bytes is for the frame to write
  await commands.notes.attach.stream({ image: { $bytes: 3, type: "image/png" }, files: [] }).result;
  // @ts-expect-error: base64 is text
  await commands.notes.attach.stream({ image: "AAAA", files: [] }).result;
  // @ts-expect-error: another array
  await commands.notes.attach.stream({ image: new Float64Array(1), files: [] }).result;
  // @ts-expect-error: perhaps a Blob
  const wrong: Uint8Array = result.any;
  void wrong;
}
export const piece: Channels["notes.attach"] = { channel: new Uint8Array(1), upload: new ArrayBuffer(1) };
// @ts-expect-error: the page gets a Uint8Array
export const noPiece: Channels["notes.attach"]["channel"] = new ArrayBuffer(1);

// Events.
export async function hears(): Promise<void> {
  const unlisten: () => void = await events.notes.changed.listen(({ payload, window, missed }) => {
    if (payload.kind === "saved") payload.path satisfies string;
    // @ts-expect-error: the other kind has no path
    else payload.path;
    void [window satisfies string | undefined, missed satisfies number];
  }, { onClose: (error) => error.code });
  unlisten();
  await events.notes.attached.once(({ payload }) => payload satisfies Uint8Array);
  await events.notes.changed.emit({ kind: "cleared" });
  await events.notes.changed.emitTo("main", { kind: "saved", path: "a" });
  await events.odd.listen(({ payload }) => payload satisfies unknown);
  await events.odd.emit.emit();
  await events.odd.emit2({ any: "thing" });
  await events.odd.emit2();
  await events.received.listen(({ payload }) => payload satisfies number);
  await hear("notes.changed", ({ payload }) => payload satisfies Events["notes.changed"]);

  // @ts-expect-error: no such event
  await hear("notes.gone", () => {});
  // @ts-expect-error: no such event
  events.notes.gone;
  // @ts-expect-error: a payload of another kind
  await events.notes.changed.emit({ kind: "saved" });
  // @ts-expect-error: no payload
  await events.notes.changed.emit();
  // @ts-expect-error: no window
  await events.notes.changed.emitTo({ kind: "cleared" });
}

// Streams.
export async function streams(signal: AbortSignal): Promise<void> {
  const both = commands.notes.import.stream({}, { signal, timeout: 5000, onProgress: ({ done }) => done satisfies number });
  const { value } = await both.readable.getReader().read();
  value?.done satisfies number | undefined;
  await both.writable.getWriter().write("AAAA");
  const nothing: null = await both.result;
  const put = commands.notes.put.stream({ path: "a" });
  const size: number = await put.result;
  const watch: ReadableStream<string> = commands.notes.watch.stream2().readable;
  const same: ReadableStream<string> = stream("notes.watch").readable;
  const upload: WritableStream<string> = stream("notes.put", { path: "a" }, { channel: "upload" }).writable;
  void [nothing, size, watch, same, upload];

  // @ts-expect-error: no items come
  put.readable;
  // @ts-expect-error: no upload goes
  commands.notes.watch.stream2().writable;
  // @ts-expect-error: another type of item
  await both.writable.getWriter().write(1);
  // @ts-expect-error: an argument is missing
  commands.notes.put.stream();
  // @ts-expect-error: which streams it has is known
  commands.notes.put.stream({ path: "a" }, { channel: "items" });
  // @ts-expect-error: a command without streams
  commands.notes.list.stream;
}
export const progress: Channels["notes.import"]["channel"] = { done: 1, of: 2 };
export const chunk: Channels["notes.import"]["upload"] = "AAAA";
export const rows: Channels["notes.export"] = { channel: { other: 1 }, upload: [{ path: "a", modified: "b" }] };
// @ts-expect-error: nothing is streamed to it
export const none: Channels["notes.save"] = {};

export const event: NotesChangedEvent = { kind: "cleared" };
// @ts-expect-error: a path belongs to another kind
export const mixed: NotesChangedEvent = { kind: "cleared", path: "a" };

export const save: NotesSaveArgs = { path: "", text: "", mode: null, at: [1, 2] };
// @ts-expect-error: a tuple of two
export const shortTuple: NotesSaveArgs = { path: "", text: "", at: [1] };
// @ts-expect-error: a mode that is none
export const mode: NotesSaveArgs = { path: "", text: "", mode: "other" };

// @ts-expect-error: the member __proto__ is a string
export const proto: OddProtoConstructorArgs["__proto__"] = 1;
// @ts-expect-error: none of the values
export const quoted: OddProtoConstructorArgs["x\"y"] = "x";

export const tree: Node = { value: 1, kids: [{ value: 2, kids: [], parent: null }], all: { a: [{}, null, "x"] } };
// @ts-expect-error: a kid is a whole node
export const kid: Node = { value: 1, kids: [{ value: 2 }] };
// @ts-expect-error: nothing that JSON has
export const json: Json = { a: [undefined] };
export const forest: TreeResult = ["a", [], ["b", ["c"]]];

// One shape at a time.
type Shape<K extends keyof ShapesArgs> = NonNullable<ShapesArgs[K]>;
export const good = {
  open: { a: 1, b: "x" } satisfies Shape<"open">,
  record: { a: 1, b: 2 } satisfies Shape<"record">,
  mixed: { a: 1, b: "x" } satisfies Shape<"mixed">,
  prefixed: { "x-a": "1", b: {}, "x-b": "", "x-no": "", "a.md": null } satisfies Shape<"prefixed">,
  prefixedOpen: { "x-a": "1", b: 1 } satisfies Shape<"prefixedOpen">,
  matchedRest: { abc: 1, "1": true } satisfies Shape<"matchedRest">,
  const: { a: [1, null, "x"], b: {} } satisfies Shape<"const">,
  enum: [1, "1", true, [], -0.5] satisfies Shape<"enum">[],
  bools: [true, false] satisfies Shape<"bools">[],
  tuple: [["a"], ["a", 1], ["a", 1, {}]] satisfies Shape<"tuple">[],
  tupleRest: [[], ["a"], ["a", 2], ["a", 2, true, null]] satisfies Shape<"tupleRest">[],
  merged: { a: "x", b: true, c: 1 } satisfies Shape<"merged">,
  distributed: [{ id: "", a: 1 }, { id: "", b: 1 }] satisfies Shape<"distributed">[],
  excluded: ["", 1, true, { a: 1 }] satisfies Shape<"excluded">[],
  conditional: [{ kind: "a", x: 1 }, { kind: "b", y: 1, z: 2 }] satisfies Shape<"conditional">[],
  extended: { x: 1, y: 2, z: 3, more: 4 } satisfies Shape<"extended">,
  joined: { x: 1, y: 2, name: "" } satisfies Shape<"joined">,
  sealed: [{ b: "x" }, { a: "x", c: 1 }, { b: "x", c: 1 }] satisfies Shape<"sealed">[],
};
export const bad = {
  // @ts-expect-error: another type
  open: { a: "x" } satisfies Shape<"open">,
  // @ts-expect-error: another type
  record: { a: "x" } satisfies Shape<"record">,
  // @ts-expect-error: neither number nor string
  mixed: { a: 1, b: true } satisfies Shape<"mixed">,
  // @ts-expect-error: a name that nothing matches
  prefixed: { other: 1 } satisfies Shape<"prefixed">,
  // @ts-expect-error: a name that begins so has a string
  prefixedOpen: { "x-a": 1 } satisfies Shape<"prefixedOpen">,
  // @ts-expect-error: neither
  matchedRest: { abc: "x" } satisfies Shape<"matchedRest">,
  // @ts-expect-error: no members
  empty: { a: 1 } satisfies Shape<"empty">,
  // @ts-expect-error: a member is missing
  requiredOnly: {} satisfies Shape<"requiredOnly">,
  // @ts-expect-error: nothing fits
  none: 1 satisfies Shape<"none">,
  // @ts-expect-error: another constant
  const: { a: [1, null, "y"], b: {} } satisfies Shape<"const">,
  // @ts-expect-error: not listed
  enum: 2 satisfies Shape<"enum">,
  // @ts-expect-error: at least one
  tuple: [] satisfies Shape<"tuple">,
  // @ts-expect-error: another rest
  tupleRest: ["a", 1, "b"] satisfies Shape<"tupleRest">,
  // @ts-expect-error: one too many
  tupleShort: ["a", 1] satisfies Shape<"tupleShort">,
  // @ts-expect-error: no items
  noItems: [1] satisfies Shape<"noItems">,
  // @ts-expect-error: another type
  nested: [[true]] satisfies Shape<"nested">,
  // @ts-expect-error: only a string is taken by both
  merged: { a: 1 } satisfies Shape<"merged">,
  // @ts-expect-error: one of two must be there
  distributed: { id: "" } satisfies Shape<"distributed">,
  // @ts-expect-error: one of the excluded
  excluded: [] satisfies Shape<"excluded">,
  // @ts-expect-error: neither branch
  conditional: { kind: "b", x: 1 } satisfies Shape<"conditional">,
  // @ts-expect-error: a point and more
  extended: { x: 1, y: 2 } satisfies Shape<"extended">,
  // @ts-expect-error: a name of another type
  joined: { x: 1, y: 2, name: 1 } satisfies Shape<"joined">,
  // @ts-expect-error: a member that nothing knows
  sealed: { b: "x", d: 1 } satisfies Shape<"sealed">,
};
