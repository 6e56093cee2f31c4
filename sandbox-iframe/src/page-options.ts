import { ceil, hasOwn, min } from "./primordials.ts";
import { type Code, SallyportError } from "./errors.ts";

/** How far a call is, as its handler reports it. */
export interface CallProgress {
  readonly done: number;
  /** Undefined if it is not known. */
  readonly total: number | undefined;
  readonly text: string;
}

/** How one call is made. */
export interface InvokeOptions {
  /** Rejects the call with cancelled, and cancels it in the core. */
  signal?: AbortSignal | null | undefined;
  /** Milliseconds after which the call fails with timeout, here and in the core. Without it, or with 0, the core's limit alone holds. */
  timeout?: number | undefined;
  /** Called as the handler reports how far it is, at most some 20 times a second. */
  onProgress?: ((progress: CallProgress) => void) | null | undefined;
}

/** Which streams a call has: items from the core, an upload to it, or both. */
export type ChannelDirection = "items" | "upload" | "both";

/** How one listener is added. */
export interface ListenOptions {
  /** Removes the listener. */
  signal?: AbortSignal | null | undefined;
  /**
   * Called once if the listener is removed by another than this page: with closed at the end of the
   * session, with cancelled if the core ends it, because it was too slow or is not permitted any more.
   */
  onClose?: ((error: SallyportError) => void) | null | undefined;
}

/** What the client needs of AbortSignal, captured. */
export interface Signals {
  aborted(signal: AbortSignal): boolean;
  on(signal: AbortSignal, run: () => void): void;
  off(signal: AbortSignal, run: () => void): void;
}

/** Options as they were read, once. */
export interface Settings {
  readonly signal: AbortSignal | undefined;
  readonly limit: number; // in milliseconds, 0 for none
  readonly progress: ((progress: CallProgress) => void) | undefined;
}

export const refusal = (code: Code, message?: string): SallyportError => new SallyportError(code, "", message);

/** Reads the options of a call. No prototype is asked for those that were not given. */
export function readOptions(options: unknown, signals: Signals): Settings {
  try {
    const limit = milliseconds(own(options, "timeout"));
    return { limit, signal: readSignal(options, signals), progress: readFunction(options, "onProgress") };
  } catch {
    throw refusal("invalid_args", "a call's signal must be an AbortSignal, its timeout a number of milliseconds, and onProgress a function");
  }
}

/** Reads which streams a call asks for. */
export function readDirection(options: unknown): ChannelDirection {
  let channel: unknown;
  try {
    channel = own(options, "channel") ?? "items";
  } catch {}
  if (channel === "items" || channel === "upload" || channel === "both") return channel;
  throw refusal("invalid_args", 'channel says which streams a call has: "items", "upload" or "both"');
}

/** Reads the options of a listener. */
export function readListenOptions(options: unknown, signals: Signals): { signal: AbortSignal | undefined; closed: ((e: SallyportError) => void) | undefined } {
  try {
    return { signal: readSignal(options, signals), closed: readFunction(options, "onClose") };
  } catch {
    throw refusal("invalid_args", "a listener's signal must be an AbortSignal, and onClose a function");
  }
}

function readSignal(options: unknown, signals: Signals): AbortSignal | undefined {
  const signal = (own(options, "signal") ?? undefined) as AbortSignal | undefined;
  if (signal !== undefined) signals.aborted(signal); // throws unless it is one
  return signal;
}

function readFunction<A>(options: unknown, name: string): ((a: A) => void) | undefined {
  const run = own(options, name) ?? undefined;
  if (run !== undefined && typeof run !== "function") throw new TypeError("sallyport: no function");
  return run as ((a: A) => void) | undefined;
}

/** What an object holds itself, and not by a prototype. */
export function own(object: unknown, name: string): unknown {
  return typeof object === "object" && object !== null && hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

/** Throws unless it is a time, or none. A time of more than a timer takes is the longest that it does. */
function milliseconds(timeout: unknown): number {
  if (timeout === undefined || timeout === null) return 0;
  if (typeof timeout !== "number" || !(timeout >= 0)) throw new TypeError("sallyport: no time");
  return min(ceil(timeout), 2 ** 31 - 1);
}
