import { Client, type Port, type Signals } from "../src/client.ts";
import type { SallyportError } from "../src/errors.ts";
import { getter } from "../src/primordials.ts";

export const signals: Signals = {
  aborted: getter(AbortSignal.prototype, "aborted"),
  on: (s, run) => s.addEventListener("abort", run),
  off: (s, run) => s.removeEventListener("abort", run),
};

/** A client, and what it said to the frame. */
export function client(state: "ready" | "starting" = "ready", with_ = signals): { c: Client; sent: unknown[][] } {
  const sent: unknown[][] = [];
  // Neither iterators nor setters, which tests tamper with.
  const say = (kind: string) => (...members: unknown[]): void => {
    const list: unknown[] = [kind];
    for (let i = 0; i < members.length; i++) Object.defineProperty(list, i + 1, { value: members[i], writable: true, enumerable: true, configurable: true });
    sent.push(list);
  };
  const port: Port = {
    call: say("call"), cancel: say("cancel"), emit: say("emit"), listen: say("listen"), upload: say("upload"), end: say("end"), pull: say("pull"),
  };
  const c = new Client(with_);
  c.attach(port);
  if (state === "ready") c.state("ready");
  return { c, sent };
}

export const codeOf = (p: Promise<unknown>): Promise<unknown> => p.then(() => "resolved", (e: SallyportError) => e.code);

/** Replaces a member of an object while something runs. */
export function tampered(object: object, member: PropertyKey, value: unknown, run: () => void): void {
  const own = Object.getOwnPropertyDescriptor(object, member);
  Object.defineProperty(object, member, { value, configurable: true, writable: true });
  try {
    run();
  } finally {
    if (own === undefined) delete (object as Record<PropertyKey, unknown>)[member];
    else Object.defineProperty(object, member, own);
  }
}
