import { MapOf, byteLength, emptyList, mapDelete, mapEach, mapGet, mapHas, mapSet, mapSize, parseJSON, stringifyJSON, toUTF8 } from "./primordials.ts";
import { type Sections, ownSections, roomOf, sizeOf } from "./binary.ts";
import { type Code, messageOf } from "./errors.ts";
import { Gate, type GateConfig, type Owner } from "./gate.ts";
import { Inflow, answerOf, kindOf } from "./inflow.ts";
import { Cause, Down, type Item, Up, Wants, callItem, cancelItem, emitItem, listenItem } from "./items.ts";
import type { Verdict } from "./judge.ts";
import { MAX_CALLS, MAX_HELD } from "./limits.ts";
import type { Requests } from "./protocol.ts";
import { Over, Request, type RequestKind, questionOf } from "./request.ts";
import { Upload } from "./upload.ts";
import { MAX_COMMAND } from "./wire.ts";

const FULL = 2 ** 32 - 1;

/**
 * The requests of one session between page and core: each goes past the judge,
 * is written down at the verdict, waits for its place in a batch, and is
 * answered exactly once. A listen that the core has agreed to stays until either
 * side ends it.
 */
export class Calls implements Requests, Owner {
  readonly #config: GateConfig;
  readonly #gate: Gate;
  readonly #byPage = new MapOf<number, Request>();
  readonly #byID = new MapOf<number, Request>();
  #lastCommand = "";
  #lastName: Uint8Array = toUTF8("");
  #lossy = false; // listens lack credit for what was lost
  #judged = 0;
  #ids = 0;

  constructor(config: GateConfig) {
    this.#config = config;
    this.#gate = new Gate(config);
  }

  /** Takes a call of the page; timeout is in milliseconds, 0 for none. */
  call(page: number, command: string, json: string, timeout: number, wants: number, sections: Sections): void {
    this.#request(Up.call, page, command, "", json, sections, timeout, wants);
  }

  /** Takes an event of the page; an empty target means all windows and the core. */
  emit(page: number, event: string, target: string, json: string, sections: Sections): void {
    if (target.length > MAX_COMMAND || (target !== "" && byteLength(toUTF8(target)) > MAX_COMMAND)) return this.#refuse(page, "denied");
    this.#request(Up.emit, page, event, target, json, sections, 0, 0);
  }

  /** Takes the page's wish to hear an event. */
  listen(page: number, event: string): void {
    this.#request(Up.listen, page, event, "", "{}", 0, 0, 0);
  }

  /** Takes an item of a call's upload. What is of no open call that uploads is nothing. */
  upload(page: number, json: string, sections: Sections): void {
    mapGet(this.#byPage, page)?.up?.item(json, sections);
  }

  /** Takes the end of an upload. */
  end(page: number, aborted: boolean): void {
    mapGet(this.#byPage, page)?.up?.end(aborted);
  }

  /** Takes the page's word of how much of a stream it has consumed. */
  pull(page: number, consumed: number): void {
    mapGet(this.#byPage, page)?.down?.pull(consumed);
  }

  #request(kind: RequestKind, page: number, name: string, target: string, json: string, sections: Sections, timeout: number, wants: number): void {
    if (mapHas(this.#byPage, page)) return;
    const gate = this.#gate;
    const { maxPlaintext } = this.#config;
    if (gate.closed) return this.#refuse(page, "closed");
    if (json.length + sizeOf(sections) > maxPlaintext) return this.#refuse(page, "too_large");
    const size = roomOf(json, sections);
    if (name === "" || name.length > MAX_COMMAND || byteLength(this.#nameOf(name)) > MAX_COMMAND) return this.#refuse(page, "denied");
    if (mapSize(this.#byPage) >= MAX_CALLS || gate.judging >= MAX_CALLS || gate.held + size > MAX_HELD) return this.#refuse(page, "busy");
    const r = new Request(kind, page, ++this.#judged, name, target, json, sections, size, timeout, wants, this.#onSent);
    if (kind === Up.listen || (wants & Wants.items) !== 0) r.down = new Inflow(gate, this, r);
    if ((wants & Wants.upload) !== 0) r.up = new Upload(gate, this, r);
    mapSet(this.#byPage, page, r);
    gate.held += size;
    gate.judging++;
    this.#config.judge(questionOf(kindOf(r), r, json, sections), (verdict) => this.#decided(r, verdict));
  }

  #decided(r: Request, verdict: Verdict): void {
    const gate = this.#gate;
    gate.judging--;
    r.judging = false;
    if (r.over !== Over.no) gate.held -= r.size;
    if (gate.closed) return;
    if (!verdict.pass) return this.#keep(r, verdict.cause);
    const name = this.#nameOf(r.kind === Up.call ? verdict.command : r.event);
    const n = byteLength(name);
    if (n === 0 || n > MAX_COMMAND) return this.#keep(r, Cause.malformed);
    if (r.over !== Over.no) return;
    const { maxPlaintext } = this.#config;
    if (verdict.json.length + sizeOf(verdict.sections) > maxPlaintext) return this.#fail(r, "too_large");
    const size = roomOf(verdict.json, verdict.sections);
    gate.held += size - r.size;
    r.size = size;
    r.command = verdict.command;
    r.json = verdict.json;
    r.sections = verdict.sections;
    const item = itemOf(r, this.#ids + 1, name);
    if (byteLength(item) > maxPlaintext) return this.#fail(r, "too_large");
    if (!this.#number(r)) return;
    mapSet(this.#byID, r.id, r);
    r.item = item;
    this.#config.send(r);
    r.up?.open();
  }

  // UTF-8 of a command's name. A page mostly repeats the last one.
  #nameOf(command: string): Uint8Array {
    if (command !== this.#lastCommand) {
      this.#lastName = toUTF8(command);
      this.#lastCommand = command;
    }
    return this.#lastName;
  }

  /** Takes a cancellation. The page has its error already and gets no other. */
  cancel(page: number): void {
    const r = mapGet(this.#byPage, page);
    if (r === undefined) return;
    r.over = Over.cancelled;
    this.#forget(r);
    r.down?.stop();
    if (r.isSent) this.#sendCancel(r);
    else r.item = undefined;
  }

  /** Takes what the core says. Throws where no genuine core would say it. */
  deliver(items: readonly Item[]): void {
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      const r = mapGet(this.#byID, item.id);
      if (r === undefined || !r.isSent) continue; // cancelled, or given up
      switch (item.kind) {
        case Down.result:
        case Down.error:
          if (item.kind === Down.result) r.agreed = true;
          if (r.down !== undefined) r.down.answer(item);
          else this.#settle(r, item);
          break;
        case Down.credit:
          r.up?.credit(item.offset);
          break;
        case Down.progress:
          this.#progress(r, item);
          break;
        default:
          r.down?.take(item);
      }
    }
  }

  #settle(r: Request, item: Item): void {
    this.#forget(r);
    const ok = item.kind === Down.result;
    const judge = this.#config.judgeAnswer;
    if (judge === undefined) return this.reply(r, ok, item.json, ownSections(item.sections));
    this.#gate.judging++;
    judge(answerOf(item), questionOf(kindOf(r), r), (verdict) => {
      this.#gate.judging--;
      if (verdict.pass) this.reply(r, ok, verdict.json, verdict.sections);
      else this.hide(r, item.kind, verdict.cause);
    });
  }

  #progress(r: Request, item: Item): void {
    const { judgeAnswer: judge, to } = this.#config;
    if (judge === undefined) return to.progress(r.page, item.offset, item.number, item.text);
    this.#gate.judging++;
    judge(answerOf(item), questionOf(kindOf(r), r), (verdict) => {
      this.#gate.judging--;
      if (!verdict.pass) return this.#gate.hid(r, Down.progress, verdict.cause);
      if (!mapHas(this.#byID, r.id)) return; // answered meanwhile
      const { done, total, text } = parseJSON(verdict.json) as { done: number; total: number; text: string };
      to.progress(r.page, done, total, text);
    });
  }

  answered(r: Request, ok: boolean): void {
    if (!ok || r.kind !== Up.listen) this.#forget(r);
  }

  reply(r: Request, ok: boolean, json: string, sections: Sections): void {
    this.#config.to.reply(r.page, ok, json, sections);
  }

  hide(r: Request, what: number, cause: Cause): void {
    this.#gate.hid(r, what, cause);
    if (r.kind === Up.listen && what === Down.result) return this.giveUp(r, "hook_refused");
    this.#config.to.reply(r.page, false, errorJSON("hook_refused", this.#idOf(r)), 0);
  }

  giveUp(r: Request, code: Code): void {
    if (r.over !== Over.no) return;
    this.#fail(r, code);
    if (r.isSent) this.#gate.send(cancelItem(r.id));
    else r.item = undefined;
  }

  /**
   * Gives up what was sent: it is never sent again. What streams is cancelled
   * besides, as soon as that can be said; a listen goes on.
   */
  interrupted(): void {
    this.#lossy = true;
    this.#sweep((r) => {
      if (!r.isSent) return;
      if (r.kind === Up.listen && r.agreed) r.down!.interrupted();
      else if (r.down !== undefined || r.up !== undefined) this.giveUp(r, "unknown_outcome");
      else this.#fail(r, "unknown_outcome");
    });
    if (!this.#config.ordered) this.resumed();
  }

  /** What is sealed now arrives again: after resumed or, on the relay, at once. */
  resumed(): void {
    if (!this.#lossy) return;
    this.#lossy = false;
    mapEach(this.#byPage, (r) => {
      if (r.kind === Up.listen && r.agreed) r.down!.renew();
    });
  }

  /** Gives up everything, for good. */
  closed(): void {
    if (this.#gate.closed) return;
    this.#gate.closed = true;
    this.#sweep((r) => this.#fail(r, r.isSent && !(r.kind === Up.listen && r.agreed) ? "unknown_outcome" : "closed"));
  }

  #sweep(each: (r: Request) => void): void {
    const open = emptyList<Request>();
    mapEach(this.#byPage, (r) => {
      open[open.length] = r;
    });
    for (let i = 0; i < open.length; i++) each(open[i]!);
  }

  // The verdict was to keep it back: the page learns that, and the record why.
  // A page that has cancelled the call meanwhile learns nothing, but keeps
  // nothing off the record.
  #keep(r: Request, cause: Cause | "invalid"): void {
    if (cause === "invalid") return this.#fail(r, "invalid_args");
    if (!this.#number(r)) return;
    this.#gate.kept(r, r.kind, cause);
    this.#fail(r, "hook_refused");
  }

  // Numbers are given at the verdict, so that they count up on the wire
  // however long a hook takes over one call.
  #number(r: Request): boolean {
    if (this.#ids >= FULL) {
      this.#fail(r, "closed");
      return false;
    }
    r.id = ++this.#ids;
    return true;
  }

  readonly #onSent = (r: Request): void => {
    if (r.over === Over.cancelled) this.#sendCancel(r);
    else if (r.over === Over.failed) this.#gate.send(cancelItem(r.id));
  };

  #sendCancel(r: Request): void {
    this.#gate.ask(questionOf(r.kind === Up.listen ? "unlisten" : "cancel", r), (verdict) => {
      if (this.#gate.closed) return;
      if (verdict.pass) this.#gate.send(cancelItem(r.id));
      else this.#gate.kept(r, Up.cancel, verdict.cause);
    });
  }

  #idOf(r: Request): string {
    return r.id === 0 ? "" : `${this.#config.prefix}-${r.id}`;
  }

  #forget(r: Request): void {
    if (mapGet(this.#byPage, r.page) !== r) return; // forgotten before: the number may be another's by now
    mapDelete(this.#byPage, r.page);
    mapDelete(this.#byID, r.id);
    r.up?.stop();
    if (!r.judging) this.#gate.held -= r.size; // else when the hook lets go of it
  }

  #fail(r: Request, code: Code): void {
    if (r.over !== Over.no) return; // the page has its error already
    r.over = Over.failed;
    this.#forget(r);
    r.down?.stop();
    this.#config.to.reply(r.page, false, errorJSON(code, this.#idOf(r)), 0);
  }

  #refuse(page: number, code: Code): void {
    this.#config.to.reply(page, false, errorJSON(code, ""), 0);
  }
}

function itemOf(r: Request, id: number, name: Uint8Array): Uint8Array {
  if (r.kind === Up.call) return callItem(id, r.timeout, r.wants, name, r.json, r.sections);
  if (r.kind === Up.listen) return listenItem(id, name);
  return emitItem(id, name, toUTF8(r.target), r.json, r.sections);
}

// An error of the frame's own, in the form that the core uses.
function errorJSON(code: Code, id: string): string {
  return `{"code":${stringifyJSON(code)},"id":${stringifyJSON(id)},"message":${stringifyJSON(messageOf(code))}}`;
}
