import { PromiseOf, freeze, parseJSON, toUTF8 } from "./primordials.ts";
import type { Sections } from "./binary.ts";
import { SallyportError } from "./errors.ts";
import { readMessage, writeMessage } from "./page-binary.ts";
import { Events, guarded } from "./page-events.ts";
import { Items } from "./page-items.ts";
import { type ChannelDirection, type InvokeOptions, type Settings, type Signals, own, readDirection, readOptions, refusal } from "./page-options.ts";
import { after } from "./page-primordials.ts";
import { Upload } from "./page-upload.ts";
import type { Answers, State } from "./protocol.ts";
import { type Asker, type Port, Requests } from "./requests.ts";

export type { InvokeOptions, Port, Signals };

/** What a call that streams gives at once. */
export interface Stream {
  readonly result: Promise<unknown>;
  readonly readable?: ReadableStream<unknown>;
  readonly writable?: WritableStream<unknown>;
}

// What a call's frame is ready for, as it stands on the wire.
const wants = { items: 1, upload: 2, both: 3, progress: 4 } as const;

/** What a page does with the core, and what the core's words do here. */
export class Client implements Answers {
  readonly #signals: Signals;
  readonly #requests: Requests;
  readonly #events: Events;
  readonly listen: Events["listen"];
  readonly once: Events["once"];

  constructor(signals: Signals) {
    this.#signals = signals;
    this.#requests = new Requests(signals);
    this.#events = new Events(this.#requests, signals);
    this.listen = this.#events.listen;
    this.once = this.#events.once;
  }

  /** The way to the core; before ready nothing is sent by it. */
  attach(port: Port): void {
    this.#requests.attach(port);
  }

  /** Follows the session. unavailable means nothing here: whoever attaches decides what to try next. */
  state(state: State): void {
    if (state === "closed") this.close();
    else if (state === "ready") this.#requests.ready();
  }

  /** Ends all that there is, present and future. */
  close(): void {
    if (this.#requests.close()) this.#events.close();
  }

  /** Settles a request by the core's or the frame's word. */
  reply(id: number, ok: boolean, json: string, sections: Sections): void {
    if (!ok) {
      const error = readError(json);
      if (!this.#requests.fail(id, error)) this.#events.ended(id, error);
      return;
    }
    let value: unknown;
    try {
      value = readMessage(json, sections);
    } catch {
      return void this.#requests.fail(id, refusal("internal"));
    }
    this.#requests.settle(id, value);
  }

  item(id: number, upTo: number, json: string, sections: Sections): void {
    const items = this.#requests.asker(id)?.items;
    if (items === undefined) return;
    let value: unknown;
    try {
      value = readMessage(json, sections);
    } catch {
      return this.#requests.abandon(id, refusal("internal"));
    }
    items.put(value, upTo);
  }

  end(id: number): void {
    this.#requests.asker(id)?.items?.end();
    this.#events.ended(id, refusal("cancelled", "the core has ended this listener"));
  }

  taken(id: number, count: number): void {
    this.#requests.asker(id)?.upload?.taken(count);
  }

  progress(id: number, done: number, total: number, text: string): void {
    const run = this.#requests.asker(id)?.progress;
    if (run !== undefined) guarded(run, freeze({ done, total: total === 0 ? undefined : total, text }));
  }

  event(id: number, upTo: number, number: number, label: string, json: string, sections: Sections): void {
    this.#events.event(id, upTo, number, label, json, sections);
  }

  /** Calls a command. */
  readonly invoke = (command: string, args: unknown = {}, options: InvokeOptions = {}): Promise<unknown> =>
    new PromiseOf((resolve, reject) => {
      const settings = readOptions(options, this.#signals);
      this.#call(command, args, settings, 0, { done: resolve, failed: reject, progress: settings.progress, items: undefined, upload: undefined });
    });

  /** Calls a command that has streams. Whatever is wrong, the result and both streams fail with it. */
  readonly stream = (command: string, args: unknown = {}, options: InvokeOptions & { channel?: ChannelDirection } = {}): Stream => {
    let id = 0;
    let resolve!: (value: unknown) => void;
    let reject!: (error: SallyportError) => void;
    const result = new PromiseOf<unknown>((done, failed) => {
      resolve = done;
      reject = failed;
    });
    // Who reads or writes alone hears of an error there.
    after(result, ignore, ignore);
    let refused: SallyportError | undefined;
    let settings: Settings = { signal: undefined, limit: 0, progress: undefined };
    let direction: ChannelDirection = "both";
    try {
      direction = readDirection(options);
      settings = readOptions(options, this.#signals);
    } catch (e) {
      refused = e as SallyportError;
    }
    const abandon = (error: SallyportError): void => this.#requests.abandon(id, error);
    const cancel = (): void => abandon(refusal("cancelled"));
    const items = direction === "upload" ? undefined : new Items((consumed) => this.#pull(id, consumed), cancel);
    const upload = direction === "items" ? undefined : new Upload(this.#signals, cancel, abandon);
    const asker: Asker = {
      progress: settings.progress,
      items,
      upload,
      done(value) {
        resolve(value);
        items?.end();
        upload?.end(refusal("cancelled", "the call was answered before its upload had ended"));
      },
      failed(error) {
        reject(error);
        items?.fail(error);
        upload?.end(error);
      },
    };
    try {
      if (refused !== undefined) throw refused;
      id = this.#call(command, args, settings, wants[direction], asker);
    } catch (e) {
      asker.failed(e as SallyportError);
    }
    if (upload === undefined) return freeze({ result, readable: items!.readable });
    if (items === undefined) return freeze({ result, writable: upload.writable });
    return freeze({ result, readable: items.readable, writable: upload.writable });
  };

  /** Emits an event to the core and to all windows that listen. */
  readonly emit = (event: string, payload: unknown = {}): Promise<void> => this.#emit(event, "", payload);

  /** Emits an event to one window. */
  readonly emitTo = (label: string, event: string, payload: unknown = {}): Promise<void> => {
    // An empty label on its way would mean all windows.
    if (typeof label !== "string" || label === "") return rejected(refusal("invalid_args", "a window's label must be a string that is not empty"));
    return this.#emit(event, label, payload);
  };

  #emit(event: string, target: string, payload: unknown): Promise<void> {
    return new PromiseOf((resolve, reject) => {
      if (typeof event !== "string") throw refusal("invalid_args", "the event's name must be a string");
      const message = writeMessage(payload, "the payload");
      const asker = { done: () => resolve(), failed: reject, progress: undefined, items: undefined, upload: undefined };
      this.#requests.open(asker, 0, undefined, message, (port, id) => port.emit(id, event, target, message.json, message.sections));
    });
  }

  #call(command: string, args: unknown, { limit, signal, progress }: Settings, streams: number, asker: Asker): number {
    if (typeof command !== "string") throw refusal("invalid_args", "the command's name must be a string");
    const message = writeMessage(args, "the arguments");
    const ready = progress === undefined ? streams : streams + wants.progress;
    return this.#requests.open(asker, limit, signal, message, (port, id) => {
      port.call(id, command, message.json, limit, ready, message.sections);
      asker.upload?.start(port, id);
    });
  }

  // Of a call that is over there is nothing to slow down.
  #pull(id: number, consumed: number): void {
    if (this.#requests.asker(id) !== undefined) this.#requests.way?.pull(id, consumed);
  }
}

const ignore = (): void => {};
const rejected = (error: SallyportError): Promise<never> =>
  new PromiseOf((_, reject) => {
    reject(error);
  });

function readError(json: string): SallyportError {
  let value: unknown;
  try {
    value = parseJSON(json);
  } catch {
    return refusal("internal");
  }
  const text = (name: string): string => {
    const v = own(value, name);
    return typeof v === "string" ? v : "";
  };
  return new SallyportError(text("code") || "internal", text("id"), text("message"), own(value, "data"));
}

/** Whether a fallback's answer is a frame over the relay; its URL if so. */
export function readTicket(json: string): string | undefined {
  const answer = parseJSON(json) as { frame?: unknown; carrier?: unknown } | null;
  if (typeof answer !== "object" || answer === null || answer.carrier !== "relay") return undefined;
  return typeof answer.frame === "string" ? answer.frame : undefined;
}

/** The body of a request that has nothing to say. */
export const emptyRequest: Uint8Array = toUTF8("{}");
