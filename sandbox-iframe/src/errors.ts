/** The stable codes that a page can meet. docs/errors.md says what each one asks of the caller. */
export type Code =
  | "hook_refused"
  | "invalid_args"
  | "denied"
  | "too_large"
  | "rate_limited"
  | "busy"
  | "timeout"
  | "cancelled"
  | "failed"
  | "internal"
  | "unavailable"
  | "unknown_outcome"
  | "closed";

const messages: Record<Code, string> & { __proto__: null } = {
  __proto__: null,
  hook_refused: "the isolation hook refused the call",
  invalid_args: "the arguments are not what the command takes",
  denied: "the call is not permitted",
  too_large: "the call is too large or too deep",
  rate_limited: "too many calls in a short time",
  busy: "too many calls are waiting",
  timeout: "the call took too long",
  cancelled: "the call was cancelled",
  failed: "the command failed",
  internal: "the command could not be run",
  unavailable: "no call can be taken at the moment",
  unknown_outcome: "the connection dropped; the call may have been carried out",
  closed: "the session is over; reload the page",
};

/** The fixed text of a code, or nothing for one that this version does not know. */
export function messageOf(code: string): string {
  return messages[code as Code] ?? "";
}

/** What a failed call rejects with. */
export class SallyportError extends Error {
  override readonly name = "SallyportError";
  /** Stable: one of the codes in docs/errors.md. */
  readonly code: Code | (string & {});
  /** Leads to the core's record of the call. Empty if the call ended in the page, or before it had a number. */
  readonly id: string;
  /** What the app's hook put beside the message (docs/hook.md, onAnswer), if anything. The core puts nothing here. */
  readonly data: unknown;

  /** For tests and wrappers; invoke makes all others. */
  constructor(code: string, id = "", message = "", data?: unknown) {
    super(message || messageOf(code) || code);
    this.code = code;
    this.id = id;
    this.data = data;
  }
}
