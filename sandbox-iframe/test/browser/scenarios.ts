import type { CarrierName, PatternName } from "../../src/wire.ts";

/** How the stage serves one page; what the page does is in pages.ts, under the same name. */
export interface Script {
  readonly carrier?: CarrierName;
  readonly pattern?: PatternName;
  readonly hop?: "port" | "window";
  /** No socket can be had, but the page may fall back to the relay. */
  readonly deaf?: boolean;
  readonly hook?: string;
}

const hook = `
sallyport.onCall((call) => {
  if (call.command === "secret") return sallyport.refuse("not for pages");
  if (call.command === "throw") throw new Error("a mistake");
  if (call.command === "hang") return new Promise(() => {});
  if (call.command === "rewrite") return { ...call, command: "echo", args: { by: "hook", window: call.window, origin: call.origin } };
  if (call.command === "later") return crypto.subtle.digest("SHA-256", new Uint8Array(1)).then(() => ({ ...call, command: "echo" }));
  if (call.command === "surface") return { ...call, command: "echo", args: { names: Object.keys(sallyport).join(), frozen: Object.isFrozen(sallyport), origin: self.origin, config: document.getElementById("sallyport-frame") === null } };
  if (call.command === "keep") { setTimeout(() => { call.args.path = "stolen"; }); return { ...call, command: "echo" }; }
  return call;
});
sallyport.onAnswer((answer, call) => {
  if (call.kind === "call" && answer.kind === "result" && answer.value && answer.value.args && answer.value.args.hide) return sallyport.refuse("hidden");
  return answer;
});
`;

export const scenarios: Record<string, Script> = {
  direct: { hook, hop: "port" },
  window: { hook, hop: "window" },
  relay: { carrier: "relay", hook },
  "relay-window": { carrier: "relay", hop: "window", hook },
  fallback: { deaf: true, hook },
  brownfield: { pattern: "brownfield" },
  "brownfield-relay": { pattern: "brownfield", carrier: "relay" },
  over: {},
  broken: { hook: 'throw new Error("the hook does not load")' },
  hookless: { hook: "" },
  last: {},
};
