"use strict";
(() => {
  // src/primordials.ts
  var { bind, call } = Function.prototype;
  var uncurry = bind.bind(call);
  function getter(prototype, name) {
    const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
    if (get === void 0) throw new TypeError(`sallyport: this browser has no ${name}`);
    return uncurry(get);
  }
  function setter(prototype, name) {
    const set = Object.getOwnPropertyDescriptor(prototype, name)?.set;
    if (set === void 0) throw new TypeError(`sallyport: this browser can't set ${name}`);
    return uncurry(set);
  }
  var { freeze, defineProperty, getPrototypeOf, setPrototypeOf, keys, hasOwn } = Object;
  var emptyList = () => setPrototypeOf([], null);
  var ObjectPrototype = Object.prototype;
  var ArrayPrototype = Array.prototype;
  var { isArray } = Array;
  var { parse: parseJSON, stringify: stringifyJSON } = JSON;
  var { isFinite, isSafeInteger } = Number;
  var { ceil, floor, max, min, random } = Math;
  var numberToString = uncurry(Number.prototype.toString);
  var charCodeAt = uncurry(String.prototype.charCodeAt);
  var includes = uncurry(String.prototype.includes);
  var MapOf = Map;
  var mapGet = uncurry(Map.prototype.get);
  var mapSet = uncurry(Map.prototype.set);
  var mapDelete = uncurry(Map.prototype.delete);
  var mapHas = uncurry(Map.prototype.has);
  var mapEach = uncurry(Map.prototype.forEach);
  var mapSize = getter(Map.prototype, "size");
  var PromiseOf = Promise;
  var when = uncurry(Promise.prototype.then);
  var Bytes = Uint8Array;
  var View = DataView;
  var typedArray = getPrototypeOf(Uint8Array.prototype);
  var setBytes = uncurry(Uint8Array.prototype.set);
  var fillBytes = uncurry(Uint8Array.prototype.fill);
  var byteLength = getter(typedArray, "byteLength");
  var byteOffset = getter(typedArray, "byteOffset");
  var bufferOf = getter(typedArray, "buffer");
  var bufferSize = getter(ArrayBuffer.prototype, "byteLength");
  var getUint32 = uncurry(DataView.prototype.getUint32);
  var setUint32 = uncurry(DataView.prototype.setUint32);
  var getUint16 = uncurry(DataView.prototype.getUint16);
  var setUint16 = uncurry(DataView.prototype.setUint16);
  var getUint8 = uncurry(DataView.prototype.getUint8);
  var setUint8 = uncurry(DataView.prototype.setUint8);
  var encoder = new TextEncoder();
  var decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  var encode = uncurry(TextEncoder.prototype.encode);
  var encodeInto = uncurry(TextEncoder.prototype.encodeInto);
  var decode = uncurry(TextDecoder.prototype.decode);
  var toUTF8 = (text2) => encode(encoder, text2);
  var intoUTF8 = (text2, into) => encodeInto(encoder, text2, into).written;
  var fromUTF8 = (bytes2) => decode(decoder, bytes2);
  var base64 = atob;
  var { subtle } = crypto;
  var webcrypto = freeze({
    getRandomValues: crypto.getRandomValues.bind(crypto),
    encrypt: subtle.encrypt.bind(subtle),
    decrypt: subtle.decrypt.bind(subtle),
    sign: subtle.sign.bind(subtle),
    importKey: subtle.importKey.bind(subtle),
    exportKey: subtle.exportKey.bind(subtle),
    generateKey: subtle.generateKey.bind(subtle),
    deriveBits: subtle.deriveBits.bind(subtle)
  });
  var microtask = queueMicrotask.bind(globalThis);
  var later = setTimeout.bind(globalThis);
  var never = clearTimeout.bind(globalThis);
  var debug = console.debug.bind(console);
  var elapsed = performance.now.bind(performance);
  var now = Date.now.bind(Date);

  // src/bytes.ts
  function concat(parts) {
    let size = 0;
    for (let i = 0; i < parts.length; i++) size += byteLength(parts[i]);
    const all = new Bytes(size);
    let at = 0;
    for (let i = 0; i < parts.length; i++) {
      setBytes(all, parts[i], at);
      at += byteLength(parts[i]);
    }
    return all;
  }
  function view(of, at, length) {
    return new Bytes(bufferOf(of), byteOffset(of) + at, length);
  }
  function numbers(of, length = byteLength(of)) {
    return new View(bufferOf(of), byteOffset(of), length);
  }
  function octets(...values) {
    const bytes2 = new Bytes(values.length);
    for (let i = 0; i < values.length; i++) bytes2[i] = values[i];
    return bytes2;
  }
  function isBuffer(value) {
    try {
      return bufferSize(value) >= 0;
    } catch {
      return false;
    }
  }
  function randomBytes(size) {
    const bytes2 = new Bytes(size);
    webcrypto.getRandomValues(bytes2);
    return bytes2;
  }
  var alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  function fromBase64URL(text2, size) {
    if (text2.length !== ceil(size * 4 / 3)) return void 0;
    let plain = "";
    for (let i = 0; i < text2.length; i++) {
      const c = text2[i];
      if (!includes(alphabet, c)) return void 0;
      plain += c === "-" ? "+" : c === "_" ? "/" : c;
    }
    while (plain.length % 4 !== 0) plain += "=";
    let raw;
    try {
      raw = base64(plain);
    } catch {
      return void 0;
    }
    if (raw.length !== size) return void 0;
    const bytes2 = new Bytes(size);
    for (let i = 0; i < size; i++) bytes2[i] = charCodeAt(raw, i);
    return bytes2;
  }
  var base32 = "abcdefghijklmnopqrstuvwxyz234567";
  function sessionName(id) {
    let name = "";
    let bits = 0;
    let held = 0;
    for (let i = 0; i < 5; i++) {
      held = held << 8 | id[i];
      bits += 8;
      for (; bits >= 5; bits -= 5) name += base32[held >> bits - 5 & 31];
      held &= (1 << bits) - 1;
    }
    return name;
  }

  // src/carrier.ts
  var CLOSE_OVER = 4001;

  // src/carrier-direct.ts
  function browserSockets() {
    const Native = WebSocket;
    const send = uncurry(Native.prototype.send);
    const close = uncurry(Native.prototype.close);
    const state = getter(Native.prototype, "readyState");
    const setType = setter(Native.prototype, "binaryType");
    const listen = uncurry(EventTarget.prototype.addEventListener);
    const data = getter(MessageEvent.prototype, "data");
    const code = getter(CloseEvent.prototype, "code");
    return (url) => {
      const native = new Native(url);
      setType(native, "arraybuffer");
      const socket = {
        get readyState() {
          return state(native);
        },
        send: (bytes2) => send(native, bytes2),
        close: () => close(native),
        onopen: null,
        onmessage: null,
        onclose: null
      };
      listen(native, "open", () => socket.onopen?.());
      listen(native, "message", (event) => socket.onmessage?.(data(event)));
      listen(native, "close", (event) => socket.onclose?.(code(event)));
      return socket;
    };
  }
  var OPEN = 1;
  function direct(url, connect2) {
    return {
      ordered: true,
      open(events) {
        const socket = connect2(url);
        socket.onopen = () => events.opened();
        socket.onmessage = (data) => {
          if (isBuffer(data)) return events.frame(new Bytes(data));
          link.close();
          events.dropped(false);
        };
        socket.onclose = (code) => events.dropped(code === CLOSE_OVER);
        const link = {
          send(frame) {
            if (socket.readyState !== OPEN) return false;
            socket.send(frame);
            return true;
          },
          close() {
            socket.onopen = socket.onmessage = socket.onclose = null;
            socket.close();
          },
          farewell() {
          }
        };
        return link;
      }
    };
  }

  // src/carrier-relay.ts
  var FAILURES = 8;
  function pack(frames) {
    const parts = emptyList();
    for (let i = 0; i < frames.length; i++) {
      const prefix = new Bytes(4);
      setUint32(numbers(prefix), 0, byteLength(frames[i]));
      parts[parts.length] = prefix;
      parts[parts.length] = frames[i];
    }
    return concat(parts);
  }
  function unpack(body) {
    const size = byteLength(body);
    const v = numbers(body);
    const frames = emptyList();
    let at = 0;
    while (at < size) {
      if (size - at < 4) return void 0;
      const n = getUint32(v, at);
      if (n > size - at - 4) return void 0;
      const frame = new Bytes(n);
      setBytes(frame, view(body, at + 4, n));
      frames[frames.length] = frame;
      at += 4 + n;
    }
    return frames;
  }
  function relay(courier) {
    return {
      ordered: false,
      open(events) {
        let failures = 0;
        courier.events = {
          body(body) {
            failures = 0;
            const frames = unpack(body) ?? [];
            for (let i = 0; i < frames.length; i++) events.frame(frames[i]);
          },
          lost() {
            if (++failures < FAILURES) events.lost();
            else events.dropped(true);
          },
          gone: () => events.dropped(true)
        };
        microtask(() => events.opened());
        return {
          send(frame) {
            courier.carry(pack([frame]));
            return true;
          },
          close() {
            courier.events = void 0;
          },
          farewell: (bye) => courier.farewell(pack([bye]))
        };
      }
    };
  }

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

  // src/json.ts
  var MAX_DEPTH = 128;
  var TooDeep = class extends Error {
  };
  function writeJSON(value) {
    return write(value, MAX_DEPTH);
  }
  function write(value, depth) {
    switch (typeof value) {
      case "string":
        return stringifyJSON(value);
      case "number":
        if (!isFinite(value)) break;
        return value === 0 ? "0" : numberToString(value);
      case "boolean":
        return value ? "true" : "false";
      case "object":
        if (value === null) return "null";
        if (depth === 0) throw new TooDeep("sallyport: the value nests too deeply or holds itself");
        return isArray(value) ? writeArray(value, depth - 1) : writeObject(value, depth - 1);
    }
    throw new TypeError("sallyport: a value is not JSON");
  }
  function writeArray(list, depth) {
    if (getPrototypeOf(list) !== ArrayPrototype) throw new TypeError("sallyport: an array is not a plain one");
    let text2 = "[";
    for (let i = 0, n = list.length; i < n; i++) {
      if (i > 0) text2 += ",";
      text2 += write(list[i], depth);
    }
    return text2 + "]";
  }
  function writeObject(object, depth) {
    const prototype = getPrototypeOf(object);
    if (prototype !== ObjectPrototype && prototype !== null) throw new TypeError("sallyport: an object is not a plain one");
    const names = keys(object);
    let text2 = "{";
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      const value = object[name];
      if (value === void 0) continue;
      if (text2.length > 1) text2 += ",";
      text2 += stringifyJSON(name) + ":" + write(value, depth);
    }
    return text2 + "}";
  }

  // src/client.ts
  var MAX_PENDING = 4096;
  var Client = class {
    #signals;
    #pending = new MapOf();
    #port;
    #ready;
    #closed = false;
    #calls = 0;
    constructor(signals) {
      this.#signals = signals;
    }
    /** The way to the core; before ready nothing is sent by it. */
    attach(port) {
      this.#port = port;
    }
    /** Follows the session. unavailable means nothing here: whoever attaches decides what to try next. */
    state(state) {
      if (state === "closed") return this.close();
      if (state !== "ready" || this.#closed) return;
      this.#ready = this.#port;
      mapEach(this.#pending, (call2) => {
        const { send } = call2;
        call2.send = void 0;
        send?.();
      });
    }
    /** Fails all calls, present and future. */
    close() {
      if (this.#closed) return;
      this.#closed = true;
      const open2 = emptyList();
      mapEach(this.#pending, (_, id) => {
        open2[open2.length] = id;
      });
      for (let i = 0; i < open2.length; i++) this.#fail(open2[i], "closed");
    }
    /** Settles a call by the core's or the frame's word. */
    reply(id, ok, json) {
      const call2 = this.#take(id);
      if (call2 === void 0) return;
      let value;
      try {
        value = parseJSON(json);
      } catch {
        return call2.reject(new SallyportError("internal"));
      }
      if (ok) return call2.resolve(value);
      const text2 = (name) => {
        const v = own(value, name);
        return typeof v === "string" ? v : "";
      };
      call2.reject(new SallyportError(text2("code") || "internal", text2("id"), text2("message"), own(value, "data")));
    }
    /** Calls a command. */
    invoke = (command, args = {}, options = {}) => new PromiseOf((resolve, reject) => {
      const fail = (code, message) => reject(new SallyportError(code, "", message));
      if (typeof command !== "string") return fail("invalid_args", "the command's name must be a string");
      let json;
      try {
        json = writeJSON(args);
      } catch {
        return fail("invalid_args", "the arguments must be plain JSON: null, booleans, finite numbers, strings, arrays and objects");
      }
      let signal;
      let limit;
      let aborted;
      try {
        limit = milliseconds(own(options, "timeout"));
        signal = own(options, "signal") ?? void 0;
        aborted = signal !== void 0 && this.#signals.aborted(signal);
      } catch {
        return fail("invalid_args", "a call's signal must be an AbortSignal, and its timeout a number of milliseconds");
      }
      if (aborted) return fail("cancelled");
      if (this.#closed) return fail("closed");
      if (mapSize(this.#pending) >= MAX_PENDING) return fail("busy");
      const id = ++this.#calls;
      const call2 = { send: void 0, resolve, reject, timer: void 0, end: void 0 };
      if (limit > 0) call2.timer = later(() => this.#abandon(id, "timeout"), limit);
      if (signal !== void 0) {
        const abort = () => this.#abandon(id, "cancelled");
        this.#signals.on(signal, abort);
        call2.end = () => this.#signals.off(signal, abort);
      }
      mapSet(this.#pending, id, call2);
      if (this.#ready !== void 0) this.#ready.call(id, command, json, limit);
      else call2.send = () => this.#ready?.call(id, command, json, limit);
    });
    #take(id) {
      const call2 = mapGet(this.#pending, id);
      if (call2 === void 0) return void 0;
      mapDelete(this.#pending, id);
      if (call2.timer !== void 0) never(call2.timer);
      call2.end?.();
      return call2;
    }
    #abandon(id, code) {
      if (this.#fail(id, code)) this.#ready?.cancel(id);
    }
    #fail(id, code) {
      const call2 = this.#take(id);
      call2?.reject(new SallyportError(code));
      return call2 !== void 0;
    }
  };
  function own(object, name) {
    return typeof object === "object" && object !== null && hasOwn(object, name) ? object[name] : void 0;
  }
  function milliseconds(timeout) {
    if (timeout === void 0 || timeout === null) return 0;
    if (typeof timeout !== "number" || !(timeout >= 0)) throw new TypeError("sallyport: no time");
    return min(ceil(timeout), 2 ** 31 - 1);
  }
  function readTicket(json) {
    const answer = parseJSON(json);
    if (typeof answer !== "object" || answer === null || answer.carrier !== "relay") return void 0;
    return typeof answer.frame === "string" ? answer.frame : void 0;
  }
  var emptyRequest = toUTF8("{}");

  // src/wire.ts
  var VERSION = 1;
  var HEADER = 12;
  var SESSION_ID = 16;
  var SECRET = 32;
  var KEY = 32;
  var PUBLIC_KEY = 65;
  var IV = 12;
  var TAG = 16;
  var NONCE = 32;
  var OVERHEAD = HEADER + IV + TAG;
  var MAX_ITEMS = 256;
  var MAX_SECTIONS = 64;
  var MAX_MEDIA_TYPE = 127;
  var MAX_COMMAND = 128;
  var STREAM_WINDOW = 1 << 20;
  var EVENT_WINDOW = 256 << 10;
  var MAX_FRAMES = 2 ** 24;
  var WINDOW = 1024;
  var Type = {
    hello: 1,
    ready: 2,
    batch: 3,
    ping: 4,
    pong: 5,
    rekey: 6,
    rekeyed: 7,
    resume: 8,
    challenge: 9,
    proof: 10,
    resumed: 11,
    bye: 12
  };
  var Direction = { up: 1, down: 2 };
  var carriers = { direct: 1, relay: 2 };
  var patterns = { isolation: 1, brownfield: 2 };
  var highest = 2 ** 21;
  function putHeader(frame, type, epoch, sequence) {
    const v = numbers(frame, HEADER);
    setUint8(v, 0, VERSION);
    setUint8(v, 1, type);
    setUint16(v, 2, epoch);
    putSequence(v, 4, sequence);
  }
  function parseHeader(frame) {
    if (byteLength(frame) < HEADER) return void 0;
    const v = numbers(frame, HEADER);
    const high = getUint32(v, 4);
    if (getUint8(v, 0) !== VERSION || high >= highest) return void 0;
    return { type: getUint8(v, 1), epoch: getUint16(v, 2), sequence: high * 2 ** 32 + getUint32(v, 8) };
  }
  function putSequence(into, at, sequence) {
    setUint32(into, at, floor(sequence / 2 ** 32));
    setUint32(into, at + 4, sequence >>> 0);
  }
  function resumeFrame(session) {
    const frame = new Bytes(HEADER + SESSION_ID);
    putHeader(frame, Type.resume, 0, 0);
    for (let i = 0; i < SESSION_ID; i++) frame[HEADER + i] = session[i];
    return frame;
  }

  // src/config.ts
  var wrong = (member) => {
    throw new TypeError(`sallyport: the configuration's ${member} is not what this runtime expects; core and runtime must be of one version`);
  };
  function fieldsOf(json) {
    const object = parseJSON(json);
    if (typeof object !== "object" || object === null) wrong("text");
    return (name) => hasOwn(object, name) ? object[name] : void 0;
  }
  function text(of, name) {
    const value = of(name);
    return typeof value === "string" ? value : wrong(name);
  }
  function oneOf(of, name, ...allowed) {
    const value = of(name);
    for (let i = 0; i < allowed.length; i++) if (value === allowed[i]) return allowed[i];
    return wrong(name);
  }
  function positive(of, name, least) {
    const value = of(name);
    return isSafeInteger(value) && value >= least ? value : wrong(name);
  }
  function bytes(of, name, size) {
    return fromBase64URL(text(of, name), size) ?? wrong(name);
  }
  function parseFrameConfig(json, pattern) {
    const of = fieldsOf(json);
    if (of("version") !== 1) wrong("version");
    const carrier = oneOf(of, "carrier", "direct", "relay");
    return {
      session: bytes(of, "session", SESSION_ID),
      sessionText: text(of, "session"),
      secret: bytes(of, "secret", SECRET),
      coreKey: bytes(of, "coreKey", PUBLIC_KEY),
      carrier,
      pattern: oneOf(of, "pattern", pattern),
      socket: carrier === "direct" ? text(of, "socket") : "",
      pageOrigin: text(of, "pageOrigin"),
      window: text(of, "window"),
      hookTimeout: pattern === "isolation" ? positive(of, "hookTimeout", 1) : 0,
      maxFrame: positive(of, "maxFrame", OVERHEAD + 256),
      hop: pattern === "isolation" && of("hop") !== void 0 ? oneOf(of, "hop", "auto", "port", "window") : "auto"
    };
  }
  function parsePageConfig(json) {
    const of = fieldsOf(json);
    if (of("version") !== 1) wrong("version");
    const pattern = oneOf(of, "pattern", "isolation", "brownfield");
    const handshake = of("handshake");
    return {
      pattern,
      window: text(of, "window"),
      frame: pattern === "isolation" ? text(of, "frame") : "",
      carrier: oneOf(of, "carrier", "direct", "relay"),
      relay: of("relay") === void 0 ? "" : text(of, "relay"),
      ticket: of("ticket") === void 0 ? void 0 : text(of, "ticket"),
      handshake: pattern === "brownfield" ? parseFrameConfig(stringifyJSON(handshake ?? wrong("handshake")), "brownfield") : void 0
    };
  }

  // src/items.ts
  var Up = { call: 1, cancel: 2, report: 3, hidden: 4, emit: 5, listen: 6, upload: 7, end: 8, credit: 9 };
  var Down = { result: 1, error: 2, item: 3, event: 4, end: 5, credit: 6, progress: 7 };
  var Cause = { refused: 1, threw: 2, malformed: 3, timeout: 4, dropped: 5 };
  var Kept = { call: 3, answer: 4 };
  var SHARED = 64 * 1024;
  var SMALL = 4 * 1024;
  var shared = new Bytes(SHARED);
  var used = 0;
  function callItem(id, timeout, wants, command, json, sections) {
    const n = byteLength(command);
    const item = bodied(11 + n, json, sections);
    put(item, Up.call, id);
    put32(item, 5, timeout);
    item[9] = wants;
    item[10] = n;
    setBytes(item, command, 11);
    return item;
  }
  var cancelItem = (id) => put(new Bytes(5), Up.cancel, id);
  function reportItem(kept, id, cause, what, name) {
    const text2 = toUTF8(name);
    const n = byteLength(text2);
    const item = put(new Bytes(8 + n), kept, id);
    item[5] = cause;
    item[6] = what;
    item[7] = n;
    setBytes(item, text2, 8);
    return item;
  }
  function bodied(head, json, sections) {
    const at = head + 5;
    if (json.length > SMALL || sections !== 0) return bodiedAlone(at, toUTF8(json), sections);
    const most = at + 3 * json.length;
    if (SHARED - used < most) {
      shared = new Bytes(SHARED);
      used = 0;
    }
    const m = intoUTF8(json, view(shared, used + at, 3 * json.length));
    const item = view(shared, used, at + m);
    used += at + m;
    item[at - 5] = 0;
    put32(item, at - 4, m);
    return item;
  }
  function bodiedAlone(at, text2, sections) {
    const m = byteLength(text2);
    const parts = emptyList();
    let size = at + m;
    if (sections !== 0) {
      for (let i = 0; i < sections.length; i++) {
        const part = sections[i];
        const bytes2 = parts[i] = typeof part === "string" ? toUTF8(part) : part;
        size += (i % 2 === 0 ? 1 : 4) + byteLength(bytes2);
      }
    }
    const item = new Bytes(size);
    item[at - 5] = parts.length / 2;
    put32(item, at - 4, m);
    setBytes(item, text2, at);
    at += m;
    for (let i = 0; i < parts.length; i++) {
      const n = byteLength(parts[i]);
      if (i % 2 === 0) item[at++] = n;
      else {
        put32(item, at, n);
        at += 4;
      }
      setBytes(item, parts[i], at);
      at += n;
    }
    return item;
  }
  function put(item, kind, id) {
    item[0] = kind;
    put32(item, 1, id);
    return item;
  }
  function put32(item, at, n) {
    item[at] = n >>> 24;
    item[at + 1] = n >>> 16;
    item[at + 2] = n >>> 8;
    item[at + 3] = n;
  }
  function parseItems(plaintext) {
    const items = emptyList();
    const r = { bytes: plaintext, v: numbers(plaintext), size: byteLength(plaintext), at: 0 };
    while (r.at < r.size) {
      if (items.length === MAX_ITEMS) throw new TypeError("sallyport: too many items");
      items[items.length] = parseItem(r);
    }
    if (items.length === 0) throw new TypeError("sallyport: an empty batch");
    return items;
  }
  function parseItem(r) {
    const start = r.at;
    const kind = take8(r);
    const id = take32(r);
    let json = "";
    let sections = 0;
    let offset = 0;
    let number = 0;
    let text2 = "";
    if (kind === Down.result) {
      const n = take8(r);
      json = takeText(r, take32(r));
      if (n > 0) sections = takeSections(r, n);
    } else if (kind === Down.error) {
      json = takeText(r, take32(r));
    } else if (kind === Down.item || kind === Down.event) {
      offset = take64(r);
      if (kind === Down.event) {
        number = take64(r);
        text2 = takeText(r, take8(r));
      }
      const n = take8(r);
      json = takeText(r, take32(r));
      if (n > 0) sections = takeSections(r, n);
    } else if (kind === Down.end || kind === Down.credit) {
      offset = take64(r);
    } else if (kind === Down.progress) {
      offset = take64(r);
      number = take64(r);
      text2 = takeText(r, take8(r));
    } else throw new TypeError("sallyport: an unknown item");
    return { kind, id, json, sections, offset, number, text: text2, size: r.at - start };
  }
  function takeSections(r, n) {
    if (n > MAX_SECTIONS) throw new TypeError("sallyport: too many sections");
    const sections = emptyList();
    for (let i = 0; i < n; i++) {
      const type = takeText(r, take8(r));
      if (!isMediaType(type)) throw new TypeError("sallyport: a media type that is none");
      sections[2 * i] = type;
      sections[2 * i + 1] = takeBytes(r, take32(r));
    }
    return sections;
  }
  function advance(r, n) {
    const at = r.at;
    if (r.size - at < n) throw new TypeError("sallyport: a cut item");
    r.at = at + n;
    return at;
  }
  var take8 = (r) => getUint8(r.v, advance(r, 1));
  var take32 = (r) => getUint32(r.v, advance(r, 4));
  var takeBytes = (r, n) => view(r.bytes, advance(r, n), n);
  var takeText = (r, n) => n === 0 ? "" : fromUTF8(takeBytes(r, n));
  var TWO32 = 2 ** 32;
  function take64(r) {
    const high = take32(r);
    const low = take32(r);
    if (high >= 2 ** 21) throw new TypeError("sallyport: a number that can't be exact");
    return high * TWO32 + low;
  }
  function isMediaType(text2) {
    if (text2.length > MAX_MEDIA_TYPE) return false;
    let names = 1;
    let size = 0;
    for (let i = 0; i < text2.length; i++) {
      const c = charCodeAt(text2, i);
      if (c === 47 && size > 0 && names === 1) {
        names = 2;
        size = 0;
        continue;
      }
      const plain = c >= 97 && c <= 122 || c >= 48 && c <= 57;
      if (!plain && (size === 0 || !isMark(c))) return false;
      size++;
    }
    return names === 2 && size > 0;
  }
  var isMark = (c) => c === 33 || c === 35 || c === 36 || c === 38 || c === 43 || c === 45 || c === 46 || c === 94 || c === 95;

  // src/hook.ts
  var passAll = (question, done) => done({ pass: true, command: question.command, json: question.json });

  // src/hop.ts
  function captureMessages() {
    const Channel = MessageChannel;
    const add = uncurry(EventTarget.prototype.addEventListener);
    const postPort = uncurry(MessagePort.prototype.postMessage);
    const ports = getter(MessageEvent.prototype, "ports");
    return {
      trusted: getter(new Event(""), "isTrusted"),
      // every event has its own, by the same getter
      source: getter(MessageEvent.prototype, "source"),
      origin: getter(MessageEvent.prototype, "origin"),
      data: getter(MessageEvent.prototype, "data"),
      port: (event) => ports(event)[0],
      // A window of another origin has no prototype to look at; its postMessage is its own.
      post: (to, message, origin, port) => port === void 0 ? to.postMessage(message, origin) : to.postMessage(message, origin, [port]),
      postPort,
      start: uncurry(MessagePort.prototype.start),
      listen: add,
      channel: () => new Channel()
    };
  }
  var Batched = class {
    #list = emptyList();
    #scheduled = false;
    #post;
    constructor(post) {
      this.#post = post;
    }
    say(...members) {
      for (let i = 0; i < members.length; i++) this.#list[this.#list.length] = members[i];
      if (this.#scheduled) return;
      this.#scheduled = true;
      microtask(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
    flush() {
      if (this.#list.length === 0) return;
      const said = this.#list;
      this.#list = emptyList();
      this.#post(said);
    }
  };
  function meet(m, self, frame, met, hear) {
    let way = "none";
    m.listen(self, "message", (e) => {
      const event = e;
      if (way === "port" || way === "stopped" || !m.trusted(event)) return;
      const source = m.source(event);
      if (source === null || source !== frame() || m.origin(event) !== "null") return;
      const data = m.data(event);
      if (way === "window") return hear(data);
      if (typeof data !== "object" || data === null || data.sallyport !== 1) return;
      const port = m.port(event);
      if (data.hop === "port" && port !== void 0) {
        way = "port";
        m.listen(port, "message", (event2) => {
          if (way !== "stopped") hear(m.data(event2));
        });
        m.start(port);
        met(new Batched((list) => m.postPort(port, list)), data.relay);
      } else if (data.hop === "window") {
        way = "window";
        met(new Batched((list) => m.post(source, list, "*")), data.relay);
      }
    });
    return {
      stop() {
        way = "stopped";
      }
    };
  }

  // src/protocol.ts
  var Ask = { call: 1, cancel: 2, body: 3, lost: 4, gone: 5 };
  var Tell = { result: 1, error: 2, state: 3, body: 4, farewell: 5 };
  function readTold(list, to) {
    if (!isArray(list)) return;
    for (let i = 0; i < list.length; ) {
      const kind = list[i];
      const a = list[i + 1];
      if (kind === Tell.result || kind === Tell.error) {
        const json = list[i + 2];
        if (!isSafeInteger(a) || typeof json !== "string") return;
        to.reply(a, kind === Tell.result, json);
        i += 3;
      } else if (kind === Tell.state && (a === "ready" || a === "closed" || a === "unavailable")) {
        to.state(a);
        i += 2;
      } else if ((kind === Tell.body || kind === Tell.farewell) && isBuffer(a)) {
        if (kind === Tell.body) to.body(a);
        else to.farewell(a);
        i += 2;
      } else return;
    }
  }

  // src/pump.ts
  var SENDERS = 3;
  var EARLY = 4;
  var nothing = new Bytes(0);
  var Pump = class {
    #url;
    #post;
    #events;
    #waiting = emptyList();
    #sending = 0;
    #polling = false;
    #failures = 0;
    #early = EARLY;
    #stopped = false;
    #bye;
    constructor(url, post, events) {
      this.#url = url;
      this.#post = post;
      this.#events = events;
    }
    /** Sends a body as soon as there is room. */
    carry(body) {
      if (this.#stopped) return;
      this.#waiting[this.#waiting.length] = body;
      this.#next();
    }
    /** Keeps the body that ends the session for the moment when the document goes away. */
    farewell(body) {
      this.#bye = body;
    }
    /** Ends the session, and the pump. */
    leave() {
      if (this.#stopped) return;
      this.stop();
      if (this.#bye !== void 0) void when(this.#post(this.#url, this.#bye, true), ignore, ignore);
    }
    stop() {
      this.#stopped = true;
      this.#waiting = emptyList();
    }
    #next() {
      if (this.#stopped || this.#sending >= SENDERS || this.#waiting.length === 0) return;
      const body = this.#waiting[0];
      const left = emptyList();
      for (let i = 1; i < this.#waiting.length; i++) left[i - 1] = this.#waiting[i];
      this.#waiting = left;
      this.#sending++;
      this.#request(body, () => {
        this.#sending--;
        this.#next();
      });
      this.#next();
    }
    // The first poll waits for the first answer: before the hello has arrived
    // the core knows no session to ask for.
    #poll() {
      if (this.#stopped || this.#polling) return;
      this.#polling = true;
      this.#request(nothing, () => {
        this.#polling = false;
        this.#poll();
      });
    }
    #request(body, done) {
      void when(
        this.#post(this.#url, body, false),
        ({ status, body: answer }) => {
          if (this.#stopped) return;
          if (status === 404 && this.#early-- > 0) return this.#later(() => (done(), this.#lost()));
          if (status === 404 || status === 410) {
            this.stop();
            return this.#events.gone();
          }
          if (status !== 200) return this.#failed(done);
          this.#failures = this.#early = 0;
          if (bufferSize(answer) > 0 || byteLength(body) > 0) this.#events.body(answer);
          done();
          this.#poll();
        },
        () => this.#failed(done)
      );
    }
    #failed(done) {
      this.#lost();
      this.#later(done);
    }
    #lost() {
      if (!this.#stopped) this.#events.lost();
    }
    #later(run) {
      if (this.#stopped) return;
      this.#failures++;
      later(run, min(3e3, 50 * 2 ** this.#failures) * (0.5 + random() / 2));
    }
  };
  var ignore = () => {
  };

  // src/reports.ts
  var BURST = 20;
  var PER_SECOND = 10;
  var Reports = class {
    #tokens = BURST;
    #refilled = now();
    #dropped = 0;
    // and not told yet
    #told = 0;
    // of this burst
    #waiting = false;
    #send;
    constructor(send) {
      this.#send = send;
    }
    /** Reports one item that was kept back; what is its kind. */
    report(kept, id, cause, what, command) {
      this.#refill();
      if (this.#tokens >= 1) {
        this.#tokens--;
        return this.#send(reportItem(kept, id, cause, what, command));
      }
      this.#dropped++;
      if (this.#dropped >= this.#told) this.#tell();
      this.#wait();
    }
    #refill() {
      const time = now();
      this.#tokens = min(BURST, this.#tokens + (time - this.#refilled) * PER_SECOND / 1e3);
      this.#refilled = time;
    }
    #tell() {
      this.#told += this.#dropped;
      this.#send(reportItem(Kept.call, this.#dropped, Cause.dropped, 0, ""));
      this.#dropped = 0;
    }
    // A burst is over after a second in which nothing is left to tell.
    #wait() {
      if (this.#waiting) return;
      this.#waiting = true;
      later(() => {
        this.#waiting = false;
        if (this.#dropped === 0) {
          this.#told = 0;
          return;
        }
        this.#tell();
        this.#wait();
      }, 1e3);
    }
  };

  // src/calls.ts
  var MAX_CALLS = 4096;
  var MAX_HELD = 32 * 1024 * 1024;
  var FULL = 2 ** 32 - 1;
  var Calls = class {
    #config;
    #reports;
    #byPage = new MapOf();
    #byID = new MapOf();
    #lastCommand = "";
    #lastName = toUTF8("");
    #held = 0;
    #judged = 0;
    #judging = 0;
    // what the hook is at: calls, the page's cancelled ones too, cancellations and answers
    #ids = 0;
    #closed = false;
    constructor(config) {
      this.#config = config;
      this.#reports = new Reports((item) => config.send(entryOf(item)));
    }
    /** Takes a call of the page; timeout is in milliseconds, 0 for none. */
    call(page, command, json, timeout) {
      if (mapHas(this.#byPage, page)) return;
      if (this.#closed) return this.#refuse(page, "closed");
      if (json.length > this.#config.maxPlaintext) return this.#refuse(page, "too_large");
      if (command === "" || command.length > MAX_COMMAND || byteLength(this.#nameOf(command)) > MAX_COMMAND) return this.#refuse(page, "denied");
      if (mapSize(this.#byPage) >= MAX_CALLS || this.#judging >= MAX_CALLS || this.#held + json.length > MAX_HELD) return this.#refuse(page, "busy");
      const call2 = { page, hookID: ++this.#judged, command, json, id: 0, entry: void 0, sent: false, judging: true, cancelled: false };
      mapSet(this.#byPage, page, call2);
      this.#held += json.length;
      this.#judging++;
      this.#config.judge(questionOf("call", call2), (verdict) => {
        this.#judging--;
        call2.judging = false;
        if (call2.cancelled) this.#held -= call2.json.length;
        if (this.#closed) return;
        if (!verdict.pass) return this.#keep(call2, verdict.cause);
        const name = this.#nameOf(verdict.command);
        const n = byteLength(name);
        if (n === 0 || n > MAX_COMMAND) return this.#keep(call2, Cause.malformed);
        if (call2.cancelled) return;
        if (verdict.json.length > this.#config.maxPlaintext) return this.#fail(call2, "too_large");
        this.#held += verdict.json.length - call2.json.length;
        call2.command = verdict.command;
        call2.json = verdict.json;
        const item = callItem(this.#ids + 1, timeout, 0, name, verdict.json, 0);
        if (byteLength(item) > this.#config.maxPlaintext) return this.#fail(call2, "too_large");
        if (!this.#number(call2)) return;
        mapSet(this.#byID, call2.id, call2);
        call2.entry = entryOf(item, () => this.#sent(call2));
        this.#config.send(call2.entry);
      });
    }
    // UTF-8 of a command's name. A page mostly repeats the last one.
    #nameOf(command) {
      if (command !== this.#lastCommand) {
        this.#lastName = toUTF8(command);
        this.#lastCommand = command;
      }
      return this.#lastName;
    }
    /** Takes a cancellation. The page has its error already and gets no other. */
    cancel(page) {
      const call2 = mapGet(this.#byPage, page);
      if (call2 === void 0) return;
      call2.cancelled = true;
      this.#forget(call2);
      if (call2.sent) this.#sendCancel(call2);
      else if (call2.entry !== void 0) call2.entry.item = void 0;
    }
    /** Takes the core's answers. */
    deliver(items) {
      for (let i = 0; i < items.length; i++) {
        const { kind, id, json } = items[i];
        if (kind !== Down.result && kind !== Down.error) continue;
        const ok = kind === Down.result;
        const call2 = mapGet(this.#byID, id);
        if (call2 === void 0 || !call2.sent) continue;
        this.#forget(call2);
        const judge = this.#config.judgeAnswer;
        if (judge === void 0) {
          this.#config.reply(call2.page, ok, json);
          continue;
        }
        this.#judging++;
        judge(ok, json, questionOf("call", call2), (verdict) => {
          this.#judging--;
          if (verdict.pass) return this.#config.reply(call2.page, ok, verdict.json);
          if (!this.#closed) this.#reports.report(Kept.answer, call2.id, verdict.cause, kind, call2.command);
          this.#config.reply(call2.page, false, errorJSON("hook_refused", this.#idOf(call2)));
        });
      }
    }
    /** Gives up what was sent: it is never sent again. */
    interrupted() {
      this.#sweep((call2) => call2.sent ? "unknown_outcome" : void 0);
    }
    /** Gives up everything, for good. */
    closed() {
      if (this.#closed) return;
      this.#closed = true;
      this.#sweep((call2) => call2.sent ? "unknown_outcome" : "closed");
    }
    #sweep(codeOf) {
      const ended = emptyList();
      mapEach(this.#byPage, (call2) => {
        const code = codeOf(call2);
        if (code !== void 0) ended[ended.length] = { call: call2, code };
      });
      for (let i = 0; i < ended.length; i++) this.#fail(ended[i].call, ended[i].code);
    }
    // The verdict was to keep it back: the page learns that, and the record why.
    // A page that has cancelled the call meanwhile learns nothing, but keeps
    // nothing off the record.
    #keep(call2, cause) {
      if (cause === "invalid") return this.#fail(call2, "invalid_args");
      if (!this.#number(call2)) return;
      this.#reports.report(Kept.call, call2.id, cause, Up.call, call2.command);
      this.#fail(call2, "hook_refused");
    }
    // Numbers are given at the verdict, so that they count up on the wire
    // however long a hook takes over one call.
    #number(call2) {
      if (this.#ids >= FULL) {
        this.#fail(call2, "closed");
        return false;
      }
      call2.id = ++this.#ids;
      return true;
    }
    #sent(call2) {
      call2.sent = true;
      call2.entry = void 0;
      if (call2.cancelled) this.#sendCancel(call2);
    }
    #sendCancel(call2) {
      this.#judging++;
      this.#config.judge(questionOf("cancel", call2), (verdict) => {
        this.#judging--;
        if (this.#closed) return;
        if (verdict.pass) this.#config.send(entryOf(cancelItem(call2.id)));
        else if (typeof verdict.cause === "number") this.#reports.report(Kept.call, call2.id, verdict.cause, Up.cancel, call2.command);
      });
    }
    #idOf(call2) {
      return call2.id === 0 ? "" : `${this.#config.prefix}-${call2.id}`;
    }
    #forget(call2) {
      if (!mapDelete(this.#byPage, call2.page)) return;
      mapDelete(this.#byID, call2.id);
      if (!call2.judging) this.#held -= call2.json.length;
    }
    #fail(call2, code) {
      if (call2.cancelled) return;
      call2.cancelled = true;
      this.#forget(call2);
      this.#config.reply(call2.page, false, errorJSON(code, this.#idOf(call2)));
    }
    #refuse(page, code) {
      this.#config.reply(page, false, errorJSON(code, ""));
    }
  };
  function questionOf(kind, call2) {
    return { kind, id: call2.hookID, command: call2.command, json: call2.json };
  }
  function errorJSON(code, id) {
    return `{"code":${stringifyJSON(code)},"id":${stringifyJSON(id)},"message":${stringifyJSON(messageOf(code))}}`;
  }
  function entryOf(item, sent = () => {
  }) {
    return { item, sent };
  }

  // src/envelope.ts
  function associatedData(header, direction, session) {
    const data = new Bytes(HEADER + 1 + SESSION_ID);
    setBytes(data, header);
    data[HEADER] = direction;
    setBytes(data, session, HEADER + 1);
    return data;
  }
  async function seal(key, to, plaintext, iv) {
    const frame = new Bytes(OVERHEAD + byteLength(plaintext));
    putHeader(frame, to.type, to.epoch, to.sequence);
    if (iv === void 0) putSequence(numbers(frame), HEADER + 4, to.sequence);
    else setBytes(frame, iv, HEADER);
    const sealed = await webcrypto.encrypt(
      parameters(view(frame, HEADER, IV), associatedData(view(frame, 0, HEADER), to.direction, to.session)),
      key,
      plaintext
    );
    setBytes(frame, new Bytes(sealed), HEADER + IV);
    return frame;
  }
  async function open(key, direction, session, frame) {
    const size = byteLength(frame);
    if (size < OVERHEAD) throw new TypeError("sallyport: the frame is too short");
    const plaintext = await webcrypto.decrypt(
      parameters(view(frame, HEADER, IV), associatedData(view(frame, 0, HEADER), direction, session)),
      key,
      view(frame, HEADER + IV, size - HEADER - IV)
    );
    return new Bytes(plaintext);
  }
  function parameters(iv, additionalData) {
    return { __proto__: null, name: "AES-GCM", iv, additionalData, tagLength: TAG * 8 };
  }

  // src/epochs.ts
  var Epochs = class {
    #ordered;
    #keys;
    #number = 0;
    #next;
    #before;
    #used = 0;
    /** ordered: whether frames arrive in order, so that nothing of an epoch can follow its end. */
    constructor(ordered) {
      this.#ordered = ordered;
    }
    /** The number of the keys in force; 0 after the hello. */
    get number() {
      return this.#number;
    }
    /** The keys in force; undefined before the hello and after the end. */
    get keys() {
      return this.#keys;
    }
    /** Puts the first keys in force. */
    begin(keys2) {
      this.#keys = keys2;
    }
    /** Counts one frame to be sealed; false when the key has sealed all that it may. */
    use() {
      return ++this.#used <= MAX_FRAMES;
    }
    /** Keeps the keys that have been sealed to the core; undefined forgets them. */
    offer(keys2) {
      this.#next = keys2;
    }
    /** Puts the offered keys in force. readyAt is the number of the frame that says so. */
    adopt(readyAt) {
      if (!this.#ordered) this.#before = { down: this.#keys.down, below: readyAt };
      this.#keys = this.#next;
      this.#next = void 0;
      this.#number++;
      this.#used = 0;
    }
    /** The key that a frame of this header must be opened with, if it may come at all. */
    down(type, epoch, sequence) {
      if (epoch === this.#number) return this.#keys?.down;
      if (epoch === this.#number + 1) {
        return type === Type.ready || type === Type.challenge || !this.#ordered ? this.#next?.down : void 0;
      }
      if (epoch === this.#number - 1 && this.#before !== void 0 && sequence < this.#before.below) return this.#before.down;
      return void 0;
    }
    /** Drops all keys. */
    end() {
      this.#keys = this.#next = this.#before = void 0;
    }
  };

  // src/hpke.ts
  var version = toUTF8("HPKE-v1");
  var kem = concat([toUTF8("KEM"), octets(0, 16)]);
  var suite = concat([toUTF8("HPKE"), octets(0, 16, 0, 1, 0, 2)]);
  var empty = new Bytes(0);
  var zeros = new Bytes(32);
  var curve = { __proto__: null, name: "ECDH", namedCurve: "P-256" };
  var mac = { __proto__: null, name: "HMAC", hash: "SHA-256" };
  async function hmac(key, data) {
    const k = await webcrypto.importKey("raw", key, mac, false, ["sign"]);
    return new Bytes(await webcrypto.sign("HMAC", k, data));
  }
  function extract(id, label, ikm, salt = zeros) {
    return hmac(salt, concat([version, id, toUTF8(label), ikm]));
  }
  async function expand(id, prk, label, info2, size) {
    const labeled = concat([octets(0, size), version, id, toUTF8(label), info2, octets(1)]);
    return view(await hmac(prk, labeled), 0, size);
  }
  async function sharedSecret(privateKey, publicKey, enc, recipient) {
    const agreed = { __proto__: null, name: "ECDH", public: publicKey };
    const dh = new Bytes(await webcrypto.deriveBits(agreed, privateKey, 256));
    const prk = await extract(kem, "eae_prk", dh);
    const shared2 = await expand(kem, prk, "shared_secret", concat([enc, recipient]), 32);
    fillBytes(dh, 0);
    fillBytes(prk, 0);
    return shared2;
  }
  async function schedule(shared2, info2) {
    const psk = await extract(suite, "psk_id_hash", empty);
    const context = concat([octets(0), psk, await extract(suite, "info_hash", info2)]);
    const secret = await extract(suite, "secret", empty, shared2);
    const key = await expand(suite, secret, "key", context, 32);
    const nonce = await expand(suite, secret, "base_nonce", context, 12);
    fillBytes(secret, 0);
    return { key, nonce };
  }
  function importPublic(point) {
    return webcrypto.importKey("raw", point, curve, true, []);
  }
  function ephemeral() {
    return webcrypto.generateKey(curve, false, ["deriveBits"]);
  }
  async function sealTo(recipient, info2, plaintext, pair) {
    const enc = new Bytes(await webcrypto.exportKey("raw", pair.publicKey));
    const shared2 = await sharedSecret(pair.privateKey, await importPublic(recipient), enc, recipient);
    const { key, nonce } = await schedule(shared2, info2);
    fillBytes(shared2, 0);
    const aead = await webcrypto.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
    fillBytes(key, 0);
    const parameters2 = { __proto__: null, name: "AES-GCM", iv: nonce, additionalData: empty, tagLength: 128 };
    const sealed = await webcrypto.encrypt(parameters2, aead, plaintext);
    return concat([enc, new Bytes(sealed)]);
  }
  var sealOverhead = 65 + 16;

  // src/keys.ts
  async function importKeys(raw) {
    const up = view(raw, 0, KEY);
    const down = view(raw, KEY, KEY);
    return {
      up: await webcrypto.importKey("raw", up, "AES-GCM", false, ["encrypt"]),
      down: await webcrypto.importKey("raw", down, "AES-GCM", false, ["decrypt"])
    };
  }
  function info(to, epoch) {
    const label = toUTF8(epoch === void 0 ? "sallyport/1 hello" : "sallyport/1 rekey");
    const bound = concat([label, octets(carriers[to.carrier], patterns[to.pattern]), to.session]);
    return epoch === void 0 ? bound : concat([bound, octets(epoch >> 8, epoch & 255)]);
  }
  async function negotiate(to, secret, corePublic, epoch) {
    const raw = randomBytes(2 * KEY);
    const plaintext = new Bytes(SECRET + 2 * KEY);
    try {
      setBytes(plaintext, secret);
      setBytes(plaintext, raw, SECRET);
      const sealed = await sealTo(corePublic, info(to, epoch), plaintext, await ephemeral());
      return { keys: await importKeys(raw), sealed };
    } finally {
      fillBytes(raw, 0);
      fillBytes(plaintext, 0);
      fillBytes(secret, 0);
    }
  }
  function helloFrame(session, sealed) {
    const header = new Bytes(HEADER);
    putHeader(header, Type.hello, 0, 0);
    return concat([header, session, sealed]);
  }

  // src/outbox.ts
  var ROOM = 1024;
  var Outbox = class {
    #entries = emptyList();
    #room = ROOM;
    push(entry) {
      if (this.#entries.length >= this.#room) {
        this.#entries = joined([], this.#entries, 0);
        this.#room = max(ROOM, 2 * this.#entries.length);
      }
      this.#entries[this.#entries.length] = entry;
    }
    /** Takes the next batch: at most MAX_ITEMS entries of together most bytes, but at least one if there is any. */
    take(most) {
      const batch = emptyList();
      let size = 0;
      let i = 0;
      for (; i < this.#entries.length && batch.length < MAX_ITEMS; i++) {
        const entry = this.#entries[i];
        if (entry.item === void 0) continue;
        size += byteLength(entry.item);
        if (size > most && batch.length > 0) break;
        batch[batch.length] = entry;
      }
      this.#entries = joined([], this.#entries, i);
      return batch;
    }
    /** Puts a batch that never left back in front. */
    putBack(batch) {
      this.#entries = joined(batch, this.#entries, 0);
    }
    clear() {
      this.#entries = emptyList();
    }
  };
  function joined(first, second, from) {
    const all = emptyList();
    for (let i = 0; i < first.length; i++) if (first[i].item !== void 0) all[all.length] = first[i];
    for (let i = from; i < second.length; i++) if (second[i].item !== void 0) all[all.length] = second[i];
    return all;
  }

  // src/sequence.ts
  var Strict = class {
    #last = 0;
    admits(sequence, skip) {
      return skip ? sequence > this.#last : sequence === this.#last + 1;
    }
    take(sequence) {
      this.#last = sequence;
    }
  };
  var Window = class {
    #highest = 0;
    #seen = new Bytes(WINDOW);
    admits(sequence) {
      if (sequence <= 0 || sequence <= this.#highest - WINDOW) return false;
      return sequence > this.#highest || this.#seen[sequence % WINDOW] === 0;
    }
    take(sequence) {
      if (sequence - this.#highest >= WINDOW) {
        fillBytes(this.#seen, 0);
        this.#highest = sequence;
      }
      while (this.#highest < sequence) this.#seen[++this.#highest % WINDOW] = 0;
      this.#seen[sequence % WINDOW] = 1;
    }
  };

  // src/session.ts
  var patience = { firstTries: 4, resumeFor: 2e4, unheard: 3, answerWithin: 1e4 };
  var nothing2 = new Bytes(0);
  var Session = class {
    #config;
    #events;
    #incoming;
    #phase = "new";
    #epochs;
    #sequence = 0;
    #link;
    #attempt;
    #tries = 0;
    #droppedAt;
    #unheard = 0;
    #timer;
    #greeting = "hello";
    #confirmed = false;
    #hello = nothing2;
    #bye = nothing2;
    #awaited;
    // what the core's ready will answer, to be sent again if the relay lost it
    #outbox = new Outbox();
    #control = emptyList();
    #silent = false;
    // rekeyed is out: nothing more until ready
    #pumping = false;
    #deaf = false;
    // the link takes nothing more, and will say that it has dropped
    #scheduled = false;
    constructor(config, events) {
      this.#config = config;
      this.#events = events;
      this.#epochs = new Epochs(config.carrierOf.ordered);
      this.#incoming = config.carrierOf.ordered ? new Strict() : new Window();
    }
    /** The largest plaintext of one frame. */
    get maxPlaintext() {
      return this.#config.maxFrame - OVERHEAD;
    }
    /** Makes the keys and connects. */
    async start() {
      const { keys: keys2, sealed } = await negotiate(this.#config, this.#config.secret, this.#config.coreKey);
      if (this.#phase !== "new") return;
      this.#epochs.begin(keys2);
      this.#hello = helloFrame(this.#config.session, sealed);
      await this.#sealBye();
      if (this.#phase === "new") this.#connect();
    }
    /** Queues an item for the batch that is sealed at the end of this turn. */
    send(entry) {
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
    leave() {
      if (this.#phase === "closed") return;
      if (this.#epochs.keys !== void 0) this.#link?.send(this.#bye);
      this.#close();
    }
    #close() {
      if (this.#phase === "closed") return;
      this.#phase = "closed";
      this.#disconnect();
      this.#epochs.end();
      this.#outbox.clear();
      this.#events.closed();
    }
    // Connecting.
    #connect() {
      const attempt = { inbox: emptyList(), opening: false };
      this.#attempt = attempt;
      const current = (act) => () => {
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
        lost: current(() => this.#lost())
      });
    }
    #opened() {
      if (this.#greeting === "hello") {
        this.#phase = "hello";
        this.#awaited = this.#hello;
        this.#link?.send(this.#hello);
      } else {
        this.#phase = "resume";
        this.#link?.send(resumeFrame(this.#config.session));
      }
    }
    #disconnect() {
      never(this.#timer);
      this.#attempt = void 0;
      this.#link?.close();
      this.#link = void 0;
      this.#control = emptyList();
      this.#silent = false;
      this.#deaf = false;
    }
    #dropped(over) {
      if (this.#phase === "closed") return;
      const { patience: patience2 } = this.#config;
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
        if (this.#unheard >= patience2.unheard || now() - this.#droppedAt > patience2.resumeFor || !this.#config.carrierOf.ordered) return this.#close();
      } else if (this.#tries >= patience2.firstTries) {
        this.#phase = "closed";
        this.#epochs.end();
        return this.#events.unavailable();
      } else if (spoke && this.#config.carrierOf.ordered) {
        this.#greeting = this.#greeting === "hello" ? "resume" : "hello";
      }
      later(() => {
        if (this.#phase === "waiting") this.#connect();
      }, min(2e3, 40 * 2 ** this.#tries) * (0.5 + random() / 2));
    }
    // The relay lost a request. What only needs to arrive is sent again as it
    // was (the core takes a number once); calls never are.
    #lost() {
      if (this.#awaited !== void 0) this.#link?.send(this.#awaited);
      if (this.#confirmed) this.#events.interrupted();
    }
    #ready() {
      never(this.#timer);
      this.#phase = "open";
      this.#awaited = void 0;
      this.#silent = false;
      this.#tries = 0;
      this.#droppedAt = void 0;
      if (!this.#confirmed) {
        this.#confirmed = true;
        this.#hello = nothing2;
      }
      this.#link?.farewell(this.#bye);
      this.#events.ready();
      void this.#pump();
    }
    // Sending.
    async #pump() {
      if (this.#pumping || this.#deaf) return;
      this.#pumping = true;
      try {
        for (; ; ) {
          const control = this.#takeControl();
          const batch = control === void 0 && this.#phase === "open" ? this.#outbox.take(this.maxPlaintext) : [];
          if (control === void 0 && batch.length === 0) return;
          const keys2 = this.#epochs.keys;
          if (keys2 === void 0 || !this.#epochs.use()) return this.#close();
          const link = this.#link;
          const type = control?.type ?? Type.batch;
          if (type === Type.rekeyed) this.#silent = true;
          const address = { type, epoch: this.#epochs.number, sequence: ++this.#sequence, direction: Direction.up, session: this.#config.session };
          const frame = await seal(keys2.up, address, control?.plaintext ?? plaintextOf(batch));
          const current = link !== void 0 && link === this.#link;
          if (!current || !link.send(frame)) {
            this.#outbox.putBack(batch);
            if (!current) continue;
            this.#deaf = true;
            return;
          }
          if (type === Type.rekeyed) this.#awaited = frame;
          for (let i = 0; i < batch.length; i++) batch[i].sent();
        }
      } catch {
        this.#close();
      } finally {
        this.#pumping = false;
      }
    }
    #takeControl() {
      if (this.#silent || this.#control.length === 0 || this.#link === void 0) return void 0;
      const first = this.#control[0];
      this.#control = rest(this.#control, 1);
      return first;
    }
    // Receiving: frames are opened one after the other, in the order in which they came.
    async #drain(attempt) {
      if (attempt.opening) return;
      attempt.opening = true;
      while (attempt.inbox.length > 0) {
        const frames = attempt.inbox;
        attempt.inbox = emptyList();
        for (let i = 0; i < frames.length; i++) {
          const good = await this.#receive(attempt, frames[i]);
          if (attempt !== this.#attempt) return;
          if (!good && this.#config.carrierOf.ordered) return this.#dropped(false);
        }
      }
      attempt.opening = false;
    }
    async #receive(attempt, frame) {
      const header = parseHeader(frame);
      if (header === void 0 || byteLength(frame) > this.#config.maxFrame) return false;
      const { type, epoch, sequence } = header;
      const key = this.#epochs.down(type, epoch, sequence);
      if (key === void 0 || !this.#expects(type, epoch)) return false;
      if (type === Type.challenge ? sequence !== 0 : !this.#incoming.admits(sequence, type === Type.resumed)) return false;
      let plaintext;
      try {
        plaintext = await open(key, Direction.down, this.#config.session, frame);
      } catch {
        return false;
      }
      if (attempt !== this.#attempt) return false;
      if (type !== Type.challenge) this.#incoming.take(sequence);
      return this.#act(type, epoch, sequence, plaintext);
    }
    #expects(type, epoch) {
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
    #act(type, epoch, sequence, plaintext) {
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
          this.#say({ type: Type.pong, plaintext: nothing2 });
          return true;
        case Type.rekey:
          if (size !== SECRET + PUBLIC_KEY) return false;
          this.#rekey(plaintext);
          return true;
        case Type.challenge:
          if (size !== NONCE) return false;
          if (epoch !== this.#epochs.number) this.#adopt(0);
          this.#phase = "proof";
          this.#say({ type: Type.proof, plaintext });
          return true;
        case Type.resumed:
          if (size !== 0) return false;
          this.#epochs.offer(void 0);
          this.#ready();
          return true;
        case Type.bye:
          if (size === 0) this.#close();
          return size === 0;
        default:
          return false;
      }
    }
    #say(control) {
      this.#control[this.#control.length] = control;
      void this.#pump();
    }
    #rekey(plaintext) {
      const attempt = this.#attempt;
      this.#phase = "rekeying";
      const secret = view(plaintext, 0, SECRET);
      const corePublic = view(plaintext, SECRET, PUBLIC_KEY);
      const made = negotiate(this.#config, secret, corePublic, this.#epochs.number + 1);
      const failed = () => {
        if (this.#attempt === attempt) this.#close();
      };
      void when(
        made,
        ({ keys: keys2, sealed }) => {
          if (this.#attempt !== attempt || this.#phase !== "rekeying") return;
          this.#epochs.offer(keys2);
          this.#say({ type: Type.rekeyed, plaintext: sealed });
        },
        failed
      );
    }
    #adopt(readyAt) {
      this.#epochs.adopt(readyAt);
      void this.#sealBye();
    }
    // The farewell is sealed as soon as there are keys, since nothing can be
    // computed any more when it is needed. Sequence 0 is its own under each key.
    async #sealBye() {
      const keys2 = this.#epochs.keys;
      const address = { type: Type.bye, epoch: this.#epochs.number, sequence: 0, direction: Direction.up, session: this.#config.session };
      const bye = await seal(keys2.up, address, nothing2);
      if (keys2 !== this.#epochs.keys) return;
      this.#bye = bye;
      if (this.#confirmed) this.#link?.farewell(bye);
    }
  };
  function plaintextOf(entries) {
    if (entries.length === 1) return entries[0].item;
    const items = emptyList();
    for (let i = 0; i < entries.length; i++) items[i] = entries[i].item;
    return concat(items);
  }
  function rest(list, from) {
    const left = emptyList();
    for (let i = from; i < list.length; i++) left[i - from] = list[i];
    return left;
  }

  // src/runtime.ts
  var Runtime = class {
    #session;
    calls;
    constructor(config, carrier, judge, judgeAnswer, to, waits = patience) {
      const { session, secret, coreKey, maxFrame, pattern } = config;
      this.#session = new Session(
        { session, secret, coreKey, maxFrame, pattern, carrier: config.carrier, carrierOf: carrier, patience: waits },
        {
          ready: () => to.state("ready"),
          items: (items) => this.calls.deliver(items),
          interrupted: () => this.calls.interrupted(),
          closed: () => {
            this.calls.closed();
            to.state("closed");
          },
          unavailable: () => {
            this.calls.closed();
            to.state("unavailable");
          }
        }
      );
      this.calls = new Calls({
        judge,
        judgeAnswer,
        maxPlaintext: this.#session.maxPlaintext,
        prefix: sessionName(session),
        send: (entry) => this.#session.send(entry),
        reply: to.reply
      });
    }
    /** Connects. */
    start() {
      this.#session.start().catch(() => this.#session.leave());
    }
    /** Ends the session, for a document that goes away. It does not come back. */
    leave() {
      this.#session.leave();
    }
  };

  // src/page.ts
  var START_WITHIN = 3e4;
  var registry = /* @__PURE__ */ Symbol.for("sallyport.api");
  function install() {
    const client = new Client(captureSignals());
    const api2 = freeze({ invoke: client.invoke, SallyportError });
    defineProperty(globalThis, registry, { value: api2 });
    try {
      const config = readConfig();
      if (config === void 0) client.close();
      else connect(client, config);
    } catch (e) {
      client.close();
      throw e;
    }
    return api2;
  }
  function readConfig() {
    const element = document.getElementById("sallyport-page");
    if (element === null) return void 0;
    const json = element.textContent ?? "";
    element.remove();
    return parsePageConfig(json);
  }
  function captureSignals() {
    const add = uncurry(EventTarget.prototype.addEventListener);
    const remove = uncurry(EventTarget.prototype.removeEventListener);
    return {
      aborted: getter(AbortSignal.prototype, "aborted"),
      on: (signal, run) => add(signal, "abort", run),
      off: (signal, run) => remove(signal, "abort", run)
    };
  }
  function capturePost() {
    const fetch = globalThis.fetch.bind(globalThis);
    const status = getter(Response.prototype, "status");
    const buffer = uncurry(Response.prototype.arrayBuffer);
    return async (url, body, last) => {
      const response = await fetch(url, {
        __proto__: null,
        method: "POST",
        mode: "cors",
        // in Firefox same-origin mode sends Origin: null under no-referrer
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        keepalive: last,
        body
      });
      return { status: status(response), body: await buffer(response) };
    };
  }
  function connect(client, config) {
    const messages2 = captureMessages();
    const post = capturePost();
    const leave = config.handshake === void 0 ? isolated(client, config, messages2, post) : brownfield(client, config, config.handshake, post);
    messages2.listen(window, "pagehide", () => {
      leave();
      client.close();
    });
  }
  function isolated(client, config, messages2, post) {
    const contentWindow = getter(HTMLIFrameElement.prototype, "contentWindow");
    const remove = uncurry(Element.prototype.remove);
    const setAttribute = uncurry(Element.prototype.setAttribute);
    const create = uncurry(Document.prototype.createElement);
    const append = uncurry(Node.prototype.appendChild);
    const setStyle = uncurry(CSSStyleDeclaration.prototype.setProperty);
    const styleOf = getter(HTMLElement.prototype, "style");
    const rootOf = getter(Document.prototype, "documentElement");
    const unseen = [
      ["all", "initial"],
      ["position", "fixed"],
      ["left", "0"],
      ["top", "0"],
      ["width", "1px"],
      ["height", "1px"],
      ["border", "0"],
      ["opacity", "0"],
      ["pointer-events", "none"],
      ["z-index", "-1"]
    ];
    const embed = (url) => {
      const frame = create(document, "iframe");
      setAttribute(frame, "sandbox", "allow-scripts");
      setAttribute(frame, "title", "Sallyport isolation frame");
      setAttribute(frame, "aria-hidden", "true");
      setAttribute(frame, "tabindex", "-1");
      setAttribute(frame, "src", url);
      const style = styleOf(frame);
      for (let i = 0; i < unseen.length; i++) setStyle(style, unseen[i][0], unseen[i][1], "important");
      append(rootOf(document), frame);
      return frame;
    };
    const open2 = (url, mayFallBack) => {
      let pump;
      let hop;
      let settled = false;
      let leave = () => {
      };
      const frame = embed(url);
      const fallBack = (ticket) => {
        let waiting = true;
        const failed = () => {
          if (waiting) client.close();
          waiting = false;
        };
        later(failed, START_WITHIN);
        void when(
          post(ticket, emptyRequest, false),
          ({ status, body }) => {
            let next;
            try {
              next = status === 200 ? readTicket(fromUTF8(new Bytes(body))) : void 0;
            } catch {
              next = void 0;
            }
            if (next === void 0 || !waiting) return failed();
            waiting = false;
            leave = open2(next, false);
          },
          failed
        );
      };
      const meeting = meet(
        messages2,
        window,
        () => contentWindow(frame),
        (met, name) => {
          hop = met;
          client.attach({
            call: (id, command, json, timeout) => met.say(Ask.call, id, command, json, timeout),
            cancel: (id) => met.say(Ask.cancel, id)
          });
          if (typeof name !== "string" || fromBase64URL(name, SESSION_ID) === void 0) return;
          pump = new Pump(config.relay + name, post, {
            body: (body) => met.say(Ask.body, body),
            lost: () => met.say(Ask.lost),
            gone: () => met.say(Ask.gone)
          });
        },
        (list) => readTold(list, {
          reply: (id, ok, json) => client.reply(id, ok, json),
          state(state) {
            settled = true;
            if (state !== "unavailable") return client.state(state);
            end();
            if (mayFallBack && config.ticket !== void 0) fallBack(config.ticket);
            else client.close();
          },
          body: (body) => pump?.carry(new Bytes(body)),
          farewell: (body) => pump?.farewell(new Bytes(body))
        })
      );
      const end = () => {
        meeting.stop();
        pump?.stop();
        remove(frame);
      };
      later(() => {
        if (settled) return;
        end();
        client.close();
      }, START_WITHIN);
      leave = () => {
        settled = true;
        hop?.flush();
        pump?.leave();
      };
      return () => leave();
    };
    return open2(config.frame, true);
  }
  function brownfield(client, config, handshake, post) {
    let pump;
    const courier = {
      events: void 0,
      carry: (body) => pump?.carry(body),
      farewell: (body) => pump?.farewell(body)
    };
    if (handshake.carrier === "relay")
      pump = new Pump(config.relay + handshake.sessionText, post, {
        body: (body) => courier.events?.body(new Bytes(body)),
        lost: () => courier.events?.lost(),
        gone: () => courier.events?.gone()
      });
    const carrier = handshake.carrier === "direct" ? direct(handshake.socket, browserSockets()) : relay(courier);
    const runtime = new Runtime(handshake, carrier, passAll, void 0, {
      reply: (id, ok, json) => client.reply(id, ok, json),
      state(state) {
        if (state !== "ready") pump?.stop();
        if (state === "unavailable") client.close();
        else client.state(state);
      }
    });
    client.attach(runtime.calls);
    runtime.start();
    return () => {
      pump?.leave();
      runtime.leave();
    };
  }

  // src/client-script.ts
  var api = install();
  defineProperty(globalThis, "sallyport", { value: api, writable: false, enumerable: false, configurable: false });
})();
