/** The stable codes that a page can meet. docs/errors.md says what each one asks of the caller. */
export type Code = "hook_refused" | "invalid_args" | "denied" | "too_large" | "rate_limited" | "busy" | "timeout" | "cancelled" | "failed" | "internal" | "unavailable" | "unknown_outcome" | "closed";

/** What a failed call rejects with. */
export declare class SallyportError extends Error {
    readonly name = "SallyportError";
    /** Stable: one of the codes in docs/errors.md. */
    readonly code: Code | (string & {});
    /** Leads to the core's record of the call. Empty if the call ended in the page, or before it had a number. */
    readonly id: string;
    /** What the app's hook put beside the message (docs/hook.md, onAnswer), if anything. The core puts nothing here. */
    readonly data: unknown;
    /** For tests and wrappers; invoke makes all others. */
    constructor(code: string, id?: string, message?: string, data?: unknown);
}

/** How one call is made. */
export interface InvokeOptions {
    /** Rejects the call with cancelled, and cancels it in the core. */
    signal?: AbortSignal | null | undefined;
    /** Milliseconds after which the call fails with timeout, here and in the core. Without it, or with 0, the core's limit alone holds. */
    timeout?: number | undefined;
}

/**
 * The commands of an app, for typed calls. Generated declarations add to it:
 *
 *     declare module "@sallyport/api" {
 *       interface Commands { "notes.save": { args: SaveArgs; result: Note } }
 *     }
 */
export interface Commands {
}

/**
 * What the events of an app carry, by name. Generated declarations add to it:
 *
 *     interface Events { "notes.changed": Note }
 */
export interface Events {
}

/**
 * The items of the streams that go with an app's commands, by name: those to the
 * page, and those from it. Generated declarations add to it:
 *
 *     interface Channels { "notes.import": { channel: Progress; upload: string } }
 */
export interface Channels {
}

type Args<C> = C extends {
    args: infer A;
} ? A : {};

type Result<C> = C extends {
    result: infer R;
} ? R : unknown;

/** Calls a command of the core. Arguments and result are JSON. */
export interface Invoke {
    /** A command of Commands, with its types. */
    <C extends keyof Commands>(command: C, ...rest: {} extends Args<Commands[C]> ? [args?: Args<Commands[C]>, options?: InvokeOptions] : [args: Args<Commands[C]>, options?: InvokeOptions]): Promise<Result<Commands[C]>>;
    /** Any other. */
    <R = unknown, C extends string = string>(command: C extends keyof Commands ? never : C, args?: unknown, options?: InvokeOptions): Promise<R>;
}

/** Calls a command of the core; rejects with a SallyportError. */
export declare const invoke: Invoke;

declare global {
  /** What the client's script defines in every page that Sallyport serves: the same as this module. */
  const sallyport: { readonly invoke: Invoke; readonly SallyportError: typeof SallyportError };
}
export {};
