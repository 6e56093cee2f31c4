// src/errors.ts
var messages = {
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
  closed: "the session is over; reload the page"
};
function messageOf(code) {
  return messages[code] ?? "";
}
var SallyportError = class extends Error {
  name = "SallyportError";
  /** Stable: one of the codes in docs/errors.md. */
  code;
  /** Leads to the core's record of the call. Empty if the call ended in the page, or before it had a number. */
  id;
  /** What the app's hook put beside the message (docs/hook.md, onAnswer), if anything. The core puts nothing here. */
  data;
  /** For tests and wrappers; invoke makes all others. */
  constructor(code, id = "", message = "", data) {
    super(message || messageOf(code) || code);
    this.code = code;
    this.id = id;
    this.data = data;
  }
};

// src/api.ts
var registry = /* @__PURE__ */ Symbol.for("sallyport.api");
var nobody = () => Promise.reject(new SallyportError("closed", "", "this page was not served by Sallyport"));
var elsewhere = {
  invoke: nobody,
  stream() {
    const result = nobody();
    result.catch(() => {
    });
    const fail = (controller) => result.catch((e) => controller.error(e));
    return { result, readable: new ReadableStream({ start: fail }), writable: new WritableStream({ start: fail }) };
  },
  emit: nobody,
  emitTo: nobody,
  listen: nobody,
  once: nobody,
  SallyportError
};
var api = Object.hasOwn(globalThis, registry) ? globalThis[registry] : elsewhere;
var invoke = api.invoke;
var stream = api.stream;
var emit = api.emit;
var emitTo = api.emitTo;
var listen = api.listen;
var once = api.once;
var SallyportError2 = api.SallyportError;
export {
  SallyportError2 as SallyportError,
  emit,
  emitTo,
  invoke,
  listen,
  once,
  stream
};
