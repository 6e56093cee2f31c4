/** Not run: an app's use of the package as it is published, which has to compile. */
import { type Code, type InvokeOptions, type CallProgress, type ReceivedEvent, SallyportError, emit, emitTo, invoke, listen, once, stream } from "@sallyport/api";

declare module "@sallyport/api" {
  interface Commands {
    "notes.save": { args: { path: string }; result: { saved: boolean } };
    "notes.list": { args: { folder?: string }; result: string[] };
    "notes.watch": { args: { folder?: string }; result: number };
    "notes.import": { args: { folder: string }; result: { count: number } };
    "notes.sync": { args: {}; result: null };
    "app.quit": {};
  }
  interface Events {
    "notes.changed": { path: string };
    "notes.cleared": {};
  }
  interface Channels {
    "notes.watch": { channel: { path: string } };
    "notes.import": { upload: Uint8Array | ArrayBuffer | Blob };
    "notes.sync": { channel: string; upload: number };
  }
}

export async function typed(options: InvokeOptions): Promise<void> {
  const { saved } = await invoke("notes.save", { path: "a" }, options);
  const list: string[] = await invoke("notes.list");
  const quit: unknown = await sallyport.invoke("app.quit", {}, { signal: null, onProgress: ({ done, total, text }: CallProgress) => void [done, total ?? 0, text] });
  void [saved satisfies boolean, list, quit];
  // @ts-expect-error: arguments of another type
  await invoke("notes.save", { path: 1 });
  // @ts-expect-error: no arguments
  await invoke("notes.save");
  // @ts-expect-error: an argument that the command does not have
  await invoke("notes.list", { path: "a" });
  // @ts-expect-error: a result of another type
  const wrong: number = await invoke("notes.list");
  void wrong;
  // @ts-expect-error: a misspelt name
  await invoke("notes.lsit");
  // @ts-expect-error: a command that streams
  await invoke("notes.watch");
}

export async function untyped(name: string): Promise<void> {
  // @ts-expect-error: a name that is not declared, written out
  await invoke("other", { any: [1] });
  const number = await invoke<number>("other.number"); // what is to be so in spite of that
  void [number satisfies number, await invoke(name, 1), (await invoke(name)) satisfies unknown];
}

export async function streams(file: Blob, name: string): Promise<void> {
  const watch = stream("notes.watch", { folder: "a" }, { timeout: 10 });
  for (const reader = watch.readable.getReader(); ; ) {
    const { value, done } = await reader.read();
    if (done) break;
    value.path satisfies string;
  }
  (await watch.result) satisfies number;
  const upload = stream("notes.import", { folder: "a" }, { channel: "upload" });
  await file.stream().pipeTo(upload.writable);
  (await upload.result).count satisfies number;
  const sync = sallyport.stream("notes.sync", {}, { channel: "both" });
  const strings: ReadableStream<string> = new Blob().stream().pipeThrough(new TransformStream<unknown, number>()).pipeThrough(sync);
  void strings;
  // @ts-expect-error: only items come
  void watch.writable;
  // @ts-expect-error: only an upload goes
  void upload.readable;
  // @ts-expect-error: which streams it has must be said
  stream("notes.import", { folder: "a" });
  // @ts-expect-error: it has another one
  stream("notes.import", { folder: "a" }, { channel: "items" });
  // @ts-expect-error: another type of item
  void sync.writable.getWriter().write("a");
  // @ts-expect-error: a command that does not stream
  stream("notes.list");
  // @ts-expect-error: a misspelt name
  stream("notes.wacth");
  const any = stream(name, { any: 1 }, { channel: "both" });
  void [any.readable satisfies ReadableStream<unknown>, any.writable satisfies WritableStream<unknown>];
  stream<number, string>("other").readable satisfies ReadableStream<string>;
}

export async function events(name: string): Promise<void> {
  const unlisten: () => void = await listen("notes.changed", ({ event, payload, window, missed }) => {
    void [event satisfies string, payload.path satisfies string, window satisfies string | undefined, missed satisfies number];
  }, { onClose: (error) => void error.code, signal: null });
  unlisten();
  await once("notes.changed", (event: ReceivedEvent<{ path: string }>) => void event);
  await emit("notes.changed", { path: "a" });
  await emit("notes.cleared");
  await sallyport.emitTo("main", "notes.changed", { path: "a" });
  // @ts-expect-error: a payload of another type
  await emit("notes.changed", { path: 1 });
  // @ts-expect-error: no payload
  await emit("notes.changed");
  // @ts-expect-error: a payload of another type
  await emitTo("main", "notes.changed", {});
  // @ts-expect-error: a misspelt name
  await emit("notes.chnaged", { path: "a" });
  // @ts-expect-error: a misspelt name
  await emitTo("main", "notes.chnaged", { path: "a" });
  // @ts-expect-error: a misspelt name
  await listen("notes.chnaged", () => {});
  // @ts-expect-error: nothing that the payload has
  await once("notes.changed", ({ payload }) => payload.other);
  await emit(name, 1);
  await emitTo("main", name);
  await listen<number>(name, ({ payload }) => payload satisfies number);
  await listen<number>("other", ({ payload }) => payload satisfies number); // in spite of what is declared
}

export function failed(e: unknown): string | undefined {
  const busy: Code = "busy";
  return e instanceof SallyportError && e instanceof sallyport.SallyportError && e.code !== busy ? `${e.code} ${e.id}` : undefined;
}
