import { MapOf, PromiseOf, emptyList, freeze, mapDelete, mapEach, mapGet, mapSet, max } from "./primordials.ts";
import type { Sections } from "./binary.ts";
import type { SallyportError } from "./errors.ts";
import { readMessage, writeMessage } from "./page-binary.ts";
import { type ListenOptions, type Signals, readListenOptions, refusal } from "./page-options.ts";
import { report } from "./page-primordials.ts";
import type { Requests } from "./requests.ts";
import { EVENT_WINDOW } from "./wire.ts";

/** An event as a listener gets it. */
export interface ReceivedEvent<P> {
  readonly event: string;
  readonly payload: P;
  /** The label of the window that emitted it, by the core's word; undefined for the core itself. */
  readonly window: string | undefined;
  /** How many events of this name were lost just before this one, because they came faster than the page took them. */
  readonly missed: number;
}

interface Listener {
  readonly run: (event: ReceivedEvent<unknown>) => void;
  readonly once: boolean;
  readonly closed: ((error: SallyportError) => void) | undefined;
  readonly resolve: (unlisten: () => void) => void;
  readonly reject: (error: SallyportError) => void;
  active: boolean;
  off: () => void; // takes it off its signal
}

// The core's one listen for all listeners of a name. One that has lost its last
// listener is never used again: the next listener makes another, under a number
// of its own, so that nothing that is on its way can be taken for it.
interface Topic {
  readonly event: string;
  id: number;
  open: boolean; // the core has agreed
  listeners: readonly Listener[]; // replaced, not changed: events go to those who were there when it came
  last: number; // the number of the last event
  said: number; // the offset of the last pull
}

/** The page's listeners. */
export class Events {
  readonly #requests: Requests;
  readonly #signals: Signals;
  readonly #byName = new MapOf<string, Topic>();
  readonly #byID = new MapOf<number, Topic>();

  constructor(requests: Requests, signals: Signals) {
    this.#requests = requests;
    this.#signals = signals;
  }

  /** Adds a listener; resolves, when the core has agreed, to the function that removes it. */
  readonly listen = (event: string, run: (event: ReceivedEvent<unknown>) => void, options: ListenOptions = {}): Promise<() => void> => this.#add(event, run, false, options);

  /** Adds a listener for one event. */
  readonly once = (event: string, run: (event: ReceivedEvent<unknown>) => void, options: ListenOptions = {}): Promise<() => void> => this.#add(event, run, true, options);

  /** Takes an event of the core: the number-th of a listen. */
  event(id: number, upTo: number, number: number, label: string, json: string, sections: Sections): void {
    const topic = mapGet(this.#byID, id);
    if (topic === undefined) return;
    let payload: unknown;
    try {
      payload = readMessage(json, sections);
    } catch {
      return this.#consumed(topic, upTo); // counts as missed, with the next
    }
    this.#opened(topic); // if it has come before the answer
    const missed = max(0, number - topic.last - 1);
    topic.last = number;
    const event = freeze({ event: topic.event, payload, window: label === "" ? undefined : label, missed });
    const { listeners } = topic;
    for (let i = 0; i < listeners.length; i++) {
      const listener = listeners[i]!;
      if (!listener.active) continue;
      if (listener.once) this.#remove(topic, listener);
      guarded(listener.run, event);
    }
    this.#consumed(topic, upTo);
  }

  /** The core has ended a listen that it had agreed to. */
  ended(id: number, error: SallyportError): void {
    const topic = mapGet(this.#byID, id);
    if (topic === undefined) return;
    this.#requests.abandon(id, error); // if it came before its answer
    this.#end(topic, error);
  }

  /** The session is over. */
  close(): void {
    const open = emptyList<Topic>();
    mapEach(this.#byID, (topic) => {
      open[open.length] = topic;
    });
    for (let i = 0; i < open.length; i++) this.#end(open[i]!, refusal("closed"));
  }

  #add(event: string, run: (event: ReceivedEvent<unknown>) => void, once: boolean, options: unknown): Promise<() => void> {
    return new PromiseOf((resolve, reject) => {
      if (typeof event !== "string") throw refusal("invalid_args", "the event's name must be a string");
      if (typeof run !== "function") throw refusal("invalid_args", "a listener must be a function");
      const { signal, closed } = readListenOptions(options, this.#signals);
      if (signal !== undefined && this.#signals.aborted(signal)) throw refusal("cancelled");
      const topic = mapGet(this.#byName, event) ?? this.#ask(event);
      const listener: Listener = { run, once, closed, resolve, reject, active: true, off: () => {} };
      const n = topic.listeners.length;
      const listeners = emptyList<Listener>();
      for (let i = 0; i < n; i++) listeners[i] = topic.listeners[i]!;
      listeners[n] = listener;
      topic.listeners = listeners;
      if (signal !== undefined) {
        const abort = (): void => {
          if (!topic.open) reject(refusal("cancelled"));
          this.#remove(topic, listener);
        };
        this.#signals.on(signal, abort);
        listener.off = () => this.#signals.off(signal, abort);
      }
      if (topic.open) resolve(() => this.#remove(topic, listener));
    });
  }

  #ask(event: string): Topic {
    const topic: Topic = { event, id: 0, open: false, listeners: emptyList(), last: 0, said: 0 };
    let refused: SallyportError | undefined;
    const asker = {
      done: () => this.#opened(topic),
      failed: (error: SallyportError) => {
        refused = error;
        this.#end(topic, error);
      },
      progress: undefined,
      items: undefined,
      upload: undefined,
    };
    topic.id = this.#requests.open(asker, 0, undefined, nothing, (port, id) => port.listen(id, event));
    if (refused !== undefined) throw refused; // at once, as without a frame in between: nobody will hear of it again
    mapSet(this.#byName, event, topic);
    mapSet(this.#byID, topic.id, topic);
    return topic;
  }

  #opened(topic: Topic): void {
    if (topic.open) return;
    topic.open = true;
    const { listeners } = topic;
    for (let i = 0; i < listeners.length; i++) {
      const listener = listeners[i]!;
      listener.resolve(() => this.#remove(topic, listener));
    }
  }

  #remove(topic: Topic, listener: Listener): void {
    if (!listener.active) return;
    listener.active = false;
    listener.off();
    const rest = emptyList<Listener>();
    for (let i = 0; i < topic.listeners.length; i++) if (topic.listeners[i] !== listener) rest[rest.length] = topic.listeners[i]!;
    topic.listeners = rest;
    if (rest.length > 0) return;
    this.#forget(topic);
    if (topic.open) this.#requests.way?.cancel(topic.id);
    else this.#requests.abandon(topic.id, refusal("cancelled"));
  }

  #end(topic: Topic, error: SallyportError): void {
    this.#forget(topic);
    const { listeners } = topic;
    topic.listeners = emptyList();
    for (let i = 0; i < listeners.length; i++) {
      const listener = listeners[i]!;
      if (!listener.active) continue;
      listener.active = false;
      listener.off();
      if (!topic.open) listener.reject(error);
      else if (listener.closed !== undefined) guarded(listener.closed, error);
    }
  }

  #forget(topic: Topic): void {
    if (mapGet(this.#byName, topic.event) === topic) mapDelete(this.#byName, topic.event);
    mapDelete(this.#byID, topic.id);
  }

  // Listeners have run: the core may send as much again.
  #consumed(topic: Topic, upTo: number): void {
    if (upTo - topic.said < EVENT_WINDOW / 4 || mapGet(this.#byID, topic.id) !== topic) return;
    topic.said = upTo;
    this.#requests.way?.pull(topic.id, upTo);
  }
}

const nothing = writeMessage({}, "nothing");

/** Calls a function of the page. What it throws is reported, as what a handler of the browser's events throws. */
export function guarded<A>(run: (a: A) => void, a: A): void {
  try {
    run(a);
  } catch (e) {
    report(e);
  }
}
