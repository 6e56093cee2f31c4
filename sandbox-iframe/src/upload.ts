import { byteLength, emptyList } from "./primordials.ts";
import { type Sections, ownSections, roomOf, sizeOf } from "./binary.ts";
import type { Gate, Owner } from "./gate.ts";
import { Up, endItem, uploadItem } from "./items.ts";
import type { Verdict } from "./judge.ts";
import { Lane } from "./lane.ts";
import { MAX_CALLS, MAX_HELD } from "./limits.ts";
import type { Entry } from "./outbox.ts";
import { type Request, questionOf } from "./request.ts";
import { STREAM_WINDOW } from "./wire.ts";

/** Items of one upload that the page may be ahead of what was sealed. */
export const MAX_AHEAD = 64;

/** What the page said: an item or the end. */
interface Said {
  readonly isEnd: boolean;
  readonly json: string;
  readonly sections: Sections;
  readonly aborted: boolean;
  /** What it holds of the session's memory, whatever the hook does to its bytes. */
  readonly size: number;
}

/** What has passed the hook, in order: it waits for credit, then to be sealed. */
interface Passed extends Entry {
  readonly offset: number;
  readonly size: number;
  readonly isEnd: boolean;
  next: Passed | undefined;
}

// What an engine keeps for an item besides what is in it, about.
const ITEM_ROOM = 256;

/**
 * What the page streams to a call: each item goes past the hook, is written
 * down at its place, waits until the core has credit for it, and is sealed.
 */
export class Upload {
  readonly #gate: Gate;
  readonly #owner: Owner;
  readonly #request: Request;
  readonly #lane = new Lane();
  #early: Said[] | undefined = emptyList(); // before the call itself has passed
  #first: Passed | undefined; // of what is not sealed
  #last: Passed | undefined;
  #waiting: Passed | undefined; // the first of these that has no credit
  #offset = 0;
  #limit: number;
  #ahead = 0;
  #taken = 0;
  #ended = false;
  #stopped = false;

  constructor(gate: Gate, owner: Owner, request: Request) {
    this.#gate = gate;
    this.#owner = owner;
    this.#request = request;
    this.#limit = gate.config.ordered ? STREAM_WINDOW : 0; // on the relay the core says when it has the call
  }

  /** Takes an item of the page. */
  item(json: string, sections: Sections): void {
    if (this.#stopped || this.#ended) return;
    const size = ITEM_ROOM + roomOf(json, sections);
    const { maxPlaintext } = this.#gate.config;
    if (json.length + sizeOf(sections) > maxPlaintext) return this.#owner.giveUp(this.#request, "too_large");
    if (this.#ahead >= MAX_AHEAD || this.#gate.judging >= MAX_CALLS || this.#gate.held + size > MAX_HELD) return this.#owner.giveUp(this.#request, "busy");
    this.#ahead++;
    this.#gate.held += size;
    this.#say({ isEnd: false, json, sections, aborted: false, size });
  }

  /** Takes the page's word that no more follow. */
  end(aborted: boolean): void {
    if (this.#stopped || this.#ended) return;
    this.#ended = true;
    this.#say({ isEnd: true, json: aborted ? '{"aborted":true}' : '{"aborted":false}', sections: 0, aborted, size: 0 });
  }

  /** The call has passed: what came before that may follow it. */
  open(): void {
    const early = this.#early!;
    this.#early = undefined;
    for (let i = 0; i < early.length; i++) this.#judge(early[i]!);
  }

  /** The core takes items that begin below limit. */
  credit(limit: number): void {
    if (limit <= this.#limit) return; // on the relay an older one can come later
    this.#limit = limit;
    this.#send();
  }

  /** The call is over, and nothing more of it is sealed. What the hook is at is let go when it is done. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    const early = this.#early;
    for (let i = 0; early !== undefined && i < early.length; i++) this.#gate.held -= early[i]!.size;
    this.#early = undefined;
    this.#drop(this.#first);
    this.#first = this.#last = this.#waiting = undefined;
  }

  #drop(from: Passed | undefined): void {
    for (let p = from; p !== undefined; p = p.next) {
      p.item = undefined;
      this.#gate.held -= p.size;
    }
  }

  #say(said: Said): void {
    if (this.#early === undefined) this.#judge(said);
    else this.#early[this.#early.length] = said;
  }

  #judge(said: Said): void {
    if (this.#stopped) {
      this.#gate.held -= said.size; // one before it has ended the call
      return;
    }
    const turn = this.#lane.enter();
    this.#gate.ask(questionOf(said.isEnd ? "end" : "item", this.#request, said.json, said.sections), (verdict) => {
      // Where it has to wait for others, the hook must not change it meanwhile.
      const sections = !verdict.pass ? 0 : this.#lane.leads(turn) ? verdict.sections : ownSections(verdict.sections);
      this.#lane.leave(turn, () => this.#judged(said, verdict, sections));
    });
  }

  #judged(said: Said, verdict: Verdict, sections: Sections): void {
    const { isEnd } = said;
    const r = this.#request;
    this.#gate.held -= said.size;
    if (this.#stopped || this.#gate.closed) return;
    if (!verdict.pass) {
      // A stream that lacks an item is another one: so it ends, and the call.
      this.#gate.kept(r, isEnd ? Up.end : Up.upload, verdict.cause);
      return this.#owner.giveUp(r, verdict.cause === "invalid" ? "invalid_args" : "hook_refused");
    }
    if (isEnd) return this.#pass(endItem(r.id, this.#endAt(said.aborted), said.aborted), true);
    const { maxPlaintext } = this.#gate.config;
    if (verdict.json.length + sizeOf(sections) > maxPlaintext) return this.#owner.giveUp(r, "too_large");
    const item = uploadItem(r.id, this.#offset, verdict.json, sections);
    if (byteLength(item) > maxPlaintext) return this.#owner.giveUp(r, "too_large");
    this.#pass(item, false);
  }

  // An upload that is given up ends where it has come to: what waits for credit is not sent.
  #endAt(aborted: boolean): number {
    if (!aborted || this.#waiting === undefined) return this.#offset;
    const at = this.#waiting.offset;
    this.#drop(this.#waiting);
    if (this.#first === this.#waiting) this.#first = this.#last = undefined;
    else {
      let p = this.#first!;
      while (p.next !== this.#waiting) p = p.next!;
      p.next = undefined;
      this.#last = p;
    }
    this.#waiting = undefined;
    return at;
  }

  #pass(item: Uint8Array, isEnd: boolean): void {
    const size = byteLength(item);
    const passed: Passed = { item, offset: this.#offset, size, isEnd, next: undefined, sent: () => this.#sent() };
    this.#offset += size;
    this.#gate.held += size;
    if (this.#last === undefined) this.#first = passed;
    else this.#last.next = passed;
    this.#last = passed;
    this.#waiting ??= passed;
    this.#send();
  }

  #send(): void {
    for (let p = this.#waiting; p !== undefined && (p.isEnd || p.offset < this.#limit); p = this.#waiting) {
      this.#waiting = p.next;
      this.#gate.config.send(p);
    }
  }

  // They are sealed in the order in which they were sent.
  #sent(): void {
    const first = this.#first;
    if (first === undefined) return; // it had been taken for the batch when the call ended
    this.#first = first.next;
    if (first.next === undefined) this.#last = undefined;
    first.item = undefined;
    this.#gate.held -= first.size;
    if (first.isEnd) return;
    this.#ahead--;
    this.#gate.config.to.taken(this.#request.page, ++this.#taken);
  }
}
