import { bufferOf, byteLength, emptyList, getter, includes, iterable, microtask, uncurry } from "./primordials.ts";
import type { Sections } from "./binary.ts";

/**
 * How page and frame reach each other: by a MessagePort, which is quickest
 * in most engines, or by window messages, which are ten times quicker on
 * WebKitGTK. Either way both ends check source and origin; the frame's own
 * origin is opaque, "null", so that on the page the source does the work.
 */
export interface Hop {
  /** Adds members to the list that goes out at the end of this turn. */
  say(...members: unknown[]): void;
  /** Gives the bytes of sections that are said in this turn away, where that is quicker than to copy them. */
  give(sections: Sections): void;
  /** Sends what is pending now, for a document that is about to go. */
  flush(): void;
}

/** The first message of a frame; with a port if hop is "port". */
export interface Greeting {
  readonly sallyport: 1;
  readonly hop: "port" | "window";
  /** Relay only: the session id that the requests' path names, in base64url. */
  readonly relay?: string;
}

/** The window and port functions of a browser, captured. */
export interface Messages {
  /** Whether the browser itself sent the event: a script can make up any source and origin. */
  trusted(event: Event): boolean;
  source(event: MessageEvent): unknown;
  origin(event: MessageEvent): string;
  data(event: MessageEvent): unknown;
  port(event: MessageEvent): MessagePort | undefined;
  post(to: Window, message: unknown, origin: string, transfer: readonly Transferable[]): void;
  postPort(to: MessagePort, message: unknown, transfer: readonly Transferable[]): void;
  start(port: MessagePort): void;
  listen(to: EventTarget, name: string, run: (event: Event) => void): void;
  channel(): MessageChannel;
}

/** Captures them; to be called while the runtime is loaded. */
export function captureMessages(): Messages {
  const Channel = MessageChannel;
  const add = uncurry(EventTarget.prototype.addEventListener) as (to: EventTarget, name: string, run: (event: Event) => void) => void;
  const postPort = uncurry(MessagePort.prototype.postMessage) as (port: MessagePort, message: unknown, transfer?: unknown) => void;
  const ports = getter<MessageEvent, readonly MessagePort[]>(MessageEvent.prototype, "ports");
  return {
    trusted: getter(new Event(""), "isTrusted"), // every event has its own, by the same getter
    source: getter(MessageEvent.prototype, "source"),
    origin: getter(MessageEvent.prototype, "origin"),
    data: getter(MessageEvent.prototype, "data"),
    port: (event) => ports(event)[0],
    // A window of another origin has no prototype to look at; its postMessage is its own.
    post: (to, message, origin, transfer) => (transfer.length === 0 ? to.postMessage(message, origin) : to.postMessage(message, origin, iterable(transfer))),
    postPort: (port, message, transfer) => (transfer.length === 0 ? postPort(port, message) : postPort(port, message, iterable(transfer))),
    start: uncurry(MessagePort.prototype.start),
    listen: add,
    channel: () => new Channel(),
  };
}

/** The bytes from which on a section is transferred: below it cloning takes as long (measured in Node). */
const GIVE_FROM = 4096;
const nothing: readonly Transferable[] = emptyList();

// Collects what is said in one turn into one message.
class Batched implements Hop {
  #list = emptyList<unknown>();
  #given: Transferable[] | undefined;
  #scheduled = false;
  readonly #post: (list: unknown[], transfer: readonly Transferable[]) => void;

  constructor(post: (list: unknown[], transfer: readonly Transferable[]) => void) {
    this.#post = post;
  }

  give(sections: Sections): void {
    if (sections === 0) return;
    for (let i = 1; i < sections.length; i += 2) {
      const bytes = sections[i] as Uint8Array;
      if (byteLength(bytes) < GIVE_FROM) continue;
      const given = (this.#given ??= emptyList());
      given[given.length] = bufferOf(bytes);
    }
  }

  say(...members: unknown[]): void {
    for (let i = 0; i < members.length; i++) this.#list[this.#list.length] = members[i];
    if (this.#scheduled) return;
    this.#scheduled = true;
    microtask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#list.length === 0) return;
    const said = this.#list;
    const given = this.#given ?? nothing;
    this.#list = emptyList();
    this.#given = undefined;
    this.#post(said, given);
  }
}

/**
 * The way that is quicker in the engine of this user agent, which is the
 * browser's word and not the page's: window messages take a tenth of a port's
 * time on WebKitGTK, and three times as long elsewhere.
 */
export function quicker(agent: string): "port" | "window" {
  return includes(agent, "AppleWebKit") && !includes(agent, "Chrome") ? "window" : "port";
}

function one(port: MessagePort): readonly Transferable[] {
  const list = emptyList<Transferable>();
  list[0] = port;
  return list;
}

/** The frame's end. Posts the greeting, once, to exactly that origin. */
export function greet(m: Messages, self: EventTarget, parent: Window, origin: string, kind: "port" | "window", relay: string | undefined, hear: (list: unknown) => void): Hop {
  const greeting: Greeting = relay === undefined ? { sallyport: 1, hop: kind } : { sallyport: 1, hop: kind, relay };
  if (kind === "port") {
    const { port1, port2 } = m.channel();
    m.listen(port1, "message", (event) => hear(m.data(event as MessageEvent)));
    m.start(port1);
    m.post(parent, greeting, origin, one(port2));
    return new Batched((list, given) => m.postPort(port1, list, given));
  }
  m.listen(self, "message", (e) => {
    const event = e as MessageEvent;
    if (m.trusted(event) && m.source(event) === parent && m.origin(event) === origin) hear(m.data(event));
  });
  m.post(parent, greeting, origin, nothing);
  return new Batched((list, given) => m.post(parent, list, origin, given));
}

/**
 * The page's end: takes the first greeting of the frame, and afterwards what
 * comes by the way that it named. A second greeting, and whatever another
 * window says or a script dispatches, is not for us. stop ends it.
 */
export function meet(m: Messages, self: EventTarget, frame: () => unknown, met: (hop: Hop, relay: unknown) => void, hear: (list: unknown) => void): { stop(): void } {
  let way: "none" | "port" | "window" | "stopped" = "none";
  m.listen(self, "message", (e) => {
    const event = e as MessageEvent;
    if (way === "port" || way === "stopped" || !m.trusted(event)) return;
    const source = m.source(event);
    if (source === null || source !== frame() || m.origin(event) !== "null") return;
    const data = m.data(event) as Partial<Greeting> | unknown[] | null;
    if (way === "window") return hear(data);
    if (typeof data !== "object" || data === null || (data as Partial<Greeting>).sallyport !== 1) return;
    const port = m.port(event);
    if ((data as Greeting).hop === "port" && port !== undefined) {
      way = "port";
      m.listen(port, "message", (event) => {
        if (way !== "stopped") hear(m.data(event as MessageEvent));
      });
      m.start(port);
      met(new Batched((list, given) => m.postPort(port, list, given)), (data as Greeting).relay);
    } else if ((data as Greeting).hop === "window") {
      way = "window";
      // "*": an opaque origin can't be named. What is sent is the page's own.
      met(new Batched((list, given) => m.post(source as Window, list, "*", given)), (data as Greeting).relay);
    }
  });
  return {
    stop() {
      way = "stopped";
    },
  };
}
