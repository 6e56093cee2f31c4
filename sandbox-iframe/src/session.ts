import { Bytes, byteLength, emptyList, later, microtask, min, never, now, random, when } from "./primordials.ts";
import { concat, view } from "./bytes.ts";
import type { Carrier, Link } from "./carrier.ts";
import { open, seal } from "./envelope.ts";
import { Epochs } from "./epochs.ts";
import { type Item, parseItems } from "./items.ts";
import { type Binding, helloFrame, negotiate } from "./keys.ts";
import { type Entry, Outbox } from "./outbox.ts";
import { type Sequence, Strict, Window } from "./sequence.ts";
import { Direction, NONCE, OVERHEAD, PUBLIC_KEY, SECRET, Type, parseHeader, resumeFrame } from "./wire.ts";

/** How patient a session is. Durations in milliseconds. */
export interface Patience {
  /** Connections tried before the carrier counts as not to be had. */
  readonly firstTries: number;
  /** How long a dropped session is tried to be resumed. */
  readonly resumeFor: number;
  /** Connections in a row that the core closed on a resume without a challenge, after which it knows the session no more. */
  readonly unheard: number;
  /** How long a connection may take until the core has proved itself. */
  readonly answerWithin: number;
}

/** What the runtime uses. */
export const patience: Patience = { firstTries: 4, resumeFor: 20_000, unheard: 3, answerWithin: 10_000 };

/** What a session tells its owner. */
export interface SessionEvents {
  /** Keys are confirmed, or the session is resumed. */
  ready(): void;
  items(items: Item[]): void;
  /** What was sent and not answered may or may not have arrived. */
  interrupted(): void;
  /** It is over for good. */
  closed(): void;
  /** The carrier could never be had; another one might. */
  unavailable(): void;
}

/** What a session is made from. secret is wiped. */
export interface SessionConfig extends Binding {
  readonly secret: Uint8Array;
  readonly coreKey: Uint8Array;
  readonly maxFrame: number;
  readonly carrierOf: Carrier;
  readonly patience: Patience;
}

type Phase = "new" | "hello" | "open" | "rekeying" | "resume" | "proof" | "waiting" | "closed";

interface Control {
  readonly type: number;
  readonly plaintext: Uint8Array;
}

const nothing: Uint8Array = new Bytes(0);

/** One connection, and the frames that it brought and nobody has opened yet. */
interface Attempt {
  inbox: Uint8Array[];
  opening: boolean;
}

/**
 * The frame's end of a session: handshake, order, new keys, resumption. What
 * is to be sent waits until the core has proved itself, and goes out in order,
 * one sealed frame at a time.
 */
export class Session {
  readonly #config: SessionConfig;
  readonly #events: SessionEvents;
  readonly #incoming: Sequence;

  #phase: Phase = "new";
  readonly #epochs: Epochs;
  #sequence = 0;

  #link: Link | undefined;
  #attempt: Attempt | undefined;
  #tries = 0;
  #droppedAt: number | undefined;
  #unheard = 0;
  #timer: unknown;
  #greeting: "hello" | "resume" = "hello";
  #confirmed = false;
  #hello = nothing;
  #bye = nothing;
  #awaited: Uint8Array | undefined; // what the core's ready will answer, to be sent again if the relay lost it

  readonly #outbox = new Outbox();
  #control = emptyList<Control>();
  #silent = false; // rekeyed is out: nothing more until ready
  #pumping = false;
  #deaf = false; // the link takes nothing more, and will say that it has dropped
  #scheduled = false;

  constructor(config: SessionConfig, events: SessionEvents) {
    this.#config = config;
    this.#events = events;
    this.#epochs = new Epochs(config.carrierOf.ordered);
    this.#incoming = config.carrierOf.ordered ? new Strict() : new Window();
  }

  /** The largest plaintext of one frame. */
  get maxPlaintext(): number {
    return this.#config.maxFrame - OVERHEAD;
  }

  /** Makes the keys and connects. */
  async start(): Promise<void> {
    const { keys, sealed } = await negotiate(this.#config, this.#config.secret, this.#config.coreKey);
    if (this.#phase !== "new") return;
    this.#epochs.begin(keys);
    this.#hello = helloFrame(this.#config.session, sealed);
    await this.#sealBye();
    if (this.#phase === "new") this.#connect();
  }

  /** Queues an item for the batch that is sealed at the end of this turn. */
  send(entry: Entry): void {
    if (this.#phase === "closed") return;
    this.#outbox.push(entry);
    if (this.#scheduled) return;
    this.#scheduled = true;
    microtask(() => {
      this.#scheduled = false;
      void this.#pump();
    });
  }

  /** Ends the session from this side, with what was sealed for that in advance. Nothing here waits. */
  leave(): void {
    if (this.#phase === "closed") return;
    // Firefox does not always get this out for a dying document (not closing
    // the socket after it is worse, tried); the core then misses the socket.
    if (this.#epochs.keys !== undefined) this.#link?.send(this.#bye);
    this.#close();
  }

  #close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#disconnect();
    this.#epochs.end();
    this.#outbox.clear();
    this.#events.closed();
  }

  // Connecting.

  #connect(): void {
    const attempt: Attempt = { inbox: emptyList(), opening: false };
    this.#attempt = attempt;
    const current = (act: () => void) => () => {
      if (this.#attempt === attempt) act();
    };
    this.#timer = later(current(() => this.#dropped(false)), this.#config.patience.answerWithin);
    this.#link = this.#config.carrierOf.open({
      opened: current(() => this.#opened()),
      frame: (frame) => {
        if (this.#attempt !== attempt) return;
        attempt.inbox[attempt.inbox.length] = frame;
        void this.#drain(attempt);
      },
      dropped: (over) => current(() => this.#dropped(over))(),
      lost: current(() => this.#lost()),
    });
  }

  #opened(): void {
    if (this.#greeting === "hello") {
      this.#phase = "hello";
      this.#awaited = this.#hello;
      this.#link?.send(this.#hello);
    } else {
      this.#phase = "resume";
      this.#link?.send(resumeFrame(this.#config.session));
    }
  }

  #disconnect(): void {
    never(this.#timer);
    this.#attempt = undefined;
    this.#link?.close();
    this.#link = undefined;
    this.#control = emptyList();
    this.#silent = false;
    this.#deaf = false;
  }

  #dropped(over: boolean): void {
    if (this.#phase === "closed") return;
    const { patience } = this.#config;
    const spoke = this.#phase !== "waiting" && this.#phase !== "new";
    this.#unheard = this.#phase === "resume" ? this.#unheard + 1 : 0;
    this.#disconnect();
    if (over) return this.#close();
    this.#phase = "waiting";
    this.#tries++;
    if (this.#confirmed) {
      this.#greeting = "resume";
      this.#droppedAt ??= now();
      this.#events.interrupted();
      if (this.#unheard >= patience.unheard || now() - this.#droppedAt > patience.resumeFor || !this.#config.carrierOf.ordered) return this.#close();
    } else if (this.#tries >= patience.firstTries) {
      this.#phase = "closed";
      this.#epochs.end();
      return this.#events.unavailable();
    } else if (spoke && this.#config.carrierOf.ordered) {
      // Whether the hello arrived is not known. If it did, its secret is gone
      // and only a resume is heard; if not, only a hello.
      this.#greeting = this.#greeting === "hello" ? "resume" : "hello";
    }
    later(() => {
      if (this.#phase === "waiting") this.#connect();
    }, min(2000, 40 * 2 ** this.#tries) * (0.5 + random() / 2));
  }

  // The relay lost a request. What only needs to arrive is sent again as it
  // was (the core takes a number once); calls never are.
  #lost(): void {
    if (this.#awaited !== undefined) this.#link?.send(this.#awaited);
    if (this.#confirmed) this.#events.interrupted();
  }

  #ready(): void {
    never(this.#timer);
    this.#phase = "open";
    this.#awaited = undefined;
    this.#silent = false;
    this.#tries = 0;
    this.#droppedAt = undefined;
    if (!this.#confirmed) {
      this.#confirmed = true;
      this.#hello = nothing;
    }
    this.#link?.farewell(this.#bye);
    this.#events.ready();
    void this.#pump();
  }

  // Sending.

  async #pump(): Promise<void> {
    if (this.#pumping || this.#deaf) return;
    this.#pumping = true;
    try {
      for (;;) {
        const control = this.#takeControl();
        const batch = control === undefined && this.#phase === "open" ? this.#outbox.take(this.maxPlaintext) : [];
        if (control === undefined && batch.length === 0) return;
        const keys = this.#epochs.keys;
        if (keys === undefined || !this.#epochs.use()) return this.#close();
        const link = this.#link;
        const type = control?.type ?? Type.batch;
        if (type === Type.rekeyed) this.#silent = true;
        const address = { type, epoch: this.#epochs.number, sequence: ++this.#sequence, direction: Direction.up, session: this.#config.session };
        const frame = await seal(keys.up, address, control?.plaintext ?? plaintextOf(batch));
        const current = link !== undefined && link === this.#link;
        if (!current || !link.send(frame)) {
          // It never left: its number is skipped and its items wait. A socket
          // that is closing would only have more frames sealed in vain.
          this.#outbox.putBack(batch);
          if (!current) continue;
          this.#deaf = true;
          return;
        }
        if (type === Type.rekeyed) this.#awaited = frame;
        for (let i = 0; i < batch.length; i++) batch[i]!.sent();
      }
    } catch {
      this.#close();
    } finally {
      this.#pumping = false;
    }
  }

  #takeControl(): Control | undefined {
    if (this.#silent || this.#control.length === 0 || this.#link === undefined) return undefined;
    const first = this.#control[0]!;
    this.#control = rest(this.#control, 1);
    return first;
  }

  // Receiving: frames are opened one after the other, in the order in which they came.

  async #drain(attempt: Attempt): Promise<void> {
    if (attempt.opening) return;
    attempt.opening = true;
    while (attempt.inbox.length > 0) {
      const frames = attempt.inbox;
      attempt.inbox = emptyList();
      for (let i = 0; i < frames.length; i++) {
        const good = await this.#receive(attempt, frames[i]!);
        if (attempt !== this.#attempt) return;
        // On the direct carrier nobody but the core can have sent it, and a core
        // that breaks the protocol is none. On the relay the page can put
        // anything in between, so that it is only ignored.
        if (!good && this.#config.carrierOf.ordered) return this.#dropped(false);
      }
    }
    attempt.opening = false;
  }

  async #receive(attempt: Attempt, frame: Uint8Array): Promise<boolean> {
    const header = parseHeader(frame);
    if (header === undefined || byteLength(frame) > this.#config.maxFrame) return false;
    const { type, epoch, sequence } = header;
    const key = this.#epochs.down(type, epoch, sequence);
    if (key === undefined || !this.#expects(type, epoch)) return false;
    if (type === Type.challenge ? sequence !== 0 : !this.#incoming.admits(sequence, type === Type.resumed)) return false;
    let plaintext: Uint8Array;
    try {
      plaintext = await open(key, Direction.down, this.#config.session, frame);
    } catch {
      return false;
    }
    if (attempt !== this.#attempt) return false;
    if (type !== Type.challenge) this.#incoming.take(sequence);
    return this.#act(type, epoch, sequence, plaintext);
  }

  #expects(type: number, epoch: number): boolean {
    switch (this.#phase) {
      case "hello":
        return type === Type.ready && epoch === 0;
      case "resume":
        return type === Type.challenge;
      case "proof":
        return type === Type.resumed;
      case "open":
        return type === Type.batch || type === Type.ping || type === Type.bye || type === Type.rekey;
      case "rekeying":
        if (type === Type.ready) return this.#silent && epoch === this.#epochs.number + 1;
        return type === Type.batch || type === Type.ping || type === Type.bye;
      default:
        return false;
    }
  }

  // Acts on an authentic frame; false when its plaintext is not what its type asks for.
  #act(type: number, epoch: number, sequence: number, plaintext: Uint8Array): boolean {
    const size = byteLength(plaintext);
    switch (type) {
      case Type.ready:
        if (size !== 0) return false;
        if (epoch !== this.#epochs.number) this.#adopt(sequence);
        this.#ready();
        return true;
      case Type.batch:
        try {
          this.#events.items(parseItems(plaintext));
        } catch {
          return false;
        }
        return true;
      case Type.ping:
        if (size !== 0) return false;
        this.#say({ type: Type.pong, plaintext: nothing });
        return true;
      case Type.rekey:
        if (size !== SECRET + PUBLIC_KEY) return false;
        this.#rekey(plaintext);
        return true;
      case Type.challenge:
        if (size !== NONCE) return false;
        // New keys that were sent may still be taken, from what the old socket
        // had brought: until resumed they are kept.
        if (epoch !== this.#epochs.number) this.#adopt(0);
        this.#phase = "proof";
        this.#say({ type: Type.proof, plaintext });
        return true;
      case Type.resumed:
        if (size !== 0) return false;
        this.#epochs.offer(undefined);
        this.#ready();
        return true;
      case Type.bye:
        if (size === 0) this.#close();
        return size === 0;
      default:
        return false;
    }
  }

  #say(control: Control): void {
    this.#control[this.#control.length] = control;
    void this.#pump();
  }

  #rekey(plaintext: Uint8Array): void {
    const attempt = this.#attempt;
    this.#phase = "rekeying";
    const secret = view(plaintext, 0, SECRET);
    const corePublic = view(plaintext, SECRET, PUBLIC_KEY);
    const made = negotiate(this.#config, secret, corePublic, this.#epochs.number + 1);
    const failed = (): void => {
      if (this.#attempt === attempt) this.#close();
    };
    void when(
      made,
      ({ keys, sealed }) => {
        if (this.#attempt !== attempt || this.#phase !== "rekeying") return;
        this.#epochs.offer(keys);
        this.#say({ type: Type.rekeyed, plaintext: sealed });
      },
      failed,
    );
  }

  #adopt(readyAt: number): void {
    this.#epochs.adopt(readyAt);
    void this.#sealBye();
  }

  // The farewell is sealed as soon as there are keys, since nothing can be
  // computed any more when it is needed. Sequence 0 is its own under each key.
  async #sealBye(): Promise<void> {
    const keys = this.#epochs.keys!;
    const address = { type: Type.bye, epoch: this.#epochs.number, sequence: 0, direction: Direction.up, session: this.#config.session };
    const bye = await seal(keys.up, address, nothing);
    if (keys !== this.#epochs.keys) return;
    this.#bye = bye;
    if (this.#confirmed) this.#link?.farewell(bye);
  }
}

// The items of entries that have just been taken.
function plaintextOf(entries: readonly Entry[]): Uint8Array {
  if (entries.length === 1) return entries[0]!.item!;
  const items = emptyList<Uint8Array>();
  for (let i = 0; i < entries.length; i++) items[i] = entries[i]!.item!;
  return concat(items);
}

function rest<T>(list: readonly T[], from: number): T[] {
  const left = emptyList<T>();
  for (let i = from; i < list.length; i++) left[i - from] = list[i]!;
  return left;
}
