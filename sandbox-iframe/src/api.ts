import { SallyportError as OwnError } from "./errors.ts";
import type { ReceivedEvent } from "./page-events.ts";
import type { ChannelDirection, InvokeOptions, ListenOptions, CallProgress } from "./page-options.ts";
import type { API } from "./page.ts";

// The page's client is the first script of every page that Sallyport serves,
// and comes from the core with it. This module hands on what that has made, so
// that an app's bundle holds no second client of perhaps another version. In
// any other place (a build, a unit test) there is nobody to call.
const registry = Symbol.for("sallyport.api");
const nobody = (): Promise<never> => Promise.reject(new OwnError("closed", "", "this page was not served by Sallyport"));
const elsewhere: API = {
  invoke: nobody,
  stream() {
    const result = nobody();
    result.catch(() => {});
    const fail = (controller: { error(e: unknown): void }): unknown => result.catch((e) => controller.error(e));
    return { result, readable: new ReadableStream({ start: fail }), writable: new WritableStream({ start: fail }) };
  },
  emit: nobody,
  emitTo: nobody,
  listen: nobody,
  once: nobody,
  SallyportError: OwnError,
};
const api = Object.hasOwn(globalThis, registry) ? (globalThis as Record<symbol, unknown>)[registry] as API : elsewhere;

/**
 * The commands of an app, for typed calls. Generated declarations add to it:
 *
 *     declare module "@sallyport/api" {
 *       interface Commands { "notes.save": { args: SaveArgs; result: Note } }
 *     }
 */
export interface Commands {}

/**
 * What the events of an app carry, by name. Generated declarations add to it:
 *
 *     interface Events { "notes.changed": Note }
 */
export interface Events {}

/**
 * The items of the streams that go with an app's commands, by name: those to the
 * page, and those from it. Generated declarations add to it:
 *
 *     interface Channels { "notes.import": { channel: Progress; upload: string } }
 */
export interface Channels {}

type Args<C> = C extends { args: infer A } ? A : {};
type Result<C> = C extends { result: infer R } ? R : unknown;
type Called<A> = {} extends A ? [args?: A, options?: InvokeOptions] : [args: A, options?: InvokeOptions];

/**
 * A name that no declaration has. Where an app's names are declared, one that
 * is written out must be among them, so that a misspelt one does not compile;
 * one that is only known to be a string is taken.
 */
type Other<C extends string, K> = C extends K ? never : string extends C ? C : [keyof Commands | keyof Events] extends [never] ? C : K;

/** Calls a command of the core. Arguments and result are JSON, and Uint8Array, ArrayBuffer and Blob wherever a value can stand. */
export interface Invoke {
  /** A command of Commands, with its types. */
  <C extends Exclude<keyof Commands, keyof Channels>>(command: C, ...rest: Called<Args<Commands[C]>>): Promise<Result<Commands[C]>>;
  /** Any other. */
  <R = unknown, C extends string = string>(command: Other<C, Exclude<keyof Commands, keyof Channels>>, args?: unknown, options?: InvokeOptions): Promise<R>;
}

type DirectionOf<T> = T extends { channel: unknown } ? (T extends { upload: unknown } ? "both" : "items") : "upload";
type Items<T> = T extends { channel: infer I } ? I : never;
type Uploads<T> = T extends { upload: infer U } ? U : never;

/** How a call is made that has streams. */
export type StreamOptions<D extends ChannelDirection = "items"> = InvokeOptions & ("items" extends D ? { channel?: D | undefined } : { channel: D });

/**
 * What a call that streams gives at once: its result, the items of the core, and
 * what takes the page's. Cancelling readable or aborting writable cancels the
 * call; an error of the call fails all that there is with the same error.
 */
export type StreamCall<D extends ChannelDirection, R, I, U> = { readonly result: Promise<R> } &
  (D extends "upload" ? {} : { readonly readable: ReadableStream<I> }) &
  (D extends "items" ? {} : { readonly writable: WritableStream<U> });

type Streamed<A, T> =
  DirectionOf<T> extends "items"
    ? {} extends A
      ? [args?: A, options?: StreamOptions]
      : [args: A, options?: StreamOptions]
    : [args: A, options: StreamOptions<DirectionOf<T>>];

/** Calls a command that streams. */
interface Stream {
  /** A command of Channels, with its types. */
  <C extends keyof Channels & keyof Commands>(
    command: C,
    ...rest: Streamed<Args<Commands[C]>, Channels[C]>
  ): StreamCall<DirectionOf<Channels[C]>, Result<Commands[C]>, Items<Channels[C]>, Uploads<Channels[C]>>;
  /** Any other; options say which streams it has, as the core does. */
  <R = unknown, I = unknown, U = unknown, D extends ChannelDirection = "items", C extends string = string>(
    command: Other<C, keyof Channels>,
    args?: unknown,
    options?: StreamOptions<D>,
  ): StreamCall<D, R, I, U>;
}

type Carried<P> = {} extends P ? [payload?: P] : [payload: P];

/** Emits an event to the core and to all windows that listen, this one too. */
interface Emit {
  /** An event of Events. */
  <E extends keyof Events>(event: E, ...rest: Carried<Events[E]>): Promise<void>;
  /** Any other. */
  <E extends string = string>(event: Other<E, keyof Events>, payload?: unknown): Promise<void>;
}

/** Emits an event to the windows of one label. */
interface EmitTo {
  /** An event of Events. */
  <E extends keyof Events>(window: string, event: E, ...rest: Carried<Events[E]>): Promise<void>;
  /** Any other. */
  <E extends string = string>(window: string, event: Other<E, keyof Events>, payload?: unknown): Promise<void>;
}

/** Adds a listener; resolves, when the core has agreed, to the function that removes it. */
interface Listen {
  /** An event of Events. */
  <E extends keyof Events>(event: E, run: (event: ReceivedEvent<Events[E]>) => void, options?: ListenOptions): Promise<() => void>;
  /** Any other. */
  <P = unknown, E extends string = string>(event: Other<E, keyof Events>, run: (event: ReceivedEvent<P>) => void, options?: ListenOptions): Promise<() => void>;
}

/** Calls a command of the core; rejects with a SallyportError. */
export const invoke = api.invoke as Invoke;
/** Calls a command that streams; never throws. */
export const stream = api.stream as Stream;
/** Emits an event; resolves when the core has taken it. */
export const emit = api.emit as Emit;
/** Emits an event to one window; resolves when the core has taken it, whether or not anybody listens there. */
export const emitTo = api.emitTo as EmitTo;
/** Listens to an event. */
export const listen = api.listen as Listen;
/** Listens to an event until it has come once. */
export const once = api.once as Listen;
/** What a failed call rejects with. */
export const SallyportError = api.SallyportError;
export type SallyportError = OwnError;
export type { InvokeOptions, ListenOptions, CallProgress, ReceivedEvent };
