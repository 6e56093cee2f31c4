import {
  MapOf, PromiseOf, ceil, emptyList, hasOwn, later, mapDelete, mapEach, mapGet, mapSet, mapSize, min, never, parseJSON, toUTF8,
} from "./primordials.ts";
import { type Code, SallyportError } from "./errors.ts";
import { writeJSON } from "./json.ts";
import type { State } from "./protocol.ts";

/** Calls that may wait for an answer at once, before invoke refuses with busy. */
const MAX_PENDING = 4096;

/** How one call is made. */
export interface InvokeOptions {
  /** Rejects the call with cancelled, and cancels it in the core. */
  signal?: AbortSignal | null | undefined;
  /** Milliseconds after which the call fails with timeout, here and in the core. Without it, or with 0, the core's limit alone holds. */
  timeout?: number | undefined;
}

/** How calls reach the core: through the isolation frame or, in the brownfield pattern, from this page. */
export interface Port {
  call(id: number, command: string, json: string, timeout: number): void;
  cancel(id: number): void;
}

/** What the client needs of AbortSignal, captured. */
export interface Signals {
  aborted(signal: AbortSignal): boolean;
  on(signal: AbortSignal, run: () => void): void;
  off(signal: AbortSignal, run: () => void): void;
}

interface Pending {
  /** Sends it; as long as there is no way to the core. */
  send: (() => void) | undefined;
  resolve(value: unknown): void;
  reject(error: SallyportError): void;
  timer: unknown;
  end: (() => void) | undefined;
}

/**
 * The page's calls. They wait until the core has proved itself to the frame,
 * and each settles exactly once.
 */
export class Client {
  readonly #signals: Signals;
  readonly #pending = new MapOf<number, Pending>();
  #port: Port | undefined;
  #ready: Port | undefined;
  #closed = false;
  #calls = 0;

  constructor(signals: Signals) {
    this.#signals = signals;
  }

  /** The way to the core; before ready nothing is sent by it. */
  attach(port: Port): void {
    this.#port = port;
  }

  /** Follows the session. unavailable means nothing here: whoever attaches decides what to try next. */
  state(state: State): void {
    if (state === "closed") return this.close();
    if (state !== "ready" || this.#closed) return;
    this.#ready = this.#port;
    mapEach(this.#pending, (call) => {
      const { send } = call;
      call.send = undefined;
      send?.();
    });
  }

  /** Fails all calls, present and future. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const open = emptyList<number>();
    mapEach(this.#pending, (_, id) => {
      open[open.length] = id;
    });
    for (let i = 0; i < open.length; i++) this.#fail(open[i]!, "closed");
  }

  /** Settles a call by the core's or the frame's word. */
  reply(id: number, ok: boolean, json: string): void {
    const call = this.#take(id);
    if (call === undefined) return;
    let value: unknown;
    try {
      value = parseJSON(json);
    } catch {
      return call.reject(new SallyportError("internal"));
    }
    if (ok) return call.resolve(value);
    const text = (name: string): string => {
      const v = own(value, name);
      return typeof v === "string" ? v : "";
    };
    call.reject(new SallyportError(text("code") || "internal", text("id"), text("message"), own(value, "data")));
  }

  /** Calls a command. */
  readonly invoke = (command: string, args: unknown = {}, options: InvokeOptions = {}): Promise<unknown> =>
    new PromiseOf((resolve, reject) => {
      const fail = (code: Code, message?: string): void => reject(new SallyportError(code, "", message));
      if (typeof command !== "string") return fail("invalid_args", "the command's name must be a string");
      // Written down here, so that what the caller changes afterwards is not sent.
      // No prototype is asked for a toJSON that another script has planted, nor
      // for options that were not given.
      let json: string;
      try {
        json = writeJSON(args);
      } catch {
        return fail("invalid_args", "the arguments must be plain JSON: null, booleans, finite numbers, strings, arrays and objects");
      }
      let signal: AbortSignal | undefined;
      let limit: number;
      let aborted: boolean;
      try {
        limit = milliseconds(own(options, "timeout"));
        signal = (own(options, "signal") ?? undefined) as AbortSignal | undefined;
        aborted = signal !== undefined && this.#signals.aborted(signal);
      } catch {
        return fail("invalid_args", "a call's signal must be an AbortSignal, and its timeout a number of milliseconds");
      }
      if (aborted) return fail("cancelled");
      if (this.#closed) return fail("closed");
      if (mapSize(this.#pending) >= MAX_PENDING) return fail("busy");
      const id = ++this.#calls;
      const call: Pending = { send: undefined, resolve, reject, timer: undefined, end: undefined };
      if (limit > 0) call.timer = later(() => this.#abandon(id, "timeout"), limit);
      if (signal !== undefined) {
        const abort = (): void => this.#abandon(id, "cancelled");
        this.#signals.on(signal, abort);
        call.end = () => this.#signals.off(signal, abort);
      }
      mapSet(this.#pending, id, call);
      if (this.#ready !== undefined) this.#ready.call(id, command, json, limit);
      else call.send = () => this.#ready?.call(id, command, json, limit);
    });

  #take(id: number): Pending | undefined {
    const call = mapGet(this.#pending, id);
    if (call === undefined) return undefined;
    mapDelete(this.#pending, id);
    if (call.timer !== undefined) never(call.timer);
    call.end?.();
    return call;
  }

  #abandon(id: number, code: Code): void {
    if (this.#fail(id, code)) this.#ready?.cancel(id); // before that it was not sent
  }

  #fail(id: number, code: Code): boolean {
    const call = this.#take(id);
    call?.reject(new SallyportError(code));
    return call !== undefined;
  }
}

/** What an object holds itself, and not by a prototype. */
function own(object: unknown, name: string): unknown {
  return typeof object === "object" && object !== null && hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

/** Throws unless it is a time, or none. A time of more than a timer takes is the longest that it does. */
function milliseconds(timeout: unknown): number {
  if (timeout === undefined || timeout === null) return 0;
  if (typeof timeout !== "number" || !(timeout >= 0)) throw new TypeError("sallyport: no time");
  return min(ceil(timeout), 2 ** 31 - 1);
}

/** Whether a fallback's answer is a frame over the relay; its URL if so. */
export function readTicket(json: string): string | undefined {
  const answer = parseJSON(json) as { frame?: unknown; carrier?: unknown } | null;
  if (typeof answer !== "object" || answer === null || answer.carrier !== "relay") return undefined;
  return typeof answer.frame === "string" ? answer.frame : undefined;
}

/** The body of a request that has nothing to say. */
export const emptyRequest: Uint8Array = toUTF8("{}");
