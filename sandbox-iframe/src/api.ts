import type { InvokeOptions } from "./client.ts";
import { install } from "./page.ts";

const api = install();

/**
 * The commands of an app, for typed calls. Generated declarations add to it:
 *
 *     declare module "@sallyport/api" {
 *       interface Commands { "notes.save": { args: SaveArgs; result: Note } }
 *     }
 */
export interface Commands {}

/** Calls a command of the core. Arguments and result are JSON. */
export interface Invoke {
  <C extends keyof Commands>(command: C, args: Commands[C] extends { args: infer A } ? A : never, options?: InvokeOptions): Promise<
    Commands[C] extends { result: infer R } ? R : unknown
  >;
  <R = unknown>(command: string, args?: unknown, options?: InvokeOptions): Promise<R>;
}

/** Calls a command of the core; rejects with a SallyportError. */
export const invoke = api.invoke as Invoke;
/** What a failed call rejects with. */
export const SallyportError = api.SallyportError;
export type SallyportError = import("./client.ts").SallyportError;
export type { InvokeOptions };
