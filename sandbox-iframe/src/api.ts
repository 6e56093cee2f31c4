import type { InvokeOptions } from "./client.ts";
import { SallyportError as OwnError } from "./errors.ts";
import type { API } from "./page.ts";

// The page's client is the first script of every page that Sallyport serves,
// and comes from the core with it. This module hands on what that has made, so
// that an app's bundle holds no second client of perhaps another version. In
// any other place (a build, a unit test) there is nobody to call.
const registry = Symbol.for("sallyport.api");
const elsewhere: API = {
  invoke: () => Promise.reject(new OwnError("closed", "", "this page was not served by Sallyport")),
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

/** Calls a command of the core. Arguments and result are JSON. */
export interface Invoke {
  /** A command of Commands, with its types. */
  <C extends keyof Commands>(
    command: C,
    ...rest: {} extends Args<Commands[C]> ? [args?: Args<Commands[C]>, options?: InvokeOptions] : [args: Args<Commands[C]>, options?: InvokeOptions]
  ): Promise<Result<Commands[C]>>;
  /** Any other. */
  <R = unknown, C extends string = string>(command: C extends keyof Commands ? never : C, args?: unknown, options?: InvokeOptions): Promise<R>;
}

/** Calls a command of the core; rejects with a SallyportError. */
export const invoke = api.invoke as Invoke;
/** What a failed call rejects with. */
export const SallyportError = api.SallyportError;
export type SallyportError = OwnError;
export type { InvokeOptions };
