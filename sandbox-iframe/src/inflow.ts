import { MapOf, later, mapDelete, mapEach, mapGet, mapSet, mapSize, max, min, numberToString, stringifyJSON } from "./primordials.ts";
import { type Sections, ownSections } from "./binary.ts";
import type { Gate, Owner } from "./gate.ts";
import { Down, type Item, Up, creditItem } from "./items.ts";
import type { Answer, AnswerKind, AnswerVerdict } from "./judge.ts";
import { Lane } from "./lane.ts";
import { type Request, questionOf } from "./request.ts";
import { EVENT_WINDOW, STREAM_WINDOW } from "./wire.ts";

/** How long events that came before others wait for these once something is known to be lost, in milliseconds. Relay only. */
const GAP_WITHIN = 1000;

/**
 * What the core streams under one request: the items of a call or the events of
 * a listen, and the answer after them. Each goes past the hook and reaches the
 * page in the order of its offset; the page's word of what it has done with
 * becomes credit.
 *
 * The page is told offsets of its own, which leave out what it never got: gaps,
 * and events that the hook kept back. These count as consumed at once.
 */
export class Inflow {
  readonly #gate: Gate;
  readonly #owner: Owner;
  readonly #request: Request;
  readonly #lane = new Lane();
  readonly #isListen: boolean;
  readonly #window: number;
  #next = 0; // where the next item begins
  #told = 0; // the page's offset, as told last
  #left = 0; // bytes that the page never got
  #pulled = 0; // the page's offset, as it said last
  #passed = 0; // the same, with the hook's consent
  #limit: number;
  #asking = false; // the hook is at a pull
  #early: Map<number, Item> | undefined;
  #earlySize = 0;
  #lossy = false; // something is known to be lost
  #waiting = false; // for what belongs into a gap
  #answer: Item | undefined; // which came before the end
  #ended = false;
  #stopped = false;

  constructor(gate: Gate, owner: Owner, request: Request) {
    this.#gate = gate;
    this.#owner = owner;
    this.#request = request;
    this.#isListen = request.kind === Up.listen;
    this.#limit = this.#window = this.#isListen ? EVENT_WINDOW : STREAM_WINDOW;
  }

  /** Takes an item, an event or the end. Throws where no genuine core would put it. */
  take(item: Item): void {
    if (this.#stopped || this.#ended) return;
    if (item.kind === (this.#isListen ? Down.item : Down.event)) throw new TypeError("sallyport: an item of the wrong kind");
    const { ordered } = this.#gate.config;
    if (item.offset < this.#next) {
      if (ordered) throw new TypeError("sallyport: an item comes again");
      return; // its gap has been given up
    }
    if (item.offset > this.#next) {
      if (!ordered) return this.#keep(item);
      if (!this.#isListen) throw new TypeError("sallyport: an item is missing");
      this.#skip(item.offset);
    }
    this.#accept(item);
    this.#follow();
  }

  /** Takes the core's answer to the request. On the relay a result may come before the items. */
  answer(item: Item): void {
    if (this.#stopped) return;
    if (item.kind === Down.result && !this.#isListen && !this.#ended && !this.#gate.config.ordered) this.#answer = item;
    else this.#settle(item);
  }

  /** Takes the page's word that it has done with everything up to an offset that it was told. */
  pull(consumed: number): void {
    if (this.#stopped || this.#ended || consumed > this.#told || consumed <= this.#pulled) return;
    this.#pulled = consumed;
    if (!this.#asking && this.#due(consumed)) this.#ask();
  }

  /** What was under way is lost. What comes after it is told, and what comes of it after all is not. */
  interrupted(): void {
    this.#lossy = true;
    this.#fillGaps();
  }

  /**
   * Gives credit anew: nobody knows how much of what the core may have sent is
   * lost, so that all of it counts as consumed but what has arrived and is not.
   */
  renew(): void {
    const unconsumed = this.#next - this.#left - this.#passed;
    this.#limit = max(this.#limit, this.#limit + this.#window - unconsumed);
    this.#gate.send(creditItem(this.#request.id, this.#limit));
  }

  /** The request is over: nothing more is told. */
  stop(): void {
    this.#stopped = true;
    this.#early = this.#answer = undefined;
  }

  #settle(item: Item): void {
    if (item.kind === Down.error || !this.#isListen) this.#ended = true;
    this.#owner.answered(this.#request, item.kind === Down.result);
    this.#judge(item);
  }

  // Order.

  #accept(item: Item): void {
    if (item.kind === Down.end) this.#ended = true;
    else this.#next = item.offset + item.size;
    this.#judge(item);
    if (this.#ended && this.#answer !== undefined) this.#settle(this.#answer);
    if (this.#ended && this.#isListen) this.#owner.answered(this.#request, false);
  }

  #keep(item: Item): void {
    const early = (this.#early ??= new MapOf());
    const full = this.#earlySize >= this.#window;
    if (full && !this.#isListen) return this.#owner.giveUp(this.#request, "unknown_outcome");
    this.#earlySize += item.size;
    mapSet(early, item.offset, item);
    if (full) this.#fillGap();
    else if (this.#lossy) this.#wait();
  }

  #follow(): void {
    const early = this.#early;
    if (early === undefined) return;
    for (let item = mapGet(early, this.#next); item !== undefined; item = mapGet(early, this.#next)) {
      mapDelete(early, item.offset);
      this.#earlySize -= item.size;
      this.#accept(item);
    }
  }

  // The gap may be what is known to be lost, or only late.
  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    later(() => {
      this.#waiting = false;
      if (!this.#stopped && !this.#ended) this.#fillGaps();
    }, GAP_WITHIN);
  }

  #fillGaps(): void {
    while (this.#early !== undefined && mapSize(this.#early) > 0) this.#fillGap();
  }

  // What is missing is lost: goes on with what came after it.
  #fillGap(): void {
    let first = 2 ** 53;
    mapEach(this.#early!, (_, offset) => {
      first = min(first, offset);
    });
    this.#skip(first);
    this.#follow();
  }

  #skip(to: number): void {
    this.#leave(to - this.#next);
    this.#next = to;
  }

  // Credit.

  #leave(bytes: number): void {
    this.#left += bytes;
    this.#credit(this.#passed);
  }

  // Whether it is worth an item: a page that pulls byte by byte makes none of each.
  #due(consumed: number): boolean {
    return consumed + this.#left + this.#window - this.#limit >= this.#window / 8;
  }

  #credit(consumed: number): void {
    if (!this.#due(consumed)) return;
    this.#limit = consumed + this.#left + this.#window;
    this.#gate.send(creditItem(this.#request.id, this.#limit));
  }

  // One pull at a time: the latest says all.
  #ask(): void {
    const consumed = this.#pulled;
    this.#asking = true;
    this.#gate.ask(questionOf("pull", this.#request, `{"consumed":${numberToString(consumed)}}`, 0), (verdict) => {
      this.#asking = false;
      if (this.#stopped || this.#ended || this.#gate.closed) return;
      if (verdict.pass) {
        this.#passed = consumed;
        this.#credit(consumed);
      } else this.#gate.kept(this.#request, Up.credit, verdict.cause);
      if (this.#pulled > consumed && this.#due(this.#pulled)) this.#ask();
    });
  }

  // The hook, and the page.

  #judge(item: Item): void {
    const judge = this.#gate.config.judgeAnswer;
    if (judge === undefined) return this.#tell(item, item.json, ownSections(item.sections));
    const turn = this.#lane.enter();
    this.#gate.judging++;
    judge(answerOf(item), questionOf(kindOf(this.#request), this.#request), (verdict) => {
      this.#gate.judging--;
      this.#lane.leave(turn, () => this.#judged(item, verdict));
    });
  }

  #judged(item: Item, verdict: AnswerVerdict): void {
    if (this.#stopped) return;
    if (verdict.pass) return this.#tell(item, verdict.json, verdict.sections);
    const r = this.#request;
    if (item.kind === Down.result || item.kind === Down.error) return this.#owner.hide(r, item.kind, verdict.cause);
    this.#gate.hid(r, item.kind, verdict.cause);
    if (item.kind === Down.event) this.#leave(item.size);
    else this.#owner.giveUp(r, "hook_refused"); // a stream that lacks an item is another one
  }

  #tell(item: Item, json: string, sections: Sections): void {
    const { to } = this.#gate.config;
    const r = this.#request;
    switch (item.kind) {
      case Down.event:
        return to.event(r.page, (this.#told += item.size), item.number, item.text, json, sections);
      case Down.item:
        return to.item(r.page, (this.#told += item.size), json, sections);
      case Down.end:
        return to.end(r.page);
      default:
        return this.#owner.reply(r, item.kind === Down.result, json, sections);
    }
  }
}

/** How a request is called where an answer to it is shown to the hook. */
export function kindOf(r: Request): "call" | "emit" | "listen" {
  return r.kind === Up.call ? "call" : r.kind === Up.emit ? "emit" : "listen";
}

const kinds: readonly AnswerKind[] = ["end", "result", "error", "item", "event", "end", "end", "progress"];

/** An item of the core's as the hook is asked about it: its bytes are not those of the batch, in which others are too. */
export function answerOf({ kind, json, sections, offset, number, text }: Item): Answer {
  if (kind !== Down.progress) return { kind: kinds[kind]!, json, sections: ownSections(sections), window: text };
  return { kind: "progress", json: `{"done":${numberToString(offset)},"total":${numberToString(number)},"text":${stringifyJSON(text)}}`, sections: 0, window: "" };
}
