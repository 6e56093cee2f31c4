import { PromiseOf, defineProperty, emptyList, getter, iterable, later, uncurry, when } from "./primordials.ts";

/** The built-ins that only the page's client uses, captured like those of primordials.ts. */

const { deleteProperty } = Reflect;

const size = getter<Blob, number>(Blob.prototype, "size");
export const blobType = getter<Blob, string>(Blob.prototype, "type");
const bufferOfBlob = uncurry(Blob.prototype.arrayBuffer) as (blob: Blob) => Promise<ArrayBuffer>;
export const sliceBlob = uncurry(Blob.prototype.slice) as (blob: Blob, from: number, to: number) => Blob;

/** The size of a Blob, by asking it and not its prototypes; undefined if it is none. */
export function blobSize(value: object): number | undefined {
  try {
    return size(value as Blob);
  } catch {
    return undefined;
  }
}

const BlobOf = Blob;

/** A Blob of bytes. */
export function makeBlob(bytes: Uint8Array, type: string): Blob {
  const parts = emptyList<BlobPart>();
  parts[0] = bytes as Uint8Array<ArrayBuffer>;
  return new BlobOf(iterable(parts), { __proto__: null, type } as BlobPropertyBag);
}

// Every browser has one; Node, where tests run, does not.
const ReaderOf = typeof FileReader === "function" ? FileReader : undefined;
const startReader = ReaderOf && (uncurry(ReaderOf.prototype.readAsArrayBuffer) as (reader: FileReader, blob: Blob) => void);
const resultOf = ReaderOf && getter<FileReader, ArrayBuffer>(ReaderOf.prototype, "result");
const listen = uncurry(EventTarget.prototype.addEventListener) as (to: EventTarget, name: string, run: () => void) => void;

/**
 * Reads a Blob and calls one of the two. By a FileReader and not by a promise:
 * to fulfil one, the browser asks its value for a then, and a script that plants
 * that on Object.prototype could put other bytes there.
 */
export function readBlob(blob: Blob, done: (bytes: ArrayBuffer) => void, failed: () => void): void {
  if (ReaderOf === undefined) return after(bufferOfBlob(blob), done, failed);
  const reader = new ReaderOf();
  listen(reader, "load", () => done(resultOf!(reader)));
  listen(reader, "error", failed);
  startReader!(reader, blob);
}

const ReadableOf = ReadableStream;
const WritableOf = WritableStream;
type Readable = ReadableStreamDefaultController<unknown>;
export const enqueue = uncurry(ReadableStreamDefaultController.prototype.enqueue) as (to: Readable, item: unknown) => void;
export const closeReadable = uncurry(ReadableStreamDefaultController.prototype.close) as (stream: Readable) => void;
export const failReadable = uncurry(ReadableStreamDefaultController.prototype.error) as (stream: Readable, error: unknown) => void;
export const failWritable = uncurry(WritableStreamDefaultController.prototype.error) as (stream: WritableStreamDefaultController, error: unknown) => void;
/** Aborted as soon as the stream is, whatever its sink is at. */
export const abortOf = getter<WritableStreamDefaultController, AbortSignal>(WritableStreamDefaultController.prototype, "signal");

/** A stream that asks for an item when somebody waits for one, and not before. */
export function makeReadable(source: { start(c: Readable): void; pull(): void; cancel(): void }): ReadableStream<unknown> {
  const { start, pull, cancel } = source;
  return new ReadableOf({ __proto__: null, start, pull, cancel } as UnderlyingDefaultSource<unknown>, { __proto__: null, highWaterMark: 0 } as QueuingStrategy<unknown>);
}

/** A stream that takes one chunk ahead of the one that its sink is at. */
export function makeWritable(sink: {
  start(c: WritableStreamDefaultController): void;
  write(chunk: unknown): Promise<void>;
  close(): Promise<void>;
  abort(): void;
}): WritableStream<unknown> {
  const { start, write, close, abort } = sink;
  return new WritableOf({ __proto__: null, start, write, close, abort } as UnderlyingSink<unknown>, { __proto__: null, highWaterMark: 1 } as QueuingStrategy<unknown>);
}

const { then } = Promise.prototype;

/** A promise for the browser's own streams, which would otherwise ask its prototype how to go on. */
export function ownPromise(run: (resolve: () => void, reject: (e: unknown) => void) => void): Promise<void> {
  const promise = new PromiseOf<void>(run as ConstructorParameters<typeof PromiseOf<void>>[0]);
  defineProperty(promise, "constructor", { __proto__: null, value: PromiseOf } as PropertyDescriptor);
  defineProperty(promise, "then", { __proto__: null, value: then } as PropertyDescriptor);
  return promise;
}

/** Calls one of the two when a promise settles, without a look at the constructor that its prototype may have by now. */
export function after<T>(promise: Promise<T>, done: (value: T) => void, failed: (reason: unknown) => void): void {
  defineProperty(promise, "constructor", { __proto__: null, value: undefined, configurable: true } as PropertyDescriptor);
  void when(promise, done, failed);
  deleteProperty(promise, "constructor");
}

const reportError: ((e: unknown) => void) | undefined = typeof globalThis.reportError === "function" ? globalThis.reportError.bind(globalThis) : undefined;

/** Reports what a function of the page threw as an uncaught error, and goes on. */
export function report(e: unknown): void {
  if (reportError !== undefined) return reportError(e);
  later(() => {
    throw e;
  }, 0);
}
