import { Bytes, bufferOf, byteLength, byteOffset, min } from "./primordials.ts";
import { abortOf, blobSize, failWritable, makeWritable, ownPromise, sliceBlob } from "./page-primordials.ts";
import { isOwnBytes, sizeOf } from "./binary.ts";
import { isBuffer } from "./bytes.ts";
import { SallyportError } from "./errors.ts";
import { type Message, OCTETS, fill, mediaType, writeMessage } from "./page-binary.ts";
import type { Signals } from "./page-options.ts";
import type { Port } from "./requests.ts";

/** Bytes of a byte stream that go in one item. */
export const PIECE = 256 * 1024;
/** Items, and their bytes, that may be on their way to the frame and not sealed yet. */
export const MAX_UNTAKEN = 16;
export const MAX_UNTAKEN_BYTES = 2 ** 20;

interface Sent {
  readonly size: number;
  next: Sent | undefined;
}

/**
 * The upload of one call as a stream that is written to. It waits as long as
 * the frame has not sealed what was written before, which the core's credit
 * decides, so that a file of any size takes up no more than that.
 */
export class Upload {
  readonly writable: WritableStream<unknown>;
  readonly #fail: (error: SallyportError) => void;
  #controller!: WritableStreamDefaultController;
  #port: Port | undefined; // once the call was sent
  #id = 0;
  #over: SallyportError | undefined;
  #ended = false;
  #wake: (() => void) | undefined; // whoever waits for room
  #refuse: ((error: SallyportError) => void) | undefined; // whoever is at a chunk
  #first: Sent | undefined; // not taken yet, in order
  #last: Sent | undefined;
  #items = 0; // not taken yet
  #bytes = 0;
  #taken = 0; // in all

  /** cancel is told that the page gives the upload up; fail, why it can't go on. */
  constructor(signals: Signals, cancel: () => void, fail: (error: SallyportError) => void) {
    this.#fail = fail;
    this.writable = makeWritable({
      start: (controller) => {
        this.#controller = controller;
        // The sink itself hears of it when its last write has come to an end.
        signals.on(abortOf(controller), () => {
          this.#ended = true; // or the stream's abort would fail with our error
          cancel();
        });
      },
      write: (chunk) => this.#busy((done) => this.#pieces(chunk, done)),
      close: () =>
        this.#busy((done) =>
          this.#room(() => {
            this.#ended = true;
            this.#port!.end(this.#id, false);
            done();
          }),
        ),
      abort: cancel,
    });
  }

  /** The call was sent: what is written can follow it. */
  start(port: Port, id: number): void {
    this.#port = port;
    this.#id = id;
    this.#go();
  }

  /** So many items were sealed in all. */
  taken(count: number): void {
    for (; this.#taken < count && this.#first !== undefined; this.#taken++) {
      this.#items--;
      this.#bytes -= this.#first.size;
      this.#first = this.#first.next;
    }
    if (this.#first === undefined) this.#last = undefined;
    this.#go();
  }

  /** The call is over. Whatever is written from now on fails with the error. */
  end(error: SallyportError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.#wake = undefined;
    if (!this.#ended) failWritable(this.#controller, error);
    this.#refuse?.(error);
  }

  // The stream gives its sink one thing at a time, and waits for its promise.
  #busy(run: (done: () => void) => void): Promise<void> {
    return ownPromise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over);
      this.#refuse = reject;
      run(() => {
        this.#refuse = undefined;
        resolve();
      });
    });
  }

  #pieces(chunk: unknown, done: () => void): void {
    const cut = cutter(chunk);
    let last = false;
    const next = (): void => {
      if (last) return done();
      this.#room(() => {
        let message: Message;
        try {
          const piece = cut();
          last = piece.last;
          message = writeMessage(piece.value, "what is written to an upload");
        } catch (e) {
          return this.#fail(e instanceof SallyportError ? e : new SallyportError("invalid_args"));
        }
        fill(
          message,
          () => {
            if (this.#over !== undefined) return;
            this.#send(message);
            next();
          },
          this.#fail,
        );
      });
    };
    next();
  }

  #send({ json, sections }: Message): void {
    const size = json.length + sizeOf(sections);
    const sent: Sent = { size, next: undefined };
    if (this.#last === undefined) this.#first = sent;
    else this.#last.next = sent;
    this.#last = sent;
    this.#items++;
    this.#bytes += size;
    this.#port!.upload(this.#id, json, sections);
  }

  #room(then: () => void): void {
    this.#wake = then;
    this.#go();
  }

  #go(): void {
    const wake = this.#wake;
    if (wake === undefined || this.#port === undefined || this.#items >= MAX_UNTAKEN || this.#bytes >= MAX_UNTAKEN_BYTES) return;
    this.#wake = undefined;
    wake();
  }
}

interface Piece {
  readonly value: unknown;
  readonly last: boolean;
}

// What a chunk is written as. Bytes are a byte stream, which has no borders:
// they are cut into items of PIECE. All else is one item.
function cutter(chunk: unknown): () => Piece {
  if (isOwnBytes(chunk)) return pieces(byteLength(chunk), (at, end) => new Bytes(bufferOf(chunk), byteOffset(chunk) + at, end - at));
  if (isBuffer(chunk)) return cutter(new Bytes(chunk));
  const size = typeof chunk === "object" && chunk !== null ? blobSize(chunk) : undefined;
  if (size !== undefined && mediaType(chunk as Blob) === OCTETS) return pieces(size, (at, end) => sliceBlob(chunk as Blob, at, end));
  return () => ({ value: chunk, last: true });
}

function pieces(size: number, piece: (at: number, end: number) => unknown): () => Piece {
  let at = 0;
  return () => {
    const from = at;
    at = min(from + PIECE, size);
    return { value: piece(from, at), last: at === size };
  };
}
