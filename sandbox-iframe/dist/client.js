"use strict";
(() => {
  // src/primordials.ts
  var { bind, call } = Function.prototype;
  var uncurry = bind.bind(call);
  function getter(prototype, name) {
    const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
    if (get === void 0) throw new TypeError(`sallyport: this browser has no ${String(name)}`);
    return uncurry(get);
  }
  function setter(prototype, name) {
    const set = Object.getOwnPropertyDescriptor(prototype, name)?.set;
    if (set === void 0) throw new TypeError(`sallyport: this browser can't set ${name}`);
    return uncurry(set);
  }
  var { freeze, defineProperty, getPrototypeOf, setPrototypeOf, keys, hasOwn } = Object;
  var emptyList = () => setPrototypeOf([], null);
  var { iterator } = Symbol;
  function iterable(list) {
    const iterate = () => {
      let i = 0;
      return { __proto__: null, next: () => ({ __proto__: null, done: i === list.length, value: list[i++] }) };
    };
    return { __proto__: null, [iterator]: iterate };
  }
  var ObjectPrototype = Object.prototype;
  var ArrayPrototype = Array.prototype;
  var { isArray } = Array;
  var { parse: parseJSON, stringify: stringifyJSON } = JSON;
  var { isFinite, isSafeInteger } = Number;
  var { ceil, floor, max, min, random } = Math;
  var numberToString = uncurry(Number.prototype.toString);
  var charCodeAt = uncurry(String.prototype.charCodeAt);
  var indexOf = uncurry(String.prototype.indexOf);
  var sliceText = uncurry(String.prototype.slice);
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
  var tagOf = getter(typedArray, Symbol.toStringTag);
  var isBytes = (value) => typeof value === "object" && value !== null && tagOf(value) === "Uint8Array";
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
    let size2 = 0;
    for (let i = 0; i < parts.length; i++) size2 += byteLength(parts[i]);
    const all = new Bytes(size2);
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
  function randomBytes(size2) {
    const bytes2 = new Bytes(size2);
    webcrypto.getRandomValues(bytes2);
    return bytes2;
  }
  var alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  function fromBase64URL(text2, size2) {
    if (text2.length !== ceil(size2 * 4 / 3)) return void 0;
    let plain2 = "";
    for (let i = 0; i < text2.length; i++) {
      const c = text2[i];
      if (!includes(alphabet, c)) return void 0;
      plain2 += c === "-" ? "+" : c === "_" ? "/" : c;
    }
    while (plain2.length % 4 !== 0) plain2 += "=";
    let raw;
    try {
      raw = base64(plain2);
    } catch {
      return void 0;
    }
    if (raw.length !== size2) return void 0;
    const bytes2 = new Bytes(size2);
    for (let i = 0; i < size2; i++) bytes2[i] = charCodeAt(raw, i);
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
    const listen2 = uncurry(EventTarget.prototype.addEventListener);
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
      listen2(native, "open", () => socket.onopen?.());
      listen2(native, "message", (event) => socket.onmessage?.(data(event)));
      listen2(native, "close", (event) => socket.onclose?.(code(event)));
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
    const size2 = byteLength(body);
    const v = numbers(body);
    const frames = emptyList();
    let at = 0;
    while (at < size2) {
      if (size2 - at < 4) return void 0;
      const n = getUint32(v, at);
      if (n > size2 - at - 4) return void 0;
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

  // src/page-primordials.ts
  var { deleteProperty } = Reflect;
  var size = getter(Blob.prototype, "size");
  var blobType = getter(Blob.prototype, "type");
  var bufferOfBlob = uncurry(Blob.prototype.arrayBuffer);
  var sliceBlob = uncurry(Blob.prototype.slice);
  function blobSize(value) {
    try {
      return size(value);
    } catch {
      return void 0;
    }
  }
  var BlobOf = Blob;
  function makeBlob(bytes2, type) {
    const parts = emptyList();
    parts[0] = bytes2;
    return new BlobOf(iterable(parts), { __proto__: null, type });
  }
  var ReaderOf = typeof FileReader === "function" ? FileReader : void 0;
  var startReader = ReaderOf && uncurry(ReaderOf.prototype.readAsArrayBuffer);
  var resultOf = ReaderOf && getter(ReaderOf.prototype, "result");
  var listen = uncurry(EventTarget.prototype.addEventListener);
  function readBlob(blob, done, failed) {
    if (ReaderOf === void 0) return after(bufferOfBlob(blob), done, failed);
    const reader = new ReaderOf();
    listen(reader, "load", () => done(resultOf(reader)));
    listen(reader, "error", failed);
    startReader(reader, blob);
  }
  var ReadableOf = ReadableStream;
  var WritableOf = WritableStream;
  var enqueue = uncurry(ReadableStreamDefaultController.prototype.enqueue);
  var closeReadable = uncurry(ReadableStreamDefaultController.prototype.close);
  var failReadable = uncurry(ReadableStreamDefaultController.prototype.error);
  var failWritable = uncurry(WritableStreamDefaultController.prototype.error);
  var abortOf = getter(WritableStreamDefaultController.prototype, "signal");
  function makeReadable(source) {
    const { start, pull, cancel } = source;
    return new ReadableOf({ __proto__: null, start, pull, cancel }, { __proto__: null, highWaterMark: 0 });
  }
  function makeWritable(sink) {
    const { start, write: write2, close, abort } = sink;
    return new WritableOf({ __proto__: null, start, write: write2, close, abort }, { __proto__: null, highWaterMark: 1 });
  }
  var { then } = Promise.prototype;
  function ownPromise(run) {
    const promise = new PromiseOf(run);
    defineProperty(promise, "constructor", { __proto__: null, value: PromiseOf });
    defineProperty(promise, "then", { __proto__: null, value: then });
    return promise;
  }
  function after(promise, done, failed) {
    defineProperty(promise, "constructor", { __proto__: null, value: void 0, configurable: true });
    void when(promise, done, failed);
    deleteProperty(promise, "constructor");
  }
  var reportError = typeof globalThis.reportError === "function" ? globalThis.reportError.bind(globalThis) : void 0;
  function report(e) {
    if (reportError !== void 0) return reportError(e);
    later(() => {
      throw e;
    }, 0);
  }

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

  // src/binary.ts
  var Taken = class {
    #buffers;
    /** Takes the memory of bytes; false if it is another's already, or larger than they are. */
    take(bytes2) {
      const buffer = bufferOf(bytes2);
      if (bufferSize(buffer) !== byteLength(bytes2)) return false;
      const buffers = this.#buffers ??= new MapOf();
      if (mapHas(buffers, buffer)) return false;
      mapSet(buffers, buffer, true);
      return true;
    }
  };
  function readSections(value, taken) {
    if (value === 0) return 0;
    if (!isArray(value)) return void 0;
    const n = value.length;
    if (n === 0 || n % 2 !== 0 || n > 2 * MAX_SECTIONS) return void 0;
    const sections = emptyList();
    for (let i = 0; i < n; i += 2) {
      const type = value[i];
      const bytes2 = value[i + 1];
      if (typeof type !== "string" || !isMediaType(type) || !isOwnBytes(bytes2)) return void 0;
      sections[i] = type;
      sections[i + 1] = taken.take(bytes2) ? bytes2 : copyOf(bytes2);
    }
    return sections;
  }
  function isOwnBytes(value) {
    if (!isBytes(value)) return false;
    try {
      return bufferSize(bufferOf(value)) >= byteLength(value);
    } catch {
      return false;
    }
  }
  function copyOf(bytes2) {
    const copy = new Bytes(byteLength(bytes2));
    setBytes(copy, bytes2);
    return copy;
  }
  function ownSections(sections) {
    if (sections === 0) return 0;
    const own2 = emptyList();
    for (let i = 0; i < sections.length; i += 2) {
      own2[i] = sections[i];
      own2[i + 1] = copyOf(sections[i + 1]);
    }
    return own2;
  }
  function sizeOf(sections) {
    let size2 = 0;
    if (sections !== 0) for (let i = 1; i < sections.length; i += 2) size2 += byteLength(sections[i]);
    return size2;
  }
  var SECTION_ROOM = 192;
  function roomOf(json, sections) {
    return json.length + (sections === 0 ? 0 : sizeOf(sections) + sections.length / 2 * SECTION_ROOM);
  }
  function isMediaType(text2) {
    if (text2.length > MAX_MEDIA_TYPE) return false;
    let slash = -1;
    let start = true;
    for (let i = 0; i < text2.length; i++) {
      const c = charCodeAt(text2, i);
      const plain2 = c >= 97 && c <= 122 || c >= 48 && c <= 57;
      if (c === 47 && slash < 0 && !start) {
        slash = i;
        start = true;
        continue;
      }
      if (!plain2 && (start || !isMark(c))) return false;
      start = false;
    }
    return slash > 0 && !start;
  }
  var isMark = (c) => c === 33 || c === 35 || c === 36 || c === 38 || c === 43 || c === 45 || c === 46 || c === 94 || c === 95;

  // src/json.ts
  var MAX_DEPTH = 128;
  var TooDeep = class extends Error {
  };
  var none = () => {
    throw new TypeError("sallyport: an object is not a plain one");
  };
  function writeJSON(value, other = none) {
    return write(value, MAX_DEPTH, other);
  }
  function write(value, depth, other) {
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
        return isArray(value) ? writeArray(value, depth - 1, other) : writeObject(value, depth - 1, other);
    }
    throw new TypeError("sallyport: a value is not JSON");
  }
  function writeArray(list, depth, other) {
    if (getPrototypeOf(list) !== ArrayPrototype) throw new TypeError("sallyport: an array is not a plain one");
    let text2 = "[";
    for (let i = 0, n = list.length; i < n; i++) {
      if (i > 0) text2 += ",";
      text2 += write(list[i], depth, other);
    }
    return text2 + "]";
  }
  function writeObject(object, depth, other) {
    const prototype = getPrototypeOf(object);
    if (prototype !== ObjectPrototype && prototype !== null) return other(object);
    if (other !== none && hasOwn(object, "$bytes")) return other(object);
    const names = keys(object);
    let text2 = "{";
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      const value = object[name];
      if (value === void 0) continue;
      if (text2.length > 1) text2 += ",";
      text2 += stringifyJSON(name) + ":" + write(value, depth, other);
    }
    return text2 + "}";
  }

  // src/body.ts
  var MARK = '{"$bytes":';
  function readBody(json, sections) {
    if (sections === 0) return parseJSON(json);
    let text2 = "";
    let from = 0;
    for (let i = 0; i < sections.length; i += 2) {
      const mark = indexOf(json, MARK, from);
      const stated = numberToString(byteLength(sections[i + 1])) + ",";
      const at = mark + MARK.length;
      if (mark < 0 || sliceText(json, at, at + stated.length) !== stated) throw mismatch();
      text2 += sliceText(json, from, at) + numberToString(i);
      from = at + stated.length - 1;
    }
    const value = parseJSON(text2 + sliceText(json, from));
    const placed2 = emptyList();
    place(value, sections, placed2);
    for (let i = 0; i < sections.length; i += 2) if (placed2[i] !== true) throw mismatch();
    return value;
  }
  function place(value, sections, placed2) {
    if (typeof value !== "object" || value === null) return;
    if (isArray(value)) {
      for (let i2 = 0; i2 < value.length; i2++) place(value[i2], sections, placed2);
      return;
    }
    const object = value;
    const names = keys(object);
    if (!hasOwn(object, "$bytes")) {
      for (let i2 = 0; i2 < names.length; i2++) place(object[names[i2]], sections, placed2);
      return;
    }
    const i = object["$bytes"];
    if (names.length !== 2 || !hasOwn(object, "type") || typeof i !== "number" || i % 2 !== 0 || object["type"] !== sections[i] || placed2[i] === true) throw mismatch();
    placed2[i] = true;
    object["$bytes"] = sections[i + 1];
  }
  var mismatch = () => new TypeError("sallyport: a text and its sections do not go together");

  // src/page-binary.ts
  var OCTETS = "application/octet-stream";
  var MOST = 64 * 2 ** 20;
  var noneUnread = emptyList();
  function writeMessage(value, what) {
    let list;
    let unread = noneUnread;
    let total = -1;
    const add = (type, size2) => {
      if (total < 0) {
        list = emptyList();
        total = 0;
      }
      if (list.length >= 2 * MAX_SECTIONS) throw unfit("invalid_args", `${what} hold more than ${MAX_SECTIONS} binary values; join them, or send them in a stream`);
      if ((total += size2) > MOST) throw unfit("too_large");
      list[list.length] = type;
      return `{"$bytes":${numberToString(size2)},"type":${stringifyJSON(type)}}`;
    };
    const addBytes = (bytes2) => {
      if (!isOwnBytes(bytes2)) throw unfit("invalid_args", `${what} hold a Uint8Array on shared memory; copy it first: new Uint8Array(it)`);
      const json2 = add(OCTETS, byteLength(bytes2));
      list[list.length] = copyOf(bytes2);
      return json2;
    };
    const other = (object) => {
      if (isBytes(object)) return addBytes(object);
      if (isBuffer(object)) return addBytes(new Bytes(object));
      const size2 = blobSize(object);
      if (size2 !== void 0) {
        const json2 = add(mediaType(object), size2);
        if (unread === noneUnread) unread = emptyList();
        unread[unread.length] = { blob: object, size: size2, at: list.length };
        list[list.length] = new Bytes(0);
        return json2;
      }
      if (hasOwn(object, "$bytes")) throw unfit("invalid_args", `${what} hold an object with a member $bytes, which stands for bytes; put a Uint8Array, ArrayBuffer or Blob in its place`);
      throw unfit("invalid_args", plain(what));
    };
    let json;
    try {
      json = writeJSON(value, other);
    } catch (e) {
      throw e instanceof SallyportError ? e : unfit("invalid_args", plain(what));
    }
    return { json, sections: total < 0 ? 0 : list, unread };
  }
  var plain = (what) => `${what} must be plain JSON: null, booleans, finite numbers, strings, arrays and objects; or hold bytes as Uint8Array, ArrayBuffer or Blob`;
  var unfit = (code, message) => new SallyportError(code, "", message);
  function fill(message, done, failed) {
    const { unread, sections } = message;
    const next = (i) => {
      if (i === unread.length) return done();
      const { blob, size: size2, at } = unread[i];
      const refuse = () => failed(unfit("invalid_args", "a Blob could not be read; has its file changed?"));
      readBlob(
        blob,
        (buffer) => {
          if (bufferSize(buffer) !== size2) return refuse();
          sections[at] = new Bytes(buffer);
          next(i + 1);
        },
        refuse
      );
    };
    next(0);
  }
  function mediaType(blob) {
    const whole = blobType(blob);
    let type = "";
    for (let i = 0; i < whole.length && whole[i] !== ";" && whole[i] !== " "; i++) type += whole[i];
    return isMediaType(type) ? type : OCTETS;
  }
  function readMessage(json, sections) {
    const value = readBody(json, sections);
    return sections === 0 ? value : place2(value);
  }
  function place2(value) {
    if (typeof value !== "object" || value === null) return value;
    if (isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = place2(value[i]);
      return value;
    }
    const object = value;
    if (hasOwn(object, "$bytes")) return placed(object["$bytes"], object["type"]);
    const names = keys(object);
    for (let i = 0; i < names.length; i++) object[names[i]] = place2(object[names[i]]);
    return object;
  }
  function placed(bytes2, type) {
    return type === OCTETS ? bytes2 : makeBlob(bytes2, type);
  }

  // src/page-options.ts
  var refusal = (code, message) => new SallyportError(code, "", message);
  function readOptions(options, signals) {
    try {
      const limit = milliseconds(own(options, "timeout"));
      return { limit, signal: readSignal(options, signals), progress: readFunction(options, "onProgress") };
    } catch {
      throw refusal("invalid_args", "a call's signal must be an AbortSignal, its timeout a number of milliseconds, and onProgress a function");
    }
  }
  function readDirection(options) {
    let channel;
    try {
      channel = own(options, "channel") ?? "items";
    } catch {
    }
    if (channel === "items" || channel === "upload" || channel === "both") return channel;
    throw refusal("invalid_args", 'channel says which streams a call has: "items", "upload" or "both"');
  }
  function readListenOptions(options, signals) {
    try {
      return { signal: readSignal(options, signals), closed: readFunction(options, "onClose") };
    } catch {
      throw refusal("invalid_args", "a listener's signal must be an AbortSignal, and onClose a function");
    }
  }
  function readSignal(options, signals) {
    const signal = own(options, "signal") ?? void 0;
    if (signal !== void 0) signals.aborted(signal);
    return signal;
  }
  function readFunction(options, name) {
    const run = own(options, name) ?? void 0;
    if (run !== void 0 && typeof run !== "function") throw new TypeError("sallyport: no function");
    return run;
  }
  function own(object, name) {
    return typeof object === "object" && object !== null && hasOwn(object, name) ? object[name] : void 0;
  }
  function milliseconds(timeout) {
    if (timeout === void 0 || timeout === null) return 0;
    if (typeof timeout !== "number" || !(timeout >= 0)) throw new TypeError("sallyport: no time");
    return min(ceil(timeout), 2 ** 31 - 1);
  }

  // src/page-events.ts
  var Events = class {
    #requests;
    #signals;
    #byName = new MapOf();
    #byID = new MapOf();
    constructor(requests, signals) {
      this.#requests = requests;
      this.#signals = signals;
    }
    /** Adds a listener; resolves, when the core has agreed, to the function that removes it. */
    listen = (event, run, options = {}) => this.#add(event, run, false, options);
    /** Adds a listener for one event. */
    once = (event, run, options = {}) => this.#add(event, run, true, options);
    /** Takes an event of the core: the number-th of a listen. */
    event(id, upTo, number, label, json, sections) {
      const topic = mapGet(this.#byID, id);
      if (topic === void 0) return;
      let payload;
      try {
        payload = readMessage(json, sections);
      } catch {
        return this.#consumed(topic, upTo);
      }
      this.#opened(topic);
      const missed = max(0, number - topic.last - 1);
      topic.last = number;
      const event = freeze({ event: topic.event, payload, window: label === "" ? void 0 : label, missed });
      const { listeners } = topic;
      for (let i = 0; i < listeners.length; i++) {
        const listener = listeners[i];
        if (!listener.active) continue;
        if (listener.once) this.#remove(topic, listener);
        guarded(listener.run, event);
      }
      this.#consumed(topic, upTo);
    }
    /** The core has ended a listen that it had agreed to. */
    ended(id, error) {
      const topic = mapGet(this.#byID, id);
      if (topic === void 0) return;
      this.#requests.abandon(id, error);
      this.#end(topic, error);
    }
    /** The session is over. */
    close() {
      const open2 = emptyList();
      mapEach(this.#byID, (topic) => {
        open2[open2.length] = topic;
      });
      for (let i = 0; i < open2.length; i++) this.#end(open2[i], refusal("closed"));
    }
    #add(event, run, once, options) {
      return new PromiseOf((resolve, reject) => {
        if (typeof event !== "string") throw refusal("invalid_args", "the event's name must be a string");
        if (typeof run !== "function") throw refusal("invalid_args", "a listener must be a function");
        const { signal, closed } = readListenOptions(options, this.#signals);
        if (signal !== void 0 && this.#signals.aborted(signal)) throw refusal("cancelled");
        const topic = mapGet(this.#byName, event) ?? this.#ask(event);
        const listener = { run, once, closed, resolve, reject, active: true, off: () => {
        } };
        const n = topic.listeners.length;
        const listeners = emptyList();
        for (let i = 0; i < n; i++) listeners[i] = topic.listeners[i];
        listeners[n] = listener;
        topic.listeners = listeners;
        if (signal !== void 0) {
          const abort = () => {
            if (!topic.open) reject(refusal("cancelled"));
            this.#remove(topic, listener);
          };
          this.#signals.on(signal, abort);
          listener.off = () => this.#signals.off(signal, abort);
        }
        if (topic.open) resolve(() => this.#remove(topic, listener));
      });
    }
    #ask(event) {
      const topic = { event, id: 0, open: false, listeners: emptyList(), last: 0, said: 0 };
      let refused;
      const asker = {
        done: () => this.#opened(topic),
        failed: (error) => {
          refused = error;
          this.#end(topic, error);
        },
        progress: void 0,
        items: void 0,
        upload: void 0
      };
      topic.id = this.#requests.open(asker, 0, void 0, nothing, (port, id) => port.listen(id, event));
      if (refused !== void 0) throw refused;
      mapSet(this.#byName, event, topic);
      mapSet(this.#byID, topic.id, topic);
      return topic;
    }
    #opened(topic) {
      if (topic.open) return;
      topic.open = true;
      const { listeners } = topic;
      for (let i = 0; i < listeners.length; i++) {
        const listener = listeners[i];
        listener.resolve(() => this.#remove(topic, listener));
      }
    }
    #remove(topic, listener) {
      if (!listener.active) return;
      listener.active = false;
      listener.off();
      const rest2 = emptyList();
      for (let i = 0; i < topic.listeners.length; i++) if (topic.listeners[i] !== listener) rest2[rest2.length] = topic.listeners[i];
      topic.listeners = rest2;
      if (rest2.length > 0) return;
      this.#forget(topic);
      if (topic.open) this.#requests.way?.cancel(topic.id);
      else this.#requests.abandon(topic.id, refusal("cancelled"));
    }
    #end(topic, error) {
      this.#forget(topic);
      const { listeners } = topic;
      topic.listeners = emptyList();
      for (let i = 0; i < listeners.length; i++) {
        const listener = listeners[i];
        if (!listener.active) continue;
        listener.active = false;
        listener.off();
        if (!topic.open) listener.reject(error);
        else if (listener.closed !== void 0) guarded(listener.closed, error);
      }
    }
    #forget(topic) {
      if (mapGet(this.#byName, topic.event) === topic) mapDelete(this.#byName, topic.event);
      mapDelete(this.#byID, topic.id);
    }
    // Listeners have run: the core may send as much again.
    #consumed(topic, upTo) {
      if (upTo - topic.said < EVENT_WINDOW / 4 || mapGet(this.#byID, topic.id) !== topic) return;
      topic.said = upTo;
      this.#requests.way?.pull(topic.id, upTo);
    }
  };
  var nothing = writeMessage({}, "nothing");
  function guarded(run, a) {
    try {
      run(a);
    } catch (e) {
      report(e);
    }
  }

  // src/page-items.ts
  var Items = class {
    readable;
    #pull;
    #controller;
    #first;
    #last;
    #wanted = false;
    // somebody waits for an item
    #ended = false;
    #over = false;
    // closed, failed or cancelled
    #said = 0;
    // the offset of the last pull
    /** pull is told up to where the items were read; cancel, that nobody will read the rest. */
    constructor(pull, cancel) {
      this.#pull = pull;
      this.readable = makeReadable({
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#wanted = true;
          this.#hand();
        },
        cancel: () => {
          this.#drop();
          cancel();
        }
      });
    }
    /** Takes the next item; upTo is the stream's offset after it. */
    put(value, upTo) {
      if (this.#over || this.#ended) return;
      const item = { value, upTo, next: void 0 };
      if (this.#last === void 0) this.#first = item;
      else this.#last.next = item;
      this.#last = item;
      this.#hand();
    }
    /** No more items come. Those that wait can still be read. */
    end() {
      this.#ended = true;
      this.#hand();
    }
    /** Ends the stream with an error. Items that wait are dropped. */
    fail(error) {
      if (this.#over) return;
      this.#drop();
      failReadable(this.#controller, error);
    }
    #hand() {
      const item = this.#first;
      if (item !== void 0 && this.#wanted) {
        this.#first = item.next;
        if (this.#first === void 0) this.#last = void 0;
        this.#wanted = false;
        enqueue(this.#controller, item.value);
        if (item.upTo - this.#said >= STREAM_WINDOW / 4) {
          this.#said = item.upTo;
          this.#pull(item.upTo);
        }
      }
      if (this.#first !== void 0 || !this.#ended || this.#over) return;
      this.#over = true;
      closeReadable(this.#controller);
    }
    #drop() {
      this.#over = true;
      this.#first = this.#last = void 0;
    }
  };

  // src/page-upload.ts
  var PIECE = 256 * 1024;
  var MAX_UNTAKEN = 16;
  var MAX_UNTAKEN_BYTES = 2 ** 20;
  var Upload = class {
    writable;
    #fail;
    #controller;
    #port;
    // once the call was sent
    #id = 0;
    #over;
    #ended = false;
    #wake;
    // whoever waits for room
    #refuse;
    // whoever is at a chunk
    #first;
    // not taken yet, in order
    #last;
    #items = 0;
    // not taken yet
    #bytes = 0;
    #taken = 0;
    // in all
    /** cancel is told that the page gives the upload up; fail, why it can't go on. */
    constructor(signals, cancel, fail) {
      this.#fail = fail;
      this.writable = makeWritable({
        start: (controller) => {
          this.#controller = controller;
          signals.on(abortOf(controller), () => {
            this.#ended = true;
            cancel();
          });
        },
        write: (chunk) => this.#busy((done) => this.#pieces(chunk, done)),
        close: () => this.#busy(
          (done) => this.#room(() => {
            this.#ended = true;
            this.#port.end(this.#id, false);
            done();
          })
        ),
        abort: cancel
      });
    }
    /** The call was sent: what is written can follow it. */
    start(port, id) {
      this.#port = port;
      this.#id = id;
      this.#go();
    }
    /** So many items were sealed in all. */
    taken(count) {
      for (; this.#taken < count && this.#first !== void 0; this.#taken++) {
        this.#items--;
        this.#bytes -= this.#first.size;
        this.#first = this.#first.next;
      }
      if (this.#first === void 0) this.#last = void 0;
      this.#go();
    }
    /** The call is over. Whatever is written from now on fails with the error. */
    end(error) {
      if (this.#over !== void 0) return;
      this.#over = error;
      this.#wake = void 0;
      if (!this.#ended) failWritable(this.#controller, error);
      this.#refuse?.(error);
    }
    // The stream gives its sink one thing at a time, and waits for its promise.
    #busy(run) {
      return ownPromise((resolve, reject) => {
        if (this.#over !== void 0) return reject(this.#over);
        this.#refuse = reject;
        run(() => {
          this.#refuse = void 0;
          resolve();
        });
      });
    }
    #pieces(chunk, done) {
      const cut = cutter(chunk);
      let last = false;
      const next = () => {
        if (last) return done();
        this.#room(() => {
          let message;
          try {
            const piece = cut();
            last = piece.last;
            message = writeMessage(piece.value, "what is written to an upload");
          } catch (e) {
            return this.#fail(e instanceof SallyportError ? e : new SallyportError("invalid_args"));
          }
          fill(
            message,
            () => {
              if (this.#over !== void 0) return;
              this.#send(message);
              next();
            },
            this.#fail
          );
        });
      };
      next();
    }
    #send({ json, sections }) {
      const size2 = json.length + sizeOf(sections);
      const sent = { size: size2, next: void 0 };
      if (this.#last === void 0) this.#first = sent;
      else this.#last.next = sent;
      this.#last = sent;
      this.#items++;
      this.#bytes += size2;
      this.#port.upload(this.#id, json, sections);
    }
    #room(then2) {
      this.#wake = then2;
      this.#go();
    }
    #go() {
      const wake = this.#wake;
      if (wake === void 0 || this.#port === void 0 || this.#items >= MAX_UNTAKEN || this.#bytes >= MAX_UNTAKEN_BYTES) return;
      this.#wake = void 0;
      wake();
    }
  };
  function cutter(chunk) {
    if (isOwnBytes(chunk)) return pieces(byteLength(chunk), (at, end) => new Bytes(bufferOf(chunk), byteOffset(chunk) + at, end - at));
    if (isBuffer(chunk)) return cutter(new Bytes(chunk));
    const size2 = typeof chunk === "object" && chunk !== null ? blobSize(chunk) : void 0;
    if (size2 !== void 0 && mediaType(chunk) === OCTETS) return pieces(size2, (at, end) => sliceBlob(chunk, at, end));
    return () => ({ value: chunk, last: true });
  }
  function pieces(size2, piece) {
    let at = 0;
    return () => {
      const from = at;
      at = min(from + PIECE, size2);
      return { value: piece(from, at), last: at === size2 };
    };
  }

  // src/requests.ts
  var MAX_PENDING = 4096;
  var Requests = class {
    #signals;
    #pending = new MapOf();
    #port;
    #ready;
    #closed = false;
    #ids = 0;
    constructor(signals) {
      this.#signals = signals;
    }
    /** The way to the core; before ready nothing is sent by it. */
    attach(port) {
      this.#port = port;
    }
    /** Sends what has waited, and from now on at once. */
    ready() {
      const port = this.#port;
      if (this.#closed || port === void 0) return;
      this.#ready = port;
      mapEach(this.#pending, (request, id) => {
        if (request.send !== void 0) this.#send(request, id, request.send, port);
      });
    }
    /** Fails all requests, present and future; false if that was done before. */
    close() {
      if (this.#closed) return false;
      this.#closed = true;
      const open2 = emptyList();
      mapEach(this.#pending, (_, id) => {
        open2[open2.length] = id;
      });
      for (let i = 0; i < open2.length; i++) this.fail(open2[i], refusal("closed"));
      return true;
    }
    /** Takes a request, and returns its number. Throws a SallyportError if there can be none. */
    open(by, limit, signal, message, send) {
      if (signal !== void 0 && this.#signals.aborted(signal)) throw refusal("cancelled");
      if (this.#closed) throw refusal("closed");
      if (mapSize(this.#pending) >= MAX_PENDING) throw refusal("busy");
      const id = ++this.#ids;
      const request = { by, send: void 0, sent: false, timer: void 0, end: void 0 };
      if (limit > 0) request.timer = later(() => this.abandon(id, refusal("timeout")), limit);
      if (signal !== void 0) {
        const abort = () => this.abandon(id, refusal("cancelled"));
        this.#signals.on(signal, abort);
        request.end = () => this.#signals.off(signal, abort);
      }
      mapSet(this.#pending, id, request);
      const go = () => {
        if (this.#ready === void 0) request.send = send;
        else this.#send(request, id, send, this.#ready);
      };
      if (message.unread.length === 0) go();
      else
        fill(
          message,
          () => {
            if (mapGet(this.#pending, id) === request) go();
          },
          (error) => this.fail(id, error)
        );
      return id;
    }
    /** Whoever waits for an answer under this number. */
    asker(id) {
      return mapGet(this.#pending, id)?.by;
    }
    /** Settles a request with its result. */
    settle(id, value) {
      this.#take(id)?.by.done(value);
    }
    /** Settles a request with an error; false if it was settled before. */
    fail(id, error) {
      const request = this.#take(id);
      request?.by.failed(error);
      return request !== void 0;
    }
    /** Fails a request that the page does not wait for any longer, and takes it back if it was sent. */
    abandon(id, error) {
      const sent = mapGet(this.#pending, id)?.sent;
      if (this.fail(id, error) && sent === true) this.#ready?.cancel(id);
    }
    /** Where words about a request that was sent go. */
    get way() {
      return this.#ready;
    }
    #send(request, id, send, port) {
      request.send = void 0;
      request.sent = true;
      send(port, id);
    }
    #take(id) {
      const request = mapGet(this.#pending, id);
      if (request === void 0) return void 0;
      mapDelete(this.#pending, id);
      if (request.timer !== void 0) never(request.timer);
      request.end?.();
      return request;
    }
  };

  // src/client.ts
  var wants = { items: 1, upload: 2, both: 3, progress: 4 };
  var Client = class {
    #signals;
    #requests;
    #events;
    listen;
    once;
    constructor(signals) {
      this.#signals = signals;
      this.#requests = new Requests(signals);
      this.#events = new Events(this.#requests, signals);
      this.listen = this.#events.listen;
      this.once = this.#events.once;
    }
    /** The way to the core; before ready nothing is sent by it. */
    attach(port) {
      this.#requests.attach(port);
    }
    /** Follows the session. unavailable means nothing here: whoever attaches decides what to try next. */
    state(state) {
      if (state === "closed") this.close();
      else if (state === "ready") this.#requests.ready();
    }
    /** Ends all that there is, present and future. */
    close() {
      if (this.#requests.close()) this.#events.close();
    }
    /** Settles a request by the core's or the frame's word. */
    reply(id, ok, json, sections) {
      if (!ok) {
        const error = readError(json);
        if (!this.#requests.fail(id, error)) this.#events.ended(id, error);
        return;
      }
      let value;
      try {
        value = readMessage(json, sections);
      } catch {
        return void this.#requests.fail(id, refusal("internal"));
      }
      this.#requests.settle(id, value);
    }
    item(id, upTo, json, sections) {
      const items = this.#requests.asker(id)?.items;
      if (items === void 0) return;
      let value;
      try {
        value = readMessage(json, sections);
      } catch {
        return this.#requests.abandon(id, refusal("internal"));
      }
      items.put(value, upTo);
    }
    end(id) {
      this.#requests.asker(id)?.items?.end();
      this.#events.ended(id, refusal("cancelled", "the core has ended this listener"));
    }
    taken(id, count) {
      this.#requests.asker(id)?.upload?.taken(count);
    }
    progress(id, done, total, text2) {
      const run = this.#requests.asker(id)?.progress;
      if (run !== void 0) guarded(run, freeze({ done, total: total === 0 ? void 0 : total, text: text2 }));
    }
    event(id, upTo, number, label, json, sections) {
      this.#events.event(id, upTo, number, label, json, sections);
    }
    /** Calls a command. */
    invoke = (command, args = {}, options = {}) => new PromiseOf((resolve, reject) => {
      const settings = readOptions(options, this.#signals);
      this.#call(command, args, settings, 0, { done: resolve, failed: reject, progress: settings.progress, items: void 0, upload: void 0 });
    });
    /** Calls a command that has streams. Whatever is wrong, the result and both streams fail with it. */
    stream = (command, args = {}, options = {}) => {
      let id = 0;
      let resolve;
      let reject;
      const result = new PromiseOf((done, failed) => {
        resolve = done;
        reject = failed;
      });
      after(result, ignore, ignore);
      let refused;
      let settings = { signal: void 0, limit: 0, progress: void 0 };
      let direction = "both";
      try {
        direction = readDirection(options);
        settings = readOptions(options, this.#signals);
      } catch (e) {
        refused = e;
      }
      const abandon = (error) => this.#requests.abandon(id, error);
      const cancel = () => abandon(refusal("cancelled"));
      const items = direction === "upload" ? void 0 : new Items((consumed) => this.#pull(id, consumed), cancel);
      const upload = direction === "items" ? void 0 : new Upload(this.#signals, cancel, abandon);
      const asker = {
        progress: settings.progress,
        items,
        upload,
        done(value) {
          resolve(value);
          items?.end();
          upload?.end(refusal("cancelled", "the call was answered before its upload had ended"));
        },
        failed(error) {
          reject(error);
          items?.fail(error);
          upload?.end(error);
        }
      };
      try {
        if (refused !== void 0) throw refused;
        id = this.#call(command, args, settings, wants[direction], asker);
      } catch (e) {
        asker.failed(e);
      }
      if (upload === void 0) return freeze({ result, readable: items.readable });
      if (items === void 0) return freeze({ result, writable: upload.writable });
      return freeze({ result, readable: items.readable, writable: upload.writable });
    };
    /** Emits an event to the core and to all windows that listen. */
    emit = (event, payload = {}) => this.#emit(event, "", payload);
    /** Emits an event to one window. */
    emitTo = (label, event, payload = {}) => {
      if (typeof label !== "string" || label === "") return rejected(refusal("invalid_args", "a window's label must be a string that is not empty"));
      return this.#emit(event, label, payload);
    };
    #emit(event, target, payload) {
      return new PromiseOf((resolve, reject) => {
        if (typeof event !== "string") throw refusal("invalid_args", "the event's name must be a string");
        const message = writeMessage(payload, "the payload");
        const asker = { done: () => resolve(), failed: reject, progress: void 0, items: void 0, upload: void 0 };
        this.#requests.open(asker, 0, void 0, message, (port, id) => port.emit(id, event, target, message.json, message.sections));
      });
    }
    #call(command, args, { limit, signal, progress }, streams, asker) {
      if (typeof command !== "string") throw refusal("invalid_args", "the command's name must be a string");
      const message = writeMessage(args, "the arguments");
      const ready = progress === void 0 ? streams : streams + wants.progress;
      return this.#requests.open(asker, limit, signal, message, (port, id) => {
        port.call(id, command, message.json, limit, ready, message.sections);
        asker.upload?.start(port, id);
      });
    }
    // Of a call that is over there is nothing to slow down.
    #pull(id, consumed) {
      if (this.#requests.asker(id) !== void 0) this.#requests.way?.pull(id, consumed);
    }
  };
  var ignore = () => {
  };
  var rejected = (error) => new PromiseOf((_, reject) => {
    reject(error);
  });
  function readError(json) {
    let value;
    try {
      value = parseJSON(json);
    } catch {
      return refusal("internal");
    }
    const text2 = (name) => {
      const v = own(value, name);
      return typeof v === "string" ? v : "";
    };
    return new SallyportError(text2("code") || "internal", text2("id"), text2("message"), own(value, "data"));
  }
  function readTicket(json) {
    const answer = parseJSON(json);
    if (typeof answer !== "object" || answer === null || answer.carrier !== "relay") return void 0;
    return typeof answer.frame === "string" ? answer.frame : void 0;
  }
  var emptyRequest = toUTF8("{}");

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
  function bytes(of, name, size2) {
    return fromBase64URL(text(of, name), size2) ?? wrong(name);
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
      post: (to, message, origin, transfer) => transfer.length === 0 ? to.postMessage(message, origin) : to.postMessage(message, origin, iterable(transfer)),
      postPort: (port, message, transfer) => transfer.length === 0 ? postPort(port, message) : postPort(port, message, iterable(transfer)),
      start: uncurry(MessagePort.prototype.start),
      listen: add,
      channel: () => new Channel()
    };
  }
  var GIVE_FROM = 4096;
  var nothing2 = emptyList();
  var Batched = class {
    #list = emptyList();
    #given;
    #scheduled = false;
    #post;
    constructor(post) {
      this.#post = post;
    }
    give(sections) {
      if (sections === 0) return;
      for (let i = 1; i < sections.length; i += 2) {
        const bytes2 = sections[i];
        if (byteLength(bytes2) < GIVE_FROM) continue;
        const given = this.#given ??= emptyList();
        given[given.length] = bufferOf(bytes2);
      }
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
      const given = this.#given ?? nothing2;
      this.#list = emptyList();
      this.#given = void 0;
      this.#post(said, given);
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
        met(new Batched((list, given) => m.postPort(port, list, given)), data.relay);
      } else if (data.hop === "window") {
        way = "window";
        met(new Batched((list, given) => m.post(source, list, "*", given)), data.relay);
      }
    });
    return {
      stop() {
        way = "stopped";
      }
    };
  }

  // src/judge.ts
  var passAll = (question, done) => done({ pass: true, command: question.command, json: question.json, sections: question.sections });

  // src/protocol.ts
  var Ask = { call: 1, cancel: 2, body: 3, lost: 4, gone: 5, emit: 6, listen: 7, upload: 8, end: 9, pull: 10 };
  var Tell = { result: 1, error: 2, state: 3, body: 4, farewell: 5, item: 6, event: 7, end: 8, taken: 9, progress: 10 };
  var isCount = (v) => isSafeInteger(v) && v >= 0;
  function readTold(list, to) {
    if (!isArray(list)) return;
    const taken = new Taken();
    for (let i = 0; i < list.length; ) {
      const kind = list[i];
      const a = list[i + 1];
      if (kind === Tell.result) {
        const json = list[i + 2];
        const sections = readSections(list[i + 3], taken);
        if (!isSafeInteger(a) || typeof json !== "string" || sections === void 0) return;
        to.reply(a, true, json, sections);
        i += 4;
      } else if (kind === Tell.state && (a === "ready" || a === "closed" || a === "unavailable")) {
        to.state(a);
        i += 2;
      } else if ((kind === Tell.body || kind === Tell.farewell) && isBuffer(a)) {
        if (kind === Tell.body) to.body(a);
        else to.farewell(a);
        i += 2;
      } else {
        const read = isSafeInteger(a) ? readOf(list, i, kind, a, to, taken) : 0;
        if (read === 0) return;
        i += read;
      }
    }
  }
  function readOf(list, i, kind, id, to, taken) {
    const b = list[i + 2];
    const c = list[i + 3];
    switch (kind) {
      case Tell.error:
        if (typeof b !== "string") return 0;
        to.reply(id, false, b, 0);
        return 3;
      case Tell.end:
        to.end(id);
        return 2;
      case Tell.taken:
        if (!isCount(b)) return 0;
        to.taken(id, b);
        return 3;
      case Tell.item: {
        const sections = readSections(list[i + 4], taken);
        if (!isCount(b) || typeof c !== "string" || sections === void 0) return 0;
        to.item(id, b, c, sections);
        return 5;
      }
      case Tell.event: {
        const label = list[i + 4];
        const json = list[i + 5];
        const sections = readSections(list[i + 6], taken);
        if (!isCount(b) || !isCount(c) || typeof label !== "string" || typeof json !== "string" || sections === void 0) return 0;
        to.event(id, b, c, label, json, sections);
        return 7;
      }
      case Tell.progress: {
        const text2 = list[i + 4];
        if (!isCount(b) || !isCount(c) || typeof text2 !== "string") return 0;
        to.progress(id, b, c, text2);
        return 5;
      }
      default:
        return 0;
    }
  }

  // src/pump.ts
  var SENDERS = 3;
  var EARLY = 4;
  var nothing3 = new Bytes(0);
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
    #number = 0;
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
      if (this.#bye !== void 0) void when(this.#post(this.#numbered(), this.#bye, true), ignore2, ignore2);
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
      this.#request(nothing3, () => {
        this.#polling = false;
        this.#poll();
      });
    }
    #request(body, done) {
      void when(
        this.#post(this.#numbered(), body, false),
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
    // Browsers send a request again by themselves if its connection closes before
    // an answer comes. The core tells by the number: the first answer is lost.
    #numbered() {
      return `${this.#url}?n=${++this.#number}`;
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
  var ignore2 = () => {
  };

  // src/items.ts
  var Up = { call: 1, cancel: 2, report: 3, hidden: 4, emit: 5, listen: 6, upload: 7, end: 8, credit: 9 };
  var Down = { result: 1, error: 2, item: 3, event: 4, end: 5, credit: 6, progress: 7 };
  var Wants = { items: 1, upload: 2, progress: 4 };
  var Cause = { refused: 1, threw: 2, malformed: 3, timeout: 4, dropped: 5 };
  var Kept = { call: 3, answer: 4 };
  var SHARED = 64 * 1024;
  var SMALL = 4 * 1024;
  var shared = new Bytes(SHARED);
  var used = 0;
  function callItem(id, timeout, wants2, command, json, sections) {
    const n = byteLength(command);
    const item = bodied(11 + n, json, sections);
    put(item, Up.call, id);
    put32(item, 5, timeout);
    item[9] = wants2;
    item[10] = n;
    setBytes(item, command, 11);
    return item;
  }
  var cancelItem = (id) => put(new Bytes(5), Up.cancel, id);
  function emitItem(id, event, label, json, sections) {
    const n = byteLength(event);
    const t = byteLength(label);
    const item = bodied(7 + n + t, json, sections);
    put(item, Up.emit, id);
    item[5] = n;
    setBytes(item, event, 6);
    item[6 + n] = t;
    setBytes(item, label, 7 + n);
    return item;
  }
  function listenItem(id, event) {
    const n = byteLength(event);
    const item = put(new Bytes(6 + n), Up.listen, id);
    item[5] = n;
    setBytes(item, event, 6);
    return item;
  }
  function uploadItem(id, offset, json, sections) {
    const item = put(bodied(13, json, sections), Up.upload, id);
    put64(item, 5, offset);
    return item;
  }
  function endItem(id, offset, aborted) {
    const item = put(new Bytes(14), Up.end, id);
    put64(item, 5, offset);
    item[13] = aborted ? 1 : 0;
    return item;
  }
  function creditItem(id, limit) {
    const item = put(new Bytes(13), Up.credit, id);
    put64(item, 5, limit);
    return item;
  }
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
    let size2 = at + m;
    if (sections !== 0) {
      for (let i = 0; i < sections.length; i++) {
        const part = sections[i];
        const bytes2 = parts[i] = typeof part === "string" ? toUTF8(part) : part;
        size2 += (i % 2 === 0 ? 1 : 4) + byteLength(bytes2);
      }
    }
    const item = new Bytes(size2);
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
  function put64(item, at, n) {
    const low = n % TWO32;
    put32(item, at, (n - low) / TWO32);
    put32(item, at + 4, low);
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

  // src/gate.ts
  var Gate = class {
    config;
    #reports;
    /** Bytes and characters of what waits, or may be shown to the hook again. */
    held = 0;
    /** What the hook is at: what the page has cancelled meanwhile, and answers, too. */
    judging = 0;
    closed = false;
    constructor(config) {
      this.config = config;
      this.#reports = new Reports((item) => this.send(item));
    }
    /** Asks the hook about what is no request itself. Its verdict may come after the session's end. */
    ask(question, then2) {
      this.judging++;
      this.config.judge(question, (verdict) => {
        this.judging--;
        then2(verdict);
      });
    }
    /** Seals an item that nobody has to hear of. */
    send(item) {
      this.config.send({ item, sent: ignore3 });
    }
    /** Reports that the hook kept something of the page's back, which would have been an item of that kind. */
    kept(r, what, cause) {
      if (cause !== "invalid" && !this.closed) this.#reports.report(Kept.call, r.id, cause, what, r.name);
    }
    /** Reports that the hook kept back an item of the core's of that kind. */
    hid(r, what, cause) {
      if (!this.closed) this.#reports.report(Kept.answer, r.id, cause, what, r.name);
    }
  };
  var ignore3 = () => {
  };

  // src/lane.ts
  var Lane = class {
    #first;
    #last;
    /** Takes the next place. */
    enter() {
      const turn = { act: void 0, next: void 0 };
      if (this.#last === void 0) this.#first = turn;
      else this.#last.next = turn;
      return this.#last = turn;
    }
    /** Acts when all places before this one have; at once if they did. */
    leave(turn, act) {
      turn.act = act;
      for (let first = this.#first; first?.act !== void 0; first = this.#first) {
        this.#first = first.next;
        if (first.next === void 0) this.#last = void 0;
        first.act();
      }
    }
    /** Whether nothing is before this place. */
    leads(turn) {
      return turn === this.#first;
    }
  };

  // src/request.ts
  var EMIT = "sallyport:emit";
  var LISTEN = "sallyport:listen";
  var Over = { no: 0, cancelled: 1, failed: 2 };
  var Request = class {
    kind;
    /** The page's number for it. */
    page;
    hookID;
    command;
    /** Empty for a call. */
    event;
    target;
    timeout;
    wants;
    json;
    sections;
    /** What it holds of the session's memory. */
    size;
    /** Its number on the wire, 0 before the verdict. */
    id = 0;
    /** What is to be sealed of it, as long as that is so. */
    item = void 0;
    isSent = false;
    /** The hook is at it, whatever the page says meanwhile. */
    judging = true;
    over = Over.no;
    /** A listen that the core has agreed to. */
    agreed = false;
    /** What the core streams to the page, if anything. */
    down = void 0;
    up = void 0;
    #onSent;
    constructor(kind, page, hookID, name, target, json, sections, size2, timeout, wants2, onSent) {
      this.kind = kind;
      this.page = page;
      this.hookID = hookID;
      this.command = kind === Up.call ? name : kind === Up.emit ? EMIT : LISTEN;
      this.event = kind === Up.call ? "" : name;
      this.target = target;
      this.timeout = timeout;
      this.wants = wants2;
      this.json = json;
      this.sections = sections;
      this.size = size2;
      this.#onSent = onSent;
    }
    /** What reports call it. */
    get name() {
      return this.kind === Up.call ? this.command : this.event;
    }
    sent() {
      this.item = void 0;
      this.isSent = true;
      this.#onSent(this);
    }
  };
  function questionOf(kind, r, json = r.json, sections = ownSections(r.sections)) {
    return { kind, id: r.hookID, command: r.command, event: r.event, target: r.target, json, sections };
  }

  // src/inflow.ts
  var GAP_WITHIN = 1e3;
  var Inflow = class {
    #gate;
    #owner;
    #request;
    #lane = new Lane();
    #isListen;
    #window;
    #next = 0;
    // where the next item begins
    #told = 0;
    // the page's offset, as told last
    #left = 0;
    // bytes that the page never got
    #pulled = 0;
    // the page's offset, as it said last
    #passed = 0;
    // the same, with the hook's consent
    #limit;
    #asking = false;
    // the hook is at a pull
    #early;
    #earlySize = 0;
    #lossy = false;
    // something is known to be lost
    #waiting = false;
    // for what belongs into a gap
    #answer;
    // which came before the end
    #ended = false;
    #stopped = false;
    constructor(gate, owner, request) {
      this.#gate = gate;
      this.#owner = owner;
      this.#request = request;
      this.#isListen = request.kind === Up.listen;
      this.#limit = this.#window = this.#isListen ? EVENT_WINDOW : STREAM_WINDOW;
    }
    /** Takes an item, an event or the end. Throws where no genuine core would put it. */
    take(item) {
      if (this.#stopped || this.#ended) return;
      if (item.kind === (this.#isListen ? Down.item : Down.event)) throw new TypeError("sallyport: an item of the wrong kind");
      const { ordered } = this.#gate.config;
      if (item.offset < this.#next) {
        if (ordered) throw new TypeError("sallyport: an item comes again");
        return;
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
    answer(item) {
      if (this.#stopped) return;
      if (item.kind === Down.result && !this.#isListen && !this.#ended && !this.#gate.config.ordered) this.#answer = item;
      else this.#settle(item);
    }
    /** Takes the page's word that it has done with everything up to an offset that it was told. */
    pull(consumed) {
      if (this.#stopped || this.#ended || consumed > this.#told || consumed <= this.#pulled) return;
      this.#pulled = consumed;
      if (!this.#asking && this.#due(consumed)) this.#ask();
    }
    /** What was under way is lost. What comes after it is told, and what comes of it after all is not. */
    interrupted() {
      this.#lossy = true;
      this.#fillGaps();
    }
    /**
     * Gives credit anew: nobody knows how much of what the core may have sent is
     * lost, so that all of it counts as consumed but what has arrived and is not.
     */
    renew() {
      const unconsumed = this.#next - this.#left - this.#passed;
      this.#limit = max(this.#limit, this.#limit + this.#window - unconsumed);
      this.#gate.send(creditItem(this.#request.id, this.#limit));
    }
    /** The request is over: nothing more is told. */
    stop() {
      this.#stopped = true;
      this.#early = this.#answer = void 0;
    }
    #settle(item) {
      if (item.kind === Down.error || !this.#isListen) this.#ended = true;
      this.#owner.answered(this.#request, item.kind === Down.result);
      this.#judge(item);
    }
    // Order.
    #accept(item) {
      if (item.kind === Down.end) this.#ended = true;
      else this.#next = item.offset + item.size;
      this.#judge(item);
      if (this.#ended && this.#answer !== void 0) this.#settle(this.#answer);
      if (this.#ended && this.#isListen) this.#owner.answered(this.#request, false);
    }
    #keep(item) {
      const early = this.#early ??= new MapOf();
      const full = this.#earlySize >= this.#window;
      if (full && !this.#isListen) return this.#owner.giveUp(this.#request, "unknown_outcome");
      this.#earlySize += item.size;
      mapSet(early, item.offset, item);
      if (full) this.#fillGap();
      else if (this.#lossy) this.#wait();
    }
    #follow() {
      const early = this.#early;
      if (early === void 0) return;
      for (let item = mapGet(early, this.#next); item !== void 0; item = mapGet(early, this.#next)) {
        mapDelete(early, item.offset);
        this.#earlySize -= item.size;
        this.#accept(item);
      }
    }
    // The gap may be what is known to be lost, or only late.
    #wait() {
      if (this.#waiting) return;
      this.#waiting = true;
      later(() => {
        this.#waiting = false;
        if (!this.#stopped && !this.#ended) this.#fillGaps();
      }, GAP_WITHIN);
    }
    #fillGaps() {
      while (this.#early !== void 0 && mapSize(this.#early) > 0) this.#fillGap();
    }
    // What is missing is lost: goes on with what came after it.
    #fillGap() {
      let first = 2 ** 53;
      mapEach(this.#early, (_, offset) => {
        first = min(first, offset);
      });
      this.#skip(first);
      this.#follow();
    }
    #skip(to) {
      this.#leave(to - this.#next);
      this.#next = to;
    }
    // Credit.
    #leave(bytes2) {
      this.#left += bytes2;
      this.#credit(this.#passed);
    }
    // Whether it is worth an item: a page that pulls byte by byte makes none of each.
    #due(consumed) {
      return consumed + this.#left + this.#window - this.#limit >= this.#window / 8;
    }
    #credit(consumed) {
      if (!this.#due(consumed)) return;
      this.#limit = consumed + this.#left + this.#window;
      this.#gate.send(creditItem(this.#request.id, this.#limit));
    }
    // One pull at a time: the latest says all.
    #ask() {
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
    #judge(item) {
      const judge = this.#gate.config.judgeAnswer;
      if (judge === void 0) return this.#tell(item, item.json, ownSections(item.sections));
      const turn = this.#lane.enter();
      this.#gate.judging++;
      judge(answerOf(item), questionOf(kindOf(this.#request), this.#request), (verdict) => {
        this.#gate.judging--;
        this.#lane.leave(turn, () => this.#judged(item, verdict));
      });
    }
    #judged(item, verdict) {
      if (this.#stopped) return;
      if (verdict.pass) return this.#tell(item, verdict.json, verdict.sections);
      const r = this.#request;
      if (item.kind === Down.result || item.kind === Down.error) return this.#owner.hide(r, item.kind, verdict.cause);
      this.#gate.hid(r, item.kind, verdict.cause);
      if (item.kind === Down.event) this.#leave(item.size);
      else this.#owner.giveUp(r, "hook_refused");
    }
    #tell(item, json, sections) {
      const { to } = this.#gate.config;
      const r = this.#request;
      switch (item.kind) {
        case Down.event:
          return to.event(r.page, this.#told += item.size, item.number, item.text, json, sections);
        case Down.item:
          return to.item(r.page, this.#told += item.size, json, sections);
        case Down.end:
          return to.end(r.page);
        default:
          return this.#owner.reply(r, item.kind === Down.result, json, sections);
      }
    }
  };
  function kindOf(r) {
    return r.kind === Up.call ? "call" : r.kind === Up.emit ? "emit" : "listen";
  }
  var kinds = ["end", "result", "error", "item", "event", "end", "end", "progress"];
  function answerOf({ kind, json, sections, offset, number, text: text2 }) {
    if (kind !== Down.progress) return { kind: kinds[kind], json, sections: ownSections(sections), window: text2 };
    return { kind: "progress", json: `{"done":${numberToString(offset)},"total":${numberToString(number)},"text":${stringifyJSON(text2)}}`, sections: 0, window: "" };
  }

  // src/limits.ts
  var MAX_CALLS = 4096;
  var MAX_HELD = 32 * 1024 * 1024;

  // src/upload.ts
  var MAX_AHEAD = 64;
  var ITEM_ROOM = 256;
  var Upload2 = class {
    #gate;
    #owner;
    #request;
    #lane = new Lane();
    #early = emptyList();
    // before the call itself has passed
    #first;
    // of what is not sealed
    #last;
    #waiting;
    // the first of these that has no credit
    #offset = 0;
    #limit;
    #ahead = 0;
    #taken = 0;
    #ended = false;
    #stopped = false;
    constructor(gate, owner, request) {
      this.#gate = gate;
      this.#owner = owner;
      this.#request = request;
      this.#limit = gate.config.ordered ? STREAM_WINDOW : 0;
    }
    /** Takes an item of the page. */
    item(json, sections) {
      if (this.#stopped || this.#ended) return;
      const size2 = ITEM_ROOM + roomOf(json, sections);
      const { maxPlaintext } = this.#gate.config;
      if (json.length + sizeOf(sections) > maxPlaintext) return this.#owner.giveUp(this.#request, "too_large");
      if (this.#ahead >= MAX_AHEAD || this.#gate.judging >= MAX_CALLS || this.#gate.held + size2 > MAX_HELD) return this.#owner.giveUp(this.#request, "busy");
      this.#ahead++;
      this.#gate.held += size2;
      this.#say({ isEnd: false, json, sections, aborted: false, size: size2 });
    }
    /** Takes the page's word that no more follow. */
    end(aborted) {
      if (this.#stopped || this.#ended) return;
      this.#ended = true;
      this.#say({ isEnd: true, json: aborted ? '{"aborted":true}' : '{"aborted":false}', sections: 0, aborted, size: 0 });
    }
    /** The call has passed: what came before that may follow it. */
    open() {
      const early = this.#early;
      this.#early = void 0;
      for (let i = 0; i < early.length; i++) this.#judge(early[i]);
    }
    /** The core takes items that begin below limit. */
    credit(limit) {
      if (limit <= this.#limit) return;
      this.#limit = limit;
      this.#send();
    }
    /** The call is over, and nothing more of it is sealed. What the hook is at is let go when it is done. */
    stop() {
      if (this.#stopped) return;
      this.#stopped = true;
      const early = this.#early;
      for (let i = 0; early !== void 0 && i < early.length; i++) this.#gate.held -= early[i].size;
      this.#early = void 0;
      this.#drop(this.#first);
      this.#first = this.#last = this.#waiting = void 0;
    }
    #drop(from) {
      for (let p = from; p !== void 0; p = p.next) {
        p.item = void 0;
        this.#gate.held -= p.size;
      }
    }
    #say(said) {
      if (this.#early === void 0) this.#judge(said);
      else this.#early[this.#early.length] = said;
    }
    #judge(said) {
      if (this.#stopped) {
        this.#gate.held -= said.size;
        return;
      }
      const turn = this.#lane.enter();
      this.#gate.ask(questionOf(said.isEnd ? "end" : "item", this.#request, said.json, said.sections), (verdict) => {
        const sections = !verdict.pass ? 0 : this.#lane.leads(turn) ? verdict.sections : ownSections(verdict.sections);
        this.#lane.leave(turn, () => this.#judged(said, verdict, sections));
      });
    }
    #judged(said, verdict, sections) {
      const { isEnd } = said;
      const r = this.#request;
      this.#gate.held -= said.size;
      if (this.#stopped || this.#gate.closed) return;
      if (!verdict.pass) {
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
    #endAt(aborted) {
      if (!aborted || this.#waiting === void 0) return this.#offset;
      const at = this.#waiting.offset;
      this.#drop(this.#waiting);
      if (this.#first === this.#waiting) this.#first = this.#last = void 0;
      else {
        let p = this.#first;
        while (p.next !== this.#waiting) p = p.next;
        p.next = void 0;
        this.#last = p;
      }
      this.#waiting = void 0;
      return at;
    }
    #pass(item, isEnd) {
      const size2 = byteLength(item);
      const passed = { item, offset: this.#offset, size: size2, isEnd, next: void 0, sent: () => this.#sent() };
      this.#offset += size2;
      this.#gate.held += size2;
      if (this.#last === void 0) this.#first = passed;
      else this.#last.next = passed;
      this.#last = passed;
      this.#waiting ??= passed;
      this.#send();
    }
    #send() {
      for (let p = this.#waiting; p !== void 0 && (p.isEnd || p.offset < this.#limit); p = this.#waiting) {
        this.#waiting = p.next;
        this.#gate.config.send(p);
      }
    }
    // They are sealed in the order in which they were sent.
    #sent() {
      const first = this.#first;
      if (first === void 0) return;
      this.#first = first.next;
      if (first.next === void 0) this.#last = void 0;
      first.item = void 0;
      this.#gate.held -= first.size;
      if (first.isEnd) return;
      this.#ahead--;
      this.#gate.config.to.taken(this.#request.page, ++this.#taken);
    }
  };

  // src/calls.ts
  var FULL = 2 ** 32 - 1;
  var Calls = class {
    #config;
    #gate;
    #byPage = new MapOf();
    #byID = new MapOf();
    #lastCommand = "";
    #lastName = toUTF8("");
    #lossy = false;
    // listens lack credit for what was lost
    #judged = 0;
    #ids = 0;
    constructor(config) {
      this.#config = config;
      this.#gate = new Gate(config);
    }
    /** Takes a call of the page; timeout is in milliseconds, 0 for none. */
    call(page, command, json, timeout, wants2, sections) {
      this.#request(Up.call, page, command, "", json, sections, timeout, wants2);
    }
    /** Takes an event of the page; an empty target means all windows and the core. */
    emit(page, event, target, json, sections) {
      if (target.length > MAX_COMMAND || target !== "" && byteLength(toUTF8(target)) > MAX_COMMAND) return this.#refuse(page, "denied");
      this.#request(Up.emit, page, event, target, json, sections, 0, 0);
    }
    /** Takes the page's wish to hear an event. */
    listen(page, event) {
      this.#request(Up.listen, page, event, "", "{}", 0, 0, 0);
    }
    /** Takes an item of a call's upload. What is of no open call that uploads is nothing. */
    upload(page, json, sections) {
      mapGet(this.#byPage, page)?.up?.item(json, sections);
    }
    /** Takes the end of an upload. */
    end(page, aborted) {
      mapGet(this.#byPage, page)?.up?.end(aborted);
    }
    /** Takes the page's word of how much of a stream it has consumed. */
    pull(page, consumed) {
      mapGet(this.#byPage, page)?.down?.pull(consumed);
    }
    #request(kind, page, name, target, json, sections, timeout, wants2) {
      if (mapHas(this.#byPage, page)) return;
      const gate = this.#gate;
      const { maxPlaintext } = this.#config;
      if (gate.closed) return this.#refuse(page, "closed");
      if (json.length + sizeOf(sections) > maxPlaintext) return this.#refuse(page, "too_large");
      const size2 = roomOf(json, sections);
      if (name === "" || name.length > MAX_COMMAND || byteLength(this.#nameOf(name)) > MAX_COMMAND) return this.#refuse(page, "denied");
      if (mapSize(this.#byPage) >= MAX_CALLS || gate.judging >= MAX_CALLS || gate.held + size2 > MAX_HELD) return this.#refuse(page, "busy");
      const r = new Request(kind, page, ++this.#judged, name, target, json, sections, size2, timeout, wants2, this.#onSent);
      if (kind === Up.listen || (wants2 & Wants.items) !== 0) r.down = new Inflow(gate, this, r);
      if ((wants2 & Wants.upload) !== 0) r.up = new Upload2(gate, this, r);
      mapSet(this.#byPage, page, r);
      gate.held += size2;
      gate.judging++;
      this.#config.judge(questionOf(kindOf(r), r, json, sections), (verdict) => this.#decided(r, verdict));
    }
    #decided(r, verdict) {
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
      const size2 = roomOf(verdict.json, verdict.sections);
      gate.held += size2 - r.size;
      r.size = size2;
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
    #nameOf(command) {
      if (command !== this.#lastCommand) {
        this.#lastName = toUTF8(command);
        this.#lastCommand = command;
      }
      return this.#lastName;
    }
    /** Takes a cancellation. The page has its error already and gets no other. */
    cancel(page) {
      const r = mapGet(this.#byPage, page);
      if (r === void 0) return;
      r.over = Over.cancelled;
      this.#forget(r);
      r.down?.stop();
      if (r.isSent) this.#sendCancel(r);
      else r.item = void 0;
    }
    /** Takes what the core says. Throws where no genuine core would say it. */
    deliver(items) {
      for (let i = 0; i < items.length; i++) {
        const item = items[i];
        const r = mapGet(this.#byID, item.id);
        if (r === void 0 || !r.isSent) continue;
        switch (item.kind) {
          case Down.result:
          case Down.error:
            if (item.kind === Down.result) r.agreed = true;
            if (r.down !== void 0) r.down.answer(item);
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
    #settle(r, item) {
      this.#forget(r);
      const ok = item.kind === Down.result;
      const judge = this.#config.judgeAnswer;
      if (judge === void 0) return this.reply(r, ok, item.json, ownSections(item.sections));
      this.#gate.judging++;
      judge(answerOf(item), questionOf(kindOf(r), r), (verdict) => {
        this.#gate.judging--;
        if (verdict.pass) this.reply(r, ok, verdict.json, verdict.sections);
        else this.hide(r, item.kind, verdict.cause);
      });
    }
    #progress(r, item) {
      const { judgeAnswer: judge, to } = this.#config;
      if (judge === void 0) return to.progress(r.page, item.offset, item.number, item.text);
      this.#gate.judging++;
      judge(answerOf(item), questionOf(kindOf(r), r), (verdict) => {
        this.#gate.judging--;
        if (!verdict.pass) return this.#gate.hid(r, Down.progress, verdict.cause);
        if (!mapHas(this.#byID, r.id)) return;
        const { done, total, text: text2 } = parseJSON(verdict.json);
        to.progress(r.page, done, total, text2);
      });
    }
    answered(r, ok) {
      if (!ok || r.kind !== Up.listen) this.#forget(r);
    }
    reply(r, ok, json, sections) {
      this.#config.to.reply(r.page, ok, json, sections);
    }
    hide(r, what, cause) {
      this.#gate.hid(r, what, cause);
      if (r.kind === Up.listen && what === Down.result) return this.giveUp(r, "hook_refused");
      this.#config.to.reply(r.page, false, errorJSON("hook_refused", this.#idOf(r)), 0);
    }
    giveUp(r, code) {
      if (r.over !== Over.no) return;
      this.#fail(r, code);
      if (r.isSent) this.#gate.send(cancelItem(r.id));
      else r.item = void 0;
    }
    /**
     * Gives up what was sent: it is never sent again. What streams is cancelled
     * besides, as soon as that can be said; a listen goes on.
     */
    interrupted() {
      this.#lossy = true;
      this.#sweep((r) => {
        if (!r.isSent) return;
        if (r.kind === Up.listen && r.agreed) r.down.interrupted();
        else if (r.down !== void 0 || r.up !== void 0) this.giveUp(r, "unknown_outcome");
        else this.#fail(r, "unknown_outcome");
      });
      if (!this.#config.ordered) this.resumed();
    }
    /** What is sealed now arrives again: after resumed or, on the relay, at once. */
    resumed() {
      if (!this.#lossy) return;
      this.#lossy = false;
      mapEach(this.#byPage, (r) => {
        if (r.kind === Up.listen && r.agreed) r.down.renew();
      });
    }
    /** Gives up everything, for good. */
    closed() {
      if (this.#gate.closed) return;
      this.#gate.closed = true;
      this.#sweep((r) => this.#fail(r, r.isSent && !(r.kind === Up.listen && r.agreed) ? "unknown_outcome" : "closed"));
    }
    #sweep(each) {
      const open2 = emptyList();
      mapEach(this.#byPage, (r) => {
        open2[open2.length] = r;
      });
      for (let i = 0; i < open2.length; i++) each(open2[i]);
    }
    // The verdict was to keep it back: the page learns that, and the record why.
    // A page that has cancelled the call meanwhile learns nothing, but keeps
    // nothing off the record.
    #keep(r, cause) {
      if (cause === "invalid") return this.#fail(r, "invalid_args");
      if (!this.#number(r)) return;
      this.#gate.kept(r, r.kind, cause);
      this.#fail(r, "hook_refused");
    }
    // Numbers are given at the verdict, so that they count up on the wire
    // however long a hook takes over one call.
    #number(r) {
      if (this.#ids >= FULL) {
        this.#fail(r, "closed");
        return false;
      }
      r.id = ++this.#ids;
      return true;
    }
    #onSent = (r) => {
      if (r.over === Over.cancelled) this.#sendCancel(r);
      else if (r.over === Over.failed) this.#gate.send(cancelItem(r.id));
    };
    #sendCancel(r) {
      this.#gate.ask(questionOf(r.kind === Up.listen ? "unlisten" : "cancel", r), (verdict) => {
        if (this.#gate.closed) return;
        if (verdict.pass) this.#gate.send(cancelItem(r.id));
        else this.#gate.kept(r, Up.cancel, verdict.cause);
      });
    }
    #idOf(r) {
      return r.id === 0 ? "" : `${this.#config.prefix}-${r.id}`;
    }
    #forget(r) {
      if (mapGet(this.#byPage, r.page) !== r) return;
      mapDelete(this.#byPage, r.page);
      mapDelete(this.#byID, r.id);
      r.up?.stop();
      if (!r.judging) this.#gate.held -= r.size;
    }
    #fail(r, code) {
      if (r.over !== Over.no) return;
      r.over = Over.failed;
      this.#forget(r);
      r.down?.stop();
      this.#config.to.reply(r.page, false, errorJSON(code, this.#idOf(r)), 0);
    }
    #refuse(page, code) {
      this.#config.to.reply(page, false, errorJSON(code, ""), 0);
    }
  };
  function itemOf(r, id, name) {
    if (r.kind === Up.call) return callItem(id, r.timeout, r.wants, name, r.json, r.sections);
    if (r.kind === Up.listen) return listenItem(id, name);
    return emitItem(id, name, toUTF8(r.target), r.json, r.sections);
  }
  function errorJSON(code, id) {
    return `{"code":${stringifyJSON(code)},"id":${stringifyJSON(id)},"message":${stringifyJSON(messageOf(code))}}`;
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
    const size2 = byteLength(frame);
    if (size2 < OVERHEAD) throw new TypeError("sallyport: the frame is too short");
    const plaintext = await webcrypto.decrypt(
      parameters(view(frame, HEADER, IV), associatedData(view(frame, 0, HEADER), direction, session)),
      key,
      view(frame, HEADER + IV, size2 - HEADER - IV)
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
  async function expand(id, prk, label, info2, size2) {
    const labeled = concat([octets(0, size2), version, id, toUTF8(label), info2, octets(1)]);
    return view(await hmac(prk, labeled), 0, size2);
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
      let size2 = 0;
      let i = 0;
      for (; i < this.#entries.length && batch.length < MAX_ITEMS; i++) {
        const entry = this.#entries[i];
        if (entry.item === void 0) continue;
        size2 += byteLength(entry.item);
        if (size2 > most && batch.length > 0) break;
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
  var nothing4 = new Bytes(0);
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
    #hello = nothing4;
    #bye = nothing4;
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
        this.#hello = nothing4;
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
      const size2 = byteLength(plaintext);
      switch (type) {
        case Type.ready:
          if (size2 !== 0) return false;
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
          if (size2 !== 0) return false;
          this.#say({ type: Type.pong, plaintext: nothing4 });
          return true;
        case Type.rekey:
          if (size2 !== SECRET + PUBLIC_KEY) return false;
          this.#rekey(plaintext);
          return true;
        case Type.challenge:
          if (size2 !== NONCE) return false;
          if (epoch !== this.#epochs.number) this.#adopt(0);
          this.#phase = "proof";
          this.#say({ type: Type.proof, plaintext });
          return true;
        case Type.resumed:
          if (size2 !== 0) return false;
          this.#epochs.offer(void 0);
          this.#ready();
          return true;
        case Type.bye:
          if (size2 === 0) this.#close();
          return size2 === 0;
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
      const bye = await seal(keys2.up, address, nothing4);
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
          ready: () => {
            this.calls.resumed();
            to.state("ready");
          },
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
        ordered: carrier.ordered,
        prefix: sessionName(session),
        send: (entry) => this.#session.send(entry),
        to
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
    const { invoke, stream, emit, emitTo, listen: listen2, once } = client;
    const api2 = freeze({ invoke, stream, emit, emitTo, listen: listen2, once, SallyportError });
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
  function portOf(hop) {
    return {
      call(id, command, json, timeout, wants2, sections) {
        hop.say(Ask.call, id, command, json, timeout, wants2, sections);
        hop.give(sections);
      },
      cancel: (id) => hop.say(Ask.cancel, id),
      emit(id, event, target, json, sections) {
        hop.say(Ask.emit, id, event, target, json, sections);
        hop.give(sections);
      },
      listen: (id, event) => hop.say(Ask.listen, id, event),
      upload(id, json, sections) {
        hop.say(Ask.upload, id, json, sections);
        hop.give(sections);
      },
      end: (id, aborted) => hop.say(Ask.end, id, aborted ? 1 : 0),
      pull: (id, consumed) => hop.say(Ask.pull, id, consumed)
    };
  }
  function told(client) {
    return {
      reply: (id, ok, json, sections) => client.reply(id, ok, json, sections),
      item: (id, upTo, json, sections) => client.item(id, upTo, json, sections),
      event: (id, upTo, number, label, json, sections) => client.event(id, upTo, number, label, json, sections),
      end: (id) => client.end(id),
      taken: (id, count) => client.taken(id, count),
      progress: (id, done, total, text2) => client.progress(id, done, total, text2)
    };
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
      const hears = {
        ...told(client),
        state(state) {
          settled = true;
          if (state !== "unavailable") return client.state(state);
          end();
          if (mayFallBack && config.ticket !== void 0) fallBack(config.ticket);
          else client.close();
        },
        body: (body) => pump?.carry(new Bytes(body)),
        farewell: (body) => pump?.farewell(new Bytes(body))
      };
      const meeting = meet(
        messages2,
        window,
        () => contentWindow(frame),
        (met, name) => {
          hop = met;
          client.attach(portOf(met));
          if (typeof name !== "string" || fromBase64URL(name, SESSION_ID) === void 0) return;
          pump = new Pump(config.relay + name, post, {
            body: (body) => met.say(Ask.body, body),
            lost: () => met.say(Ask.lost),
            gone: () => met.say(Ask.gone)
          });
        },
        (list) => readTold(list, hears)
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
      ...told(client),
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
