import { Bytes, defineProperty, freeze, fromUTF8, getter, later, uncurry, when } from "./primordials.ts";
import { fromBase64URL } from "./bytes.ts";
import { browserSockets, direct } from "./carrier-direct.ts";
import { type Courier, relay } from "./carrier-relay.ts";
import { Client, type Port, type Signals, emptyRequest, readTicket } from "./client.ts";
import { type FrameConfig, type PageConfig, parsePageConfig } from "./config.ts";
import { SallyportError } from "./errors.ts";
import { type Hop, type Messages, captureMessages, meet } from "./hop.ts";
import { passAll } from "./judge.ts";
import { type Answers, Ask, type Told, readTold } from "./protocol.ts";
import { type Post, Pump } from "./pump.ts";
import { Runtime } from "./runtime.ts";
import { SESSION_ID } from "./wire.ts";

/** How long a frame may take to prove the core, in milliseconds. */
const START_WITHIN = 30_000;

/** What a page gets. */
export interface API extends Pick<Client, "invoke" | "stream" | "emit" | "emitTo" | "listen" | "once"> {
  readonly SallyportError: typeof SallyportError;
}

const registry = Symbol.for("sallyport.api");

/** Makes the one API of this document, which the module hands on. */
export function install(): API {
  const client = new Client(captureSignals());
  const { invoke, stream, emit, emitTo, listen, once } = client;
  const api: API = freeze({ invoke, stream, emit, emitTo, listen, once, SallyportError });
  defineProperty(globalThis, registry, { value: api });
  try {
    const config = readConfig();
    if (config === undefined) client.close();
    else connect(client, config);
  } catch (e) {
    client.close();
    throw e;
  }
  return api;
}

function readConfig(): PageConfig | undefined {
  const element = document.getElementById("sallyport-page");
  if (element === null) return undefined; // not served by Sallyport
  const json = element.textContent ?? "";
  element.remove();
  return parsePageConfig(json);
}

function captureSignals(): Signals {
  const add = uncurry(EventTarget.prototype.addEventListener) as (t: EventTarget, n: string, f: () => void) => void;
  const remove = uncurry(EventTarget.prototype.removeEventListener) as (t: EventTarget, n: string, f: () => void) => void;
  return {
    aborted: getter(AbortSignal.prototype, "aborted"),
    on: (signal, run) => add(signal, "abort", run),
    off: (signal, run) => remove(signal, "abort", run),
  };
}

function capturePost(): Post {
  const fetch = globalThis.fetch.bind(globalThis);
  const status = getter<Response, number>(Response.prototype, "status");
  const buffer = uncurry(Response.prototype.arrayBuffer) as (r: Response) => Promise<ArrayBuffer>;
  return async (url, body, last) => {
    const response = await fetch(url, {
      __proto__: null,
      method: "POST",
      mode: "cors", // in Firefox same-origin mode sends Origin: null under no-referrer
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      keepalive: last,
      body,
    } as unknown as RequestInit);
    return { status: status(response), body: await buffer(response) };
  };
}

function connect(client: Client, config: PageConfig): void {
  const messages = captureMessages();
  const post = capturePost();
  const leave =
    config.handshake === undefined ? isolated(client, config, messages, post) : brownfield(client, config, config.handshake, post);
  // A document that comes back from the back-forward cache finds its calls
  // failed and its session closed: it has to be loaded again.
  messages.listen(window, "pagehide", () => {
    leave();
    client.close();
  });
}

// How a client's requests are said to the frame. Their bytes are copies of the
// client's own, and given away.
function portOf(hop: Hop): Port {
  return {
    call(id, command, json, timeout, wants, sections) {
      hop.say(Ask.call, id, command, json, timeout, wants, sections);
      hop.give(sections);
    },
    cancel: (id) => hop.say(Ask.cancel, id),
    emit(id, event, target, json, sections) {
      hop.say(Ask.emit, id, event, target, json, sections);
      hop.give(sections);
    },
    listen: (id, event) => hop.say(Ask.listen, id, event),
    upload(id, json, sections) {
      hop.say(Ask.upload, id, json, sections);
      hop.give(sections);
    },
    end: (id, aborted) => hop.say(Ask.end, id, aborted ? 1 : 0),
    pull: (id, consumed) => hop.say(Ask.pull, id, consumed),
  };
}

// What a client does on the core's word, whichever way it comes.
function told(client: Client): Answers {
  return {
    reply: (id, ok, json, sections) => client.reply(id, ok, json, sections),
    item: (id, upTo, json, sections) => client.item(id, upTo, json, sections),
    event: (id, upTo, number, label, json, sections) => client.event(id, upTo, number, label, json, sections),
    end: (id) => client.end(id),
    taken: (id, count) => client.taken(id, count),
    progress: (id, done, total, text) => client.progress(id, done, total, text),
  };
}

function isolated(client: Client, config: PageConfig, messages: Messages, post: Post): () => void {
  const contentWindow = getter<HTMLIFrameElement, unknown>(HTMLIFrameElement.prototype, "contentWindow");
  const remove = uncurry(Element.prototype.remove) as (e: Element) => void;
  const setAttribute = uncurry(Element.prototype.setAttribute) as (e: Element, name: string, value: string) => void;
  const create = uncurry(Document.prototype.createElement) as (d: Document, name: string) => HTMLElement;
  const append = uncurry(Node.prototype.appendChild) as (to: Node, e: Node) => Node;
  const setStyle = uncurry(CSSStyleDeclaration.prototype.setProperty) as (s: CSSStyleDeclaration, n: string, v: string, p: string) => void;

  const styleOf = getter<HTMLElement, CSSStyleDeclaration>(HTMLElement.prototype, "style");
  const rootOf = getter<Document, HTMLElement>(Document.prototype, "documentElement");

  const unseen = [
    ["all", "initial"], ["position", "fixed"], ["left", "0"], ["top", "0"], ["width", "1px"], ["height", "1px"],
    ["border", "0"], ["opacity", "0"], ["pointer-events", "none"], ["z-index", "-1"],
  ] as const;
  const embed = (url: string): HTMLIFrameElement => {
    const frame = create(document, "iframe") as HTMLIFrameElement;
    setAttribute(frame, "sandbox", "allow-scripts");
    setAttribute(frame, "title", "Sallyport isolation frame");
    setAttribute(frame, "aria-hidden", "true");
    setAttribute(frame, "tabindex", "-1");
    setAttribute(frame, "src", url);
    const style = styleOf(frame);
    // Rendered, if only as one clear pixel: Chromium runs the process of a
    // frame that is not at background priority. Nothing that the page's styles
    // say of iframes changes it.
    for (let i = 0; i < unseen.length; i++) setStyle(style, unseen[i]![0], unseen[i]![1], "important");
    append(rootOf(document), frame);
    return frame;
  };

  const open = (url: string, mayFallBack: boolean): (() => void) => {
    let pump: Pump | undefined;
    let hop: Hop | undefined;
    let settled = false;
    let leave: () => void = () => {};
    const frame = embed(url);
    const fallBack = (ticket: string): void => {
      let waiting = true;
      const failed = (): void => {
        if (waiting) client.close();
        waiting = false;
      };
      later(failed, START_WITHIN);
      void when(
        post(ticket, emptyRequest, false),
        ({ status, body }) => {
          let next: string | undefined;
          try {
            next = status === 200 ? readTicket(fromUTF8(new Bytes(body))) : undefined;
          } catch {
            next = undefined;
          }
          if (next === undefined || !waiting) return failed();
          waiting = false;
          leave = open(next, false);
        },
        failed,
      );
    };
    const hears: Told = {
      ...told(client),
      state(state) {
        settled = true;
        if (state !== "unavailable") return client.state(state);
        end();
        if (mayFallBack && config.ticket !== undefined) fallBack(config.ticket);
        else client.close();
      },
      body: (body) => pump?.carry(new Bytes(body)),
      farewell: (body) => pump?.farewell(new Bytes(body)),
    };
    const meeting = meet(
      messages,
      window,
      () => contentWindow(frame),
      (met, name) => {
        hop = met;
        client.attach(portOf(met));
        if (typeof name !== "string" || fromBase64URL(name, SESSION_ID) === undefined) return;
        pump = new Pump(config.relay + name, post, {
          body: (body) => met.say(Ask.body, body),
          lost: () => met.say(Ask.lost),
          gone: () => met.say(Ask.gone),
        });
      },
      (list) => readTold(list, hears),
    );
    const end = (): void => {
      meeting.stop();
      pump?.stop();
      remove(frame);
    };
    later(() => {
      if (settled) return;
      end();
      client.close();
    }, START_WITHIN);
    leave = () => {
      settled = true;
      hop?.flush();
      pump?.leave();
    };
    return () => leave();
  };
  return open(config.frame, true);
}

// The page makes the handshake and holds the keys itself: whatever runs in it
// can use them, and no hook looks on.
function brownfield(client: Client, config: PageConfig, handshake: FrameConfig, post: Post): () => void {
  let pump: Pump | undefined;
  const courier: Courier = {
    events: undefined,
    carry: (body) => pump?.carry(body),
    farewell: (body) => pump?.farewell(body),
  };
  if (handshake.carrier === "relay")
    pump = new Pump(config.relay + handshake.sessionText, post, {
      body: (body) => courier.events?.body(new Bytes(body)),
      lost: () => courier.events?.lost(),
      gone: () => courier.events?.gone(),
    });
  const carrier = handshake.carrier === "direct" ? direct(handshake.socket, browserSockets()) : relay(courier);
  const runtime = new Runtime(handshake, carrier, passAll, undefined, {
    ...told(client),
    state(state) {
      if (state !== "ready") pump?.stop(); // not before: a connection that failed is tried again
      if (state === "unavailable") client.close();
      else client.state(state);
    },
  });
  client.attach(runtime.calls);
  runtime.start();
  return () => {
    pump?.leave();
    runtime.leave();
  };
}
