import { MapOf, emptyList, later, mapDelete, mapEach, mapGet, mapSet, mapSize, never } from "./primordials.ts";
import type { SallyportError } from "./errors.ts";
import { type Message, fill } from "./page-binary.ts";
import { type CallProgress, type Signals, refusal } from "./page-options.ts";
import type { Items } from "./page-items.ts";
import type { Upload } from "./page-upload.ts";
import type { Requests as Port } from "./protocol.ts";

/** Requests that may wait for an answer at once, before the next is refused with busy. */
const MAX_PENDING = 4096;

/** How requests reach the core: through the isolation frame or, in the brownfield pattern, from this page. */
export type { Port };

/** Whoever made a request, and what goes on under its number until it is answered. */
export interface Asker {
  readonly done: (value: unknown) => void;
  readonly failed: (error: SallyportError) => void;
  readonly progress: ((progress: CallProgress) => void) | undefined;
  readonly items: Items | undefined;
  readonly upload: Upload | undefined;
}

interface Pending {
  readonly by: Asker;
  /** Sends it; undefined as long as that can't be, and when it is done. */
  send: ((port: Port, id: number) => void) | undefined;
  sent: boolean;
  timer: unknown;
  end: (() => void) | undefined;
}

/**
 * What the page asks of the core: calls, emits and listens. They wait until
 * the core has proved itself to the frame and their Blobs are read, and each
 * is settled exactly once.
 */
export class Requests {
  readonly #signals: Signals;
  readonly #pending = new MapOf<number, Pending>();
  #port: Port | undefined;
  #ready: Port | undefined;
  #closed = false;
  #ids = 0;

  constructor(signals: Signals) {
    this.#signals = signals;
  }

  /** The way to the core; before ready nothing is sent by it. */
  attach(port: Port): void {
    this.#port = port;
  }

  /** Sends what has waited, and from now on at once. */
  ready(): void {
    const port = this.#port;
    if (this.#closed || port === undefined) return;
    this.#ready = port;
    mapEach(this.#pending, (request, id) => {
      if (request.send !== undefined) this.#send(request, id, request.send, port);
    });
  }

  /** Fails all requests, present and future; false if that was done before. */
  close(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    const open = emptyList<number>();
    mapEach(this.#pending, (_, id) => {
      open[open.length] = id;
    });
    for (let i = 0; i < open.length; i++) this.fail(open[i]!, refusal("closed"));
    return true;
  }

  /** Takes a request, and returns its number. Throws a SallyportError if there can be none. */
  open(by: Asker, limit: number, signal: AbortSignal | undefined, message: Message, send: (port: Port, id: number) => void): number {
    if (signal !== undefined && this.#signals.aborted(signal)) throw refusal("cancelled");
    if (this.#closed) throw refusal("closed");
    if (mapSize(this.#pending) >= MAX_PENDING) throw refusal("busy");
    const id = ++this.#ids;
    const request: Pending = { by, send: undefined, sent: false, timer: undefined, end: undefined };
    if (limit > 0) request.timer = later(() => this.abandon(id, refusal("timeout")), limit);
    if (signal !== undefined) {
      const abort = (): void => this.abandon(id, refusal("cancelled"));
      this.#signals.on(signal, abort);
      request.end = () => this.#signals.off(signal, abort);
    }
    mapSet(this.#pending, id, request);
    const go = (): void => {
      if (this.#ready === undefined) request.send = send;
      else this.#send(request, id, send, this.#ready);
    };
    if (message.unread.length === 0) go();
    else
      fill(
        message,
        () => {
          if (mapGet(this.#pending, id) === request) go(); // or it is over meanwhile
        },
        (error) => this.fail(id, error),
      );
    return id;
  }

  /** Whoever waits for an answer under this number. */
  asker(id: number): Asker | undefined {
    return mapGet(this.#pending, id)?.by;
  }

  /** Settles a request with its result. */
  settle(id: number, value: unknown): void {
    this.#take(id)?.by.done(value);
  }

  /** Settles a request with an error; false if it was settled before. */
  fail(id: number, error: SallyportError): boolean {
    const request = this.#take(id);
    request?.by.failed(error);
    return request !== undefined;
  }

  /** Fails a request that the page does not wait for any longer, and takes it back if it was sent. */
  abandon(id: number, error: SallyportError): void {
    const sent = mapGet(this.#pending, id)?.sent;
    if (this.fail(id, error) && sent === true) this.#ready?.cancel(id);
  }

  /** Where words about a request that was sent go. */
  get way(): Port | undefined {
    return this.#ready;
  }

  #send(request: Pending, id: number, send: (port: Port, id: number) => void, port: Port): void {
    request.send = undefined;
    request.sent = true;
    send(port, id);
  }

  #take(id: number): Pending | undefined {
    const request = mapGet(this.#pending, id);
    if (request === undefined) return undefined;
    mapDelete(this.#pending, id);
    if (request.timer !== undefined) never(request.timer);
    request.end?.();
    return request;
  }
}

