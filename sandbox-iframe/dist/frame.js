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
  function direct(url, connect) {
    return {
      ordered: true,
      open(events) {
        const socket = connect(url);
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
    let size = 0;
    if (sections !== 0) for (let i = 1; i < sections.length; i += 2) size += byteLength(sections[i]);
    return size;
  }
  var SECTION_ROOM = 192;
  function roomOf(json, sections) {
    return json.length + (sections === 0 ? 0 : sizeOf(sections) + sections.length / 2 * SECTION_ROOM);
  }
  function isMediaType(text2) {
    if (text2.length > MAX_MEDIA_TYPE) return false;
    let slash = -1;
    let start2 = true;
    for (let i = 0; i < text2.length; i++) {
      const c = charCodeAt(text2, i);
      const plain = c >= 97 && c <= 122 || c >= 48 && c <= 57;
      if (c === 47 && slash < 0 && !start2) {
        slash = i;
        start2 = true;
        continue;
      }
      if (!plain && (start2 || !isMark(c))) return false;
      start2 = false;
    }
    return slash > 0 && !start2;
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
    const placed = emptyList();
    place(value, sections, placed);
    for (let i = 0; i < sections.length; i += 2) if (placed[i] !== true) throw mismatch();
    return value;
  }
  function place(value, sections, placed) {
    if (typeof value !== "object" || value === null) return;
    if (isArray(value)) {
      for (let i2 = 0; i2 < value.length; i2++) place(value[i2], sections, placed);
      return;
    }
    const object = value;
    const names = keys(object);
    if (!hasOwn(object, "$bytes")) {
      for (let i2 = 0; i2 < names.length; i2++) place(object[names[i2]], sections, placed);
      return;
    }
    const i = object["$bytes"];
    if (names.length !== 2 || !hasOwn(object, "type") || typeof i !== "number" || i % 2 !== 0 || object["type"] !== sections[i] || placed[i] === true) throw mismatch();
    placed[i] = true;
    object["$bytes"] = sections[i + 1];
  }
  var mismatch = () => new TypeError("sallyport: a text and its sections do not go together");
  var BodyWriter = class {
    #sections;
    // none is made before there is something for it
    /** The JSON text of a value; throws on what is neither JSON nor a section. take has the sections that go with it. */
    write(value) {
      this.#sections = void 0;
      return writeJSON(value, this.#section);
    }
    /** The sections of what was written last. Their bytes are copies: whoever made the value may still hold those that it has. */
    take() {
      const sections = this.#sections;
      this.#sections = void 0;
      return sections ?? 0;
    }
    #section = (object) => {
      const names = keys(object);
      if (names.length !== 2 || !hasOwn(object, "$bytes") || !hasOwn(object, "type")) throw new TypeError("sallyport: a section is {$bytes: Uint8Array, type: string}");
      const { $bytes: bytes2, type } = object;
      if (!isOwnBytes(bytes2) || typeof type !== "string" || !isMediaType(type)) throw new TypeError("sallyport: a section's bytes or type are none");
      const list = this.#sections ??= emptyList();
      if (list.length === 2 * MAX_SECTIONS) throw new TypeError("sallyport: too many sections");
      const copy = copyOf(bytes2);
      list[list.length] = type;
      list[list.length] = copy;
      return `{"$bytes":${numberToString(byteLength(copy))},"type":${stringifyJSON(type)}}`;
    };
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
    const start2 = r.at;
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
    return { kind, id, json, sections, offset, number, text: text2, size: r.at - start2 };
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

  // src/hook.ts
  var Refusal = class {
    #reason;
    constructor(reason) {
      this.#reason = reason;
      freeze(this);
    }
    static is(value) {
      return #reason in value;
    }
    static reason(refusal) {
      return refusal.#reason;
    }
  };
  var bad = (cause) => ({ pass: false, cause });
  var hidden = (cause) => ({ pass: false, cause });
  var Hook = class {
    #call;
    #answer;
    #sealed = false;
    #writer = new BodyWriter();
    // one for all: nothing waits while it writes
    #window;
    #origin;
    #limit;
    /** limit is in milliseconds. */
    constructor(window2, origin, limit) {
      this.#window = window2;
      this.#origin = origin;
      this.#limit = limit;
    }
    /** The object that hook code works with. */
    surface = freeze({
      onCall: (fn) => {
        this.#register(fn, this.#call);
        this.#call = fn;
      },
      onAnswer: (fn) => {
        this.#register(fn, this.#answer);
        this.#answer = fn;
      },
      refuse: (reason) => new Refusal(typeof reason === "string" ? reason : "")
    });
    #register(fn, before) {
      if (typeof fn !== "function") throw new TypeError("sallyport: a hook must be a function");
      if (this.#sealed || before !== void 0) throw new TypeError("sallyport: a hook is registered once, while the hook file runs");
    }
    /** Takes no more registrations. */
    seal() {
      this.#sealed = true;
    }
    /** Whether answers have to be shown to a hook. */
    get seesAnswers() {
      return this.#answer !== void 0;
    }
    judge = (question, done) => {
      const hook2 = this.#call;
      if (hook2 === void 0) return done(bad(Cause.malformed));
      let call2;
      try {
        call2 = this.#show(question);
      } catch {
        return done(bad("invalid"));
      }
      this.#ask(() => hook2(call2), (outcome) => done(outcome.cause === void 0 ? this.#verdict(question, outcome.value) : bad(outcome.cause)));
    };
    judgeAnswer = (answer, question, done) => {
      const hook2 = this.#answer;
      if (hook2 === void 0) return done({ pass: true, json: answer.json, sections: answer.sections });
      let shown;
      let call2;
      try {
        shown = showAnswer(answer);
        call2 = this.#show(question);
      } catch {
        return done(hidden(Cause.malformed));
      }
      this.#ask(() => hook2(shown, call2), (outcome) => done(outcome.cause === void 0 ? this.#rewritten(answer, outcome.value) : hidden(outcome.cause)));
    };
    #show({ kind, id, command, event, target, json, sections }) {
      const args = readBody(json, sections);
      const window2 = this.#window;
      const origin = this.#origin;
      if (event === "") return { kind, id, command, args, window: window2, origin };
      if (kind !== "emit") return { kind, id, command, event, args, window: window2, origin };
      return { kind, id, command, event, target: labelOf(target), args, window: window2, origin };
    }
    // Calls the hook and waits for a promise, and for nothing else that has a
    // then: arguments of the page must not become code. done runs in the same
    // turn in which the hook's word is known. No timer runs while the hook keeps
    // its thread busy, so a word is also looked at for when it came.
    #ask(run2, done) {
      const began = elapsed();
      let open2 = true;
      let timer;
      const settle = (outcome) => {
        if (!open2) return;
        open2 = false;
        if (timer !== void 0) never(timer);
        done(outcome.cause === void 0 && elapsed() - began > this.#limit ? { cause: Cause.timeout } : outcome);
      };
      let result;
      try {
        result = run2();
      } catch {
        return settle({ cause: Cause.threw });
      }
      if (isPlain(result)) return settle({ cause: void 0, value: result });
      try {
        void when(result, (value) => settle({ cause: void 0, value }), () => settle({ cause: Cause.threw }));
      } catch {
        return settle({ cause: void 0, value: result });
      }
      timer = later(() => settle({ cause: Cause.timeout }), this.#limit);
    }
    #verdict(question, value) {
      if (typeof value !== "object" || value === null) return bad(Cause.malformed);
      if (Refusal.is(value)) {
        debug("sallyport: the hook refused a call:", Refusal.reason(value));
        return bad(Cause.refused);
      }
      try {
        const call2 = members(value);
        if (call2.kind !== question.kind || typeof call2.command !== "string" || call2.args === void 0) return bad(Cause.malformed);
        if (!same(call2.id, question.id) || !same(call2.window, this.#window) || !same(call2.origin, this.#origin)) return bad(Cause.malformed);
        if (!same(call2.event, question.event) || !same(call2.target, question.target)) return bad(Cause.malformed);
        if (question.kind !== "call" && call2.command !== question.command) return bad(Cause.malformed);
        const json = this.#writer.write(call2.args);
        return { pass: true, command: call2.command, json, sections: this.#writer.take() };
      } catch {
        return bad(this.#unwritable(question) ? "invalid" : Cause.malformed);
      }
    }
    // Whether arguments could not be written as they came: too deep, or with bytes
    // that don't go with the text. The page's own client sends none such.
    #unwritable(question) {
      try {
        this.#writer.write(readBody(question.json, question.sections));
        return false;
      } catch {
        return true;
      } finally {
        this.#writer.take();
      }
    }
    #rewritten(before, value) {
      if (typeof value !== "object" || value === null) return hidden(Cause.malformed);
      if (Refusal.is(value)) {
        debug("sallyport: the hook refused an answer:", Refusal.reason(value));
        return hidden(Cause.refused);
      }
      try {
        const after = own(value, membersOf[before.kind]);
        if (after.kind !== before.kind) return hidden(Cause.malformed);
        switch (before.kind) {
          case "end":
            return { pass: true, json: "", sections: 0 };
          case "error":
            return { pass: true, json: errorOf(before.json, after.error), sections: 0 };
          case "progress":
            return { pass: true, json: progressOf(after.value), sections: 0 };
          default: {
            if (after.value === void 0 || !same(after.window, labelOf(before.window))) return hidden(Cause.malformed);
            const json = this.#writer.write(after.value);
            return { pass: true, json, sections: this.#writer.take() };
          }
        }
      } catch {
        return hidden(Cause.malformed);
      }
    }
  };
  var labelOf = (label) => label === "" ? void 0 : label;
  var membersOf = {
    __proto__: null,
    result: ["kind", "value"],
    item: ["kind", "value"],
    event: ["kind", "value", "window"],
    progress: ["kind", "value"],
    error: ["kind", "error"],
    end: ["kind"]
  };
  function showAnswer({ kind, json, sections, window: window2 }) {
    if (kind === "end") return { kind };
    const value = readBody(json, sections);
    if (kind === "error") return { kind, error: value };
    if (kind === "event") return { kind, value, window: labelOf(window2) };
    return { kind, value };
  }
  function errorOf(json, error) {
    if (typeof error !== "object" || error === null) throw new TypeError("sallyport: an error is an object");
    const before = parseJSON(json);
    const after = own(error, ["code", "id", "message", "data"]);
    return writeJSON({ code: before.code, id: before.id, message: after.message, data: after.data });
  }
  function progressOf(value) {
    const { done, total, text: text2 } = own(value, ["done", "total", "text"]);
    if (!isCount(done) || !isCount(total) || typeof text2 !== "string") throw new TypeError("sallyport: a progress is two numbers and a text");
    return writeJSON({ done, total, text: text2 });
  }
  var isCount = (value) => isSafeInteger(value) && value >= 0;
  function isPlain(value) {
    try {
      return typeof value !== "object" || value === null || getPrototypeOf(value) === ObjectPrototype;
    } catch {
      return true;
    }
  }
  var same = (value, expected) => value === void 0 || value === expected;
  function members(value) {
    let kind, id, command, event, target, args, window2, origin;
    const present = keys(value);
    for (let i = 0; i < present.length; i++) {
      const name = present[i];
      const member = value[name];
      if (name === "kind") kind = member;
      else if (name === "id") id = member;
      else if (name === "command") command = member;
      else if (name === "args") args = member;
      else if (name === "window") window2 = member;
      else if (name === "origin") origin = member;
      else if (name === "event") event = member;
      else if (name === "target") target = member;
      else throw new TypeError("sallyport: an unknown member");
    }
    return { kind, id, command, event, target, args, window: window2, origin };
  }
  function own(object, names) {
    const members2 = { __proto__: null };
    for (let i = 0; i < names.length; i++) members2[names[i]] = void 0;
    const present = keys(object);
    for (let i = 0; i < present.length; i++) {
      const name = present[i];
      if (!hasOwn(members2, name)) throw new TypeError("sallyport: an unknown member");
      members2[name] = object[name];
    }
    return members2;
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
  var nothing = emptyList();
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
    say(...members2) {
      for (let i = 0; i < members2.length; i++) this.#list[this.#list.length] = members2[i];
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
      const given = this.#given ?? nothing;
      this.#list = emptyList();
      this.#given = void 0;
      this.#post(said, given);
    }
  };
  function quicker(agent2) {
    return includes(agent2, "AppleWebKit") && !includes(agent2, "Chrome") ? "window" : "port";
  }
  function one(port) {
    const list = emptyList();
    list[0] = port;
    return list;
  }
  function greet(m, self, parent2, origin, kind, relay2, hear) {
    const greeting = relay2 === void 0 ? { sallyport: 1, hop: kind } : { sallyport: 1, hop: kind, relay: relay2 };
    if (kind === "port") {
      const { port1, port2 } = m.channel();
      m.listen(port1, "message", (event) => hear(m.data(event)));
      m.start(port1);
      m.post(parent2, greeting, origin, one(port2));
      return new Batched((list, given) => m.postPort(port1, list, given));
    }
    m.listen(self, "message", (e) => {
      const event = e;
      if (m.trusted(event) && m.source(event) === parent2 && m.origin(event) === origin) hear(m.data(event));
    });
    m.post(parent2, greeting, origin, nothing);
    return new Batched((list, given) => m.post(parent2, list, origin, given));
  }

  // src/protocol.ts
  var Ask = { call: 1, cancel: 2, body: 3, lost: 4, gone: 5, emit: 6, listen: 7, upload: 8, end: 9, pull: 10 };
  var Tell = { result: 1, error: 2, state: 3, body: 4, farewell: 5, item: 6, event: 7, end: 8, taken: 9, progress: 10 };
  var isTimeout = (v) => isSafeInteger(v) && v >= 0 && v < 2 ** 32;
  var isCount2 = (v) => isSafeInteger(v) && v >= 0;
  function readAsked(list, to) {
    if (!isArray(list)) return;
    const taken = new Taken();
    for (let i = 0; i < list.length; ) {
      const kind = list[i];
      const a = list[i + 1];
      if (kind === Ask.call) {
        const command = list[i + 2];
        const json = list[i + 3];
        const timeout = list[i + 4];
        const wants = list[i + 5];
        const sections = readSections(list[i + 6], taken);
        if (!isSafeInteger(a) || typeof command !== "string" || typeof json !== "string" || !isTimeout(timeout)) return;
        if (!isCount2(wants) || wants > 7 || sections === void 0) return;
        to.call(a, command, json, timeout, wants, sections);
        i += 7;
      } else if (kind === Ask.body && isBuffer(a)) {
        to.body(a);
        i += 2;
      } else if (kind === Ask.lost || kind === Ask.gone) {
        if (kind === Ask.lost) to.lost();
        else to.gone();
        i += 1;
      } else {
        const read = isSafeInteger(a) ? readAbout(list, i, kind, a, to, taken) : 0;
        if (read === 0) return;
        i += read;
      }
    }
  }
  function readAbout(list, i, kind, id, to, taken) {
    const b = list[i + 2];
    if (kind === Ask.cancel) {
      to.cancel(id);
      return 2;
    }
    if (kind === Ask.pull && isCount2(b)) {
      to.pull(id, b);
      return 3;
    }
    if (kind === Ask.end && (b === 0 || b === 1)) {
      to.end(id, b === 1);
      return 3;
    }
    if (typeof b !== "string") return 0;
    if (kind === Ask.listen) {
      to.listen(id, b);
      return 3;
    }
    if (kind === Ask.upload) {
      const sections2 = readSections(list[i + 3], taken);
      if (sections2 === void 0) return 0;
      to.upload(id, b, sections2);
      return 4;
    }
    if (kind !== Ask.emit) return 0;
    const target = list[i + 3];
    const json = list[i + 4];
    const sections = readSections(list[i + 5], taken);
    if (typeof target !== "string" || typeof json !== "string" || sections === void 0) return 0;
    to.emit(id, b, target, json, sections);
    return 6;
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
    constructor(config2) {
      this.config = config2;
      this.#reports = new Reports((item) => this.send(item));
    }
    /** Asks the hook about what is no request itself. Its verdict may come after the session's end. */
    ask(question, then) {
      this.judging++;
      this.config.judge(question, (verdict) => {
        this.judging--;
        then(verdict);
      });
    }
    /** Seals an item that nobody has to hear of. */
    send(item) {
      this.config.send({ item, sent: ignore });
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
  var ignore = () => {
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
    constructor(kind, page, hookID, name, target, json, sections, size, timeout, wants, onSent) {
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
  var Upload = class {
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
      const size = ITEM_ROOM + roomOf(json, sections);
      const { maxPlaintext } = this.#gate.config;
      if (json.length + sizeOf(sections) > maxPlaintext) return this.#owner.giveUp(this.#request, "too_large");
      if (this.#ahead >= MAX_AHEAD || this.#gate.judging >= MAX_CALLS || this.#gate.held + size > MAX_HELD) return this.#owner.giveUp(this.#request, "busy");
      this.#ahead++;
      this.#gate.held += size;
      this.#say({ isEnd: false, json, sections, aborted: false, size });
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
      const size = byteLength(item);
      const passed = { item, offset: this.#offset, size, isEnd, next: void 0, sent: () => this.#sent() };
      this.#offset += size;
      this.#gate.held += size;
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
    constructor(config2) {
      this.#config = config2;
      this.#gate = new Gate(config2);
    }
    /** Takes a call of the page; timeout is in milliseconds, 0 for none. */
    call(page, command, json, timeout, wants, sections) {
      this.#request(Up.call, page, command, "", json, sections, timeout, wants);
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
    #request(kind, page, name, target, json, sections, timeout, wants) {
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
    constructor(config2, events) {
      this.#config = config2;
      this.#events = events;
      this.#epochs = new Epochs(config2.carrierOf.ordered);
      this.#incoming = config2.carrierOf.ordered ? new Strict() : new Window();
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
    constructor(config2, carrier, judge, judgeAnswer, to, waits = patience) {
      const { session, secret, coreKey, maxFrame, pattern } = config2;
      this.#session = new Session(
        { session, secret, coreKey, maxFrame, pattern, carrier: config2.carrier, carrierOf: carrier, patience: waits },
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

  // src/frame.ts
  var messages2 = captureMessages();
  var sockets = browserSockets();
  var agent = navigator.userAgent;
  var parent = window.parent;
  var config = readConfig();
  var hook = new Hook(config.window, config.pageOrigin, config.hookTimeout);
  var { onCall, onAnswer, refuse } = hook.surface;
  var started = false;
  var surface = freeze({ onCall, onAnswer, refuse, start });
  defineProperty(globalThis, "sallyport", { value: surface, writable: false, enumerable: false, configurable: true });
  function start() {
    if (started) throw new TypeError("sallyport: the frame has started already");
    started = true;
    hook.seal();
    defineProperty(globalThis, "sallyport", { value: hook.surface, writable: false, enumerable: false, configurable: false });
    if (parent === window) return;
    run(config);
  }
  function readConfig() {
    const byID = uncurry(Document.prototype.getElementById);
    const text2 = getter(Node.prototype, "textContent");
    const remove = uncurry(Element.prototype.remove);
    const element = byID(document, "sallyport-frame");
    if (element === null) throw new TypeError("sallyport: this document has no configuration");
    const json = text2(element) ?? "";
    remove(element);
    return parseFrameConfig(json, "isolation");
  }
  function run(config2) {
    let hop;
    const courier = pageCourier(() => hop);
    const carrier = config2.carrier === "direct" ? direct(config2.socket, sockets) : relay(courier);
    const runtime = new Runtime(config2, carrier, hook.judge, hook.seesAnswers ? hook.judgeAnswer : void 0, {
      ...tellers(() => hop),
      state(state) {
        meet();
        hop?.say(Tell.state, state);
        if (state !== "ready") hop?.flush();
      }
    });
    const { calls } = runtime;
    const meet = () => {
      if (hop !== void 0) return;
      const name = config2.carrier === "relay" ? config2.sessionText : void 0;
      hop = greet(
        messages2,
        window,
        parent,
        config2.pageOrigin,
        config2.hop === "auto" ? quicker(agent) : config2.hop,
        name,
        (list) => readAsked(list, {
          call: (id, command, json, timeout, wants, sections) => calls.call(id, command, json, timeout, wants, sections),
          cancel: (id) => calls.cancel(id),
          emit: (id, event, target, json, sections) => calls.emit(id, event, target, json, sections),
          listen: (id, event) => calls.listen(id, event),
          upload: (id, json, sections) => calls.upload(id, json, sections),
          end: (id, aborted) => calls.end(id, aborted),
          pull: (id, consumed) => calls.pull(id, consumed),
          body: (body) => courier.events?.body(new Bytes(body)),
          lost: () => courier.events?.lost(),
          gone: () => courier.events?.gone()
        })
      );
    };
    if (config2.carrier === "relay") meet();
    messages2.listen(window, "pagehide", () => runtime.leave());
    runtime.start();
  }
  function tellers(hop) {
    return {
      reply(page, ok, json, sections) {
        if (!ok) return hop()?.say(Tell.error, page, json);
        hop()?.say(Tell.result, page, json, sections);
        hop()?.give(sections);
      },
      item(page, upTo, json, sections) {
        hop()?.say(Tell.item, page, upTo, json, sections);
        hop()?.give(sections);
      },
      event(page, upTo, number, label, json, sections) {
        hop()?.say(Tell.event, page, upTo, number, label, json, sections);
        hop()?.give(sections);
      },
      end: (page) => hop()?.say(Tell.end, page),
      taken: (page, count) => hop()?.say(Tell.taken, page, count),
      progress: (page, done, total, text2) => hop()?.say(Tell.progress, page, done, total, text2)
    };
  }
  function pageCourier(hop) {
    return {
      events: void 0,
      carry: (body) => hop()?.say(Tell.body, bufferOf(body)),
      farewell: (body) => hop()?.say(Tell.farewell, bufferOf(body))
    };
  }
})();
