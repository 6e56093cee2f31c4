import { Bytes, bufferOf, defineProperty, freeze, getter, uncurry } from "./primordials.ts";
import { browserSockets, direct } from "./carrier-direct.ts";
import { type Courier, relay } from "./carrier-relay.ts";
import type { Carrier } from "./carrier.ts";
import { type FrameConfig, parseFrameConfig } from "./config.ts";
import { Hook } from "./hook.ts";
import { type Hop, captureMessages, greet, quicker } from "./hop.ts";
import { type Answers, type State, Tell, readAsked } from "./protocol.ts";
import { Runtime } from "./runtime.ts";

/**
 * The isolation frame's document runs this, then the app's hook, then
 * sallyport.start(), all in one classic script. Until that call nothing is
 * connected, so that a hook that fails to load leaves a frame that does
 * nothing. Neither the document's URL nor window.name nor the referrer, all of
 * which the page can choose, is looked at.
 */

const messages = captureMessages();
const sockets = browserSockets();
const agent = navigator.userAgent;
const parent = window.parent;
const config = readConfig();
const hook = new Hook(config.window, config.pageOrigin, config.hookTimeout);
const { onCall, onAnswer, refuse } = hook.surface;

let started = false;
const surface = freeze({ onCall, onAnswer, refuse, start });
defineProperty(globalThis, "sallyport", { value: surface, writable: false, enumerable: false, configurable: true });

function start(): void {
  if (started) throw new TypeError("sallyport: the frame has started already");
  started = true;
  hook.seal();
  // From here on the hook's name for it has no start.
  defineProperty(globalThis, "sallyport", { value: hook.surface, writable: false, enumerable: false, configurable: false });
  if (parent === window) return; // opened as a page of its own: there is nobody to serve
  run(config);
}

function readConfig(): FrameConfig {
  const byID = uncurry(Document.prototype.getElementById) as (d: Document, id: string) => Element | null;
  const text = getter<Node, string | null>(Node.prototype, "textContent");
  const remove = uncurry(Element.prototype.remove) as (e: Element) => void;
  const element = byID(document, "sallyport-frame");
  if (element === null) throw new TypeError("sallyport: this document has no configuration");
  const json = text(element) ?? "";
  remove(element);
  return parseFrameConfig(json, "isolation");
}

function run(config: FrameConfig): void {
  let hop: Hop | undefined;
  const courier = pageCourier(() => hop);
  const carrier: Carrier = config.carrier === "direct" ? direct(config.socket, sockets) : relay(courier);
  const runtime = new Runtime(config, carrier, hook.judge, hook.seesAnswers ? hook.judgeAnswer : undefined, {
    ...tellers(() => hop),
    state(state: State) {
      meet();
      hop?.say(Tell.state, state);
      if (state !== "ready") hop?.flush();
    },
  });
  const { calls } = runtime;
  // On the direct carrier the page hears of the frame when the core has proved
  // itself, or will not be had; the relay needs the page before.
  const meet = (): void => {
    if (hop !== undefined) return;
    const name = config.carrier === "relay" ? config.sessionText : undefined;
    hop = greet(messages, window, parent, config.pageOrigin, config.hop === "auto" ? quicker(agent) : config.hop, name, (list) =>
      readAsked(list, {
        call: (id, command, json, timeout, wants, sections) => calls.call(id, command, json, timeout, wants, sections),
        cancel: (id) => calls.cancel(id),
        emit: (id, event, target, json, sections) => calls.emit(id, event, target, json, sections),
        listen: (id, event) => calls.listen(id, event),
        upload: (id, json, sections) => calls.upload(id, json, sections),
        end: (id, aborted) => calls.end(id, aborted),
        pull: (id, consumed) => calls.pull(id, consumed),
        body: (body) => courier.events?.body(new Bytes(body)),
        lost: () => courier.events?.lost(),
        gone: () => courier.events?.gone(),
      }),
    );
  };
  if (config.carrier === "relay") meet();
  // The page's back-forward cache keeps no session: what comes back finds it closed.
  messages.listen(window, "pagehide", () => runtime.leave());
  runtime.start();
}

// What the page is told. Bytes are given away: they are nobody else's any more.
function tellers(hop: () => Hop | undefined): Answers {
  return {
    reply(page, ok, json, sections) {
      if (!ok) return hop()?.say(Tell.error, page, json);
      hop()?.say(Tell.result, page, json, sections);
      hop()?.give(sections);
    },
    item(page, upTo, json, sections) {
      hop()?.say(Tell.item, page, upTo, json, sections);
      hop()?.give(sections);
    },
    event(page, upTo, number, label, json, sections) {
      hop()?.say(Tell.event, page, upTo, number, label, json, sections);
      hop()?.give(sections);
    },
    end: (page) => hop()?.say(Tell.end, page),
    taken: (page, count) => hop()?.say(Tell.taken, page, count),
    progress: (page, done, total, text) => hop()?.say(Tell.progress, page, done, total, text),
  };
}

function pageCourier(hop: () => Hop | undefined): Courier {
  return {
    events: undefined,
    carry: (body) => hop()?.say(Tell.body, bufferOf(body)),
    farewell: (body) => hop()?.say(Tell.farewell, bufferOf(body)),
  };
}
