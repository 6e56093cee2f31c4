import {
  MapOf, PromiseOf, ceil, emptyList, later, mapDelete, mapEach, mapGet, mapSet, mapSize, microtask, min, never, parseJSON, hasOwn, toUTF8,
} from "./primordials.ts";
import type { PageConfig } from "./config.ts";
import { type Code, messageOf } from "./errors.ts";
import { writeJSON } from "./json.ts";
import { Ask, type State } from "./protocol.ts";

/** Calls that may wait for an answer at once, before invoke refuses with busy. */
const MAX_PENDING = 4096;

/** What a failed call rejects with. */
export class SallyportError extends Error {
  override readonly name = "SallyportError";
  /** Stable: one of the codes in docs/errors.md. */
  readonly code: Code | (string & {});
  /** Leads to the core's record of the call; empty if the call never got that far. */
  readonly id: string;
  /** What the command chose to tell beside its message, if anything. */
  readonly data: unknown;

  /** For tests and wrappers; invoke makes all others. */
  constructor(code: string, id = "", message = "", data?: unknown) {
    super(message || messageOf(code) || code);
    this.code = code;
    this.id = id;
    this.data = data;
  }
}

/** How one call is made. */
export interface InvokeOptions {
  /** Rejects the call with cancelled, and cancels it in the core. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the call fails with timeout, here and in the core. Without it, or with 0, the core's limit alone holds. */
  timeout?: number | undefined;
}

/** How calls reach the core: through the isolation frame or, in the brownfield pattern, from this page. */
export interface Port {
  /** Sends a flat list of Ask messages. */
  send(list: unknown[]): void;
}

/** What the client needs of AbortSignal, captured. */
export interface Signals {
  aborted(signal: AbortSignal): boolean;
  on(signal: AbortSignal, run: () => void): void;
  off(signal: AbortSignal, run: () => void): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: SallyportError): void;
  timer: unknown;
  end: (() => void) | undefined;
}

/**
 * The page's calls. They wait until the core has proved itself to the frame;
 * those of one turn travel as one message, and each settles exactly once.
 */
export class Client {
  readonly #signals: Signals;
  readonly #pending = new MapOf<number, Pending>();
  #port: Port | undefined;
  #outbox = emptyList<unknown>();
  #scheduled = false;
  #ready = false;
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
    this.#ready = true;
    this.#flush();
  }

  /** Fails all calls, present and future. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox = emptyList();
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
    const e = (typeof value === "object" && value !== null ? value : {}) as { code?: unknown; id?: unknown; message?: unknown; data?: unknown };
    const text = (v: unknown): string => (typeof v === "string" ? v : "");
    call.reject(new SallyportError(text(e.code) || "internal", text(e.id), text(e.message), e.data));
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
      const signal = own(options, "signal");
      const timeout = own(options, "timeout");
      const limit = typeof timeout === "number" && timeout > 0 ? min(ceil(timeout), 2 ** 31 - 1) : 0;
      if (signal !== undefined && this.#signals.aborted(signal)) return fail("cancelled");
      if (this.#closed) return fail("closed");
      if (mapSize(this.#pending) >= MAX_PENDING) return fail("busy");
      const id = ++this.#calls;
      const call: Pending = { resolve, reject, timer: undefined, end: undefined };
      if (limit > 0) call.timer = later(() => this.#abandon(id, "timeout"), limit);
      if (signal !== undefined) {
        const abort = (): void => this.#abandon(id, "cancelled");
        this.#signals.on(signal, abort);
        call.end = () => this.#signals.off(signal, abort);
      }
      mapSet(this.#pending, id, call);
      this.#say(Ask.call, id, command, json, limit);
    });

  #say(...members: unknown[]): void {
    for (let i = 0; i < members.length; i++) this.#outbox[this.#outbox.length] = members[i];
    if (!this.#ready || this.#scheduled) return;
    this.#scheduled = true;
    microtask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#outbox.length === 0 || this.#closed) return;
    const said = this.#outbox;
    this.#outbox = emptyList();
    this.#port?.send(said);
  }

  #take(id: number): Pending | undefined {
    const call = mapGet(this.#pending, id);
    if (call === undefined) return undefined;
    mapDelete(this.#pending, id);
    if (call.timer !== undefined) never(call.timer);
    call.end?.();
    return call;
  }

  #abandon(id: number, code: Code): void {
    if (this.#fail(id, code)) this.#say(Ask.cancel, id);
  }

  #fail(id: number, code: Code): boolean {
    const call = this.#take(id);
    call?.reject(new SallyportError(code));
    return call !== undefined;
  }
}

/** An option that was given, and not by a prototype. */
function own<K extends keyof InvokeOptions>(options: InvokeOptions, name: K): InvokeOptions[K] {
  return typeof options === "object" && options !== null && hasOwn(options, name) ? options[name] : undefined;
}

/** Whether a fallback's answer is a frame over the relay; its URL if so. */
export function readTicket(json: string): string | undefined {
  const answer = parseJSON(json) as { frame?: unknown; carrier?: unknown } | null;
  if (typeof answer !== "object" || answer === null || answer.carrier !== "relay") return undefined;
  return typeof answer.frame === "string" ? answer.frame : undefined;
}

/** The body of a request that has nothing to say. */
export const emptyRequest: Uint8Array = toUTF8("{}");

export type { PageConfig };
