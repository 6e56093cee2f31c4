import { type Sections, ownSections } from "./binary.ts";
import type { Inflow } from "./inflow.ts";
import { Up } from "./items.ts";
import type { AskKind, Question } from "./judge.ts";
import type { Entry } from "./outbox.ts";
import type { Upload } from "./upload.ts";

/** The commands by which a hook, the policy and the record know what is no call of a command. */
export const EMIT = "sallyport:emit";
export const LISTEN = "sallyport:listen";

/** What a request is, by the kind of its item. */
export type RequestKind = typeof Up.call | typeof Up.emit | typeof Up.listen;

/** How far a request has come to its end. */
export const Over = { no: 0, cancelled: 1, failed: 2 } as const;
export type Over = (typeof Over)[keyof typeof Over];

/**
 * A call, an emit or a listen of the page, from its asking to its answer. It is
 * its own place in the outbox: a page makes many, and each object costs.
 */
export class Request implements Entry {
  readonly kind: RequestKind;
  /** The page's number for it. */
  readonly page: number;
  readonly hookID: number;
  command: string;
  /** Empty for a call. */
  readonly event: string;
  readonly target: string;
  readonly timeout: number;
  readonly wants: number;
  json: string;
  sections: Sections;
  /** What it holds of the session's memory. */
  size: number;
  /** Its number on the wire, 0 before the verdict. */
  id = 0;
  /** What is to be sealed of it, as long as that is so. */
  item: Uint8Array | undefined = undefined;
  isSent = false;
  /** The hook is at it, whatever the page says meanwhile. */
  judging = true;
  over: Over = Over.no;
  /** A listen that the core has agreed to. */
  agreed = false;
  /** What the core streams to the page, if anything. */
  down: Inflow | undefined = undefined;
  up: Upload | undefined = undefined;
  readonly #onSent: (request: Request) => void;

  constructor(kind: RequestKind, page: number, hookID: number, name: string, target: string, json: string, sections: Sections, size: number, timeout: number, wants: number, onSent: (request: Request) => void) {
    this.kind = kind;
    this.page = page;
    this.hookID = hookID;
    this.command = kind === Up.call ? name : kind === Up.emit ? EMIT : LISTEN;
    this.event = kind === Up.call ? "" : name;
    this.target = target;
    this.timeout = timeout;
    this.wants = wants;
    this.json = json;
    this.sections = sections;
    this.size = size;
    this.#onSent = onSent;
  }

  /** What reports call it. */
  get name(): string {
    return this.kind === Up.call ? this.command : this.event;
  }

  sent(): void {
    this.item = undefined;
    this.isSent = true;
    this.#onSent(this);
  }
}

/** A question about a request: with its own arguments, whose bytes a hook may change without changing the request, unless it is about others. */
export function questionOf(kind: AskKind, r: Request, json = r.json, sections = ownSections(r.sections)): Question {
  return { kind, id: r.hookID, command: r.command, event: r.event, target: r.target, json, sections };
}
