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

/** Which streams a call has: items from the core, an upload to it, or both. */
export type ChannelDirection = "items" | "upload" | "both";

/** An event as a listener gets it. */
export interface ReceivedEvent<P> {
    readonly event: string;
    readonly payload: P;
    /** The label of the window that emitted it, by the core's word; undefined for the core itself. */
    readonly window: string | undefined;
    /** How many events of this name were lost just before this one, because they came faster than the page took them. */
    readonly missed: number;
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

type DirectionOf<T> = T extends {
    channel: unknown;
} ? (T extends {
    upload: unknown;
} ? "both" : "items") : "upload";

type Items<T> = T extends {
    channel: infer I;
} ? I : never;

type Uploads<T> = T extends {
    upload: infer U;
} ? U : never;

/** How a call is made that has streams. */
export type StreamOptions<D extends ChannelDirection = "items"> = InvokeOptions & ("items" extends D ? {
    channel?: D | undefined;
} : {
    channel: D;
});

/**
 * What a call that streams gives at once: its result, the items of the core, and
 * what takes the page's. Cancelling readable or aborting writable cancels the
 * call; an error of the call fails all that there is with the same error.
 */
export type StreamCall<D extends ChannelDirection, R, I, U> = {
    readonly result: Promise<R>;
} & (D extends "upload" ? {} : {
    readonly readable: ReadableStream<I>;
}) & (D extends "items" ? {} : {
    readonly writable: WritableStream<U>;
});

type Streamed<A, T> = DirectionOf<T> extends "items" ? {} extends A ? [args?: A, options?: StreamOptions] : [args: A, options?: StreamOptions] : [args: A, options: StreamOptions<DirectionOf<T>>];

/** Calls a command that streams. */
interface Stream {
    /** A command of Channels, with its types. */
    <C extends keyof Channels & keyof Commands>(command: C, ...rest: Streamed<Args<Commands[C]>, Channels[C]>): StreamCall<DirectionOf<Channels[C]>, Result<Commands[C]>, Items<Channels[C]>, Uploads<Channels[C]>>;
    /** Any other; options say which streams it has, as the core does. */
    <R = unknown, I = unknown, U = unknown, D extends ChannelDirection = "items", C extends string = string>(command: Other<C, keyof Channels>, args?: unknown, options?: StreamOptions<D>): StreamCall<D, R, I, U>;
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
export declare const invoke: Invoke;

/** Calls a command that streams; never throws. */
export declare const stream: Stream;

/** Emits an event; resolves when the core has taken it. */
export declare const emit: Emit;

/** Emits an event to one window; resolves when the core has taken it, whether or not anybody listens there. */
export declare const emitTo: EmitTo;

/** Listens to an event. */
export declare const listen: Listen;

/** Listens to an event until it has come once. */
export declare const once: Listen;

declare global {
  /** What the client's script defines in every page that Sallyport serves: the same as this module. */
  const sallyport: {
    readonly invoke: Invoke;
    readonly stream: Stream;
    readonly emit: Emit;
    readonly emitTo: EmitTo;
    readonly listen: Listen;
    readonly once: Listen;
    readonly SallyportError: typeof SallyportError;
  };
}
export {};
