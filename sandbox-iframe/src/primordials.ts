/**
 * The built-ins that the runtime uses, captured before any other script runs.
 *
 * Whoever later replaces JSON.stringify, Promise.prototype.then or the source
 * getter of a message event changes nothing here: the originals are held as
 * functions that take their receiver as first argument, and are called
 * without a look at any prototype.
 */

const { bind, call } = Function.prototype;

/** Turns a method into a function whose first argument is the receiver. */
export const uncurry = bind.bind(call) as <T, A extends unknown[], R>(
  method: (this: T, ...args: A) => R,
) => (self: T, ...args: A) => R;

/** The getter of an accessor property, as a function of the object. */
export function getter<T, R>(prototype: object, name: string | symbol): (self: T) => R {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new TypeError(`sallyport: this browser has no ${String(name)}`);
  return uncurry(get) as (self: T) => R;
}

/** The setter of an accessor property, as a function of the object. */
export function setter<T, V>(prototype: object, name: string): (self: T, value: V) => void {
  const set = Object.getOwnPropertyDescriptor(prototype, name)?.set;
  if (set === undefined) throw new TypeError(`sallyport: this browser can't set ${name}`);
  return uncurry(set) as (self: T, value: V) => void;
}

export const { freeze, defineProperty, getPrototypeOf, setPrototypeOf, keys, hasOwn } = Object;

/**
 * An empty array to be filled by index. It has no prototype: on an ordinary
 * one, a setter planted at an index of Array.prototype would be called instead
 * and could put there what it likes.
 */
export const emptyList = <T>(): T[] => setPrototypeOf([], null) as T[];

const { iterator } = Symbol;

/**
 * What the browser takes for a list of these. It reads one with its iterator,
 * and this brings its own: that of Array.prototype may be another script's.
 */
export function iterable<T>(list: readonly T[]): T[] {
  const iterate = (): unknown => {
    let i = 0;
    return { __proto__: null, next: () => ({ __proto__: null, done: i === list.length, value: list[i++] }) };
  };
  return { __proto__: null, [iterator]: iterate } as unknown as T[];
}

export const ObjectPrototype = Object.prototype;
export const ArrayPrototype = Array.prototype;
export const { isArray } = Array;
export const { parse: parseJSON, stringify: stringifyJSON } = JSON;
export const { isFinite, isSafeInteger } = Number;
export const { ceil, floor, max, min, random } = Math;
export const numberToString = uncurry(Number.prototype.toString) as (n: number) => string;

export const charCodeAt = uncurry(String.prototype.charCodeAt);
export const indexOf = uncurry(String.prototype.indexOf) as (text: string, part: string, from: number) => number;
export const sliceText = uncurry(String.prototype.slice) as (text: string, from: number, to?: number) => string;
export const includes = uncurry(String.prototype.includes) as (text: string, part: string) => boolean;

export const MapOf = Map;
export const mapGet = uncurry(Map.prototype.get) as <K, V>(map: Map<K, V>, key: K) => V | undefined;
export const mapSet = uncurry(Map.prototype.set) as <K, V>(map: Map<K, V>, key: K, value: V) => unknown;
export const mapDelete = uncurry(Map.prototype.delete) as <K>(map: Map<K, unknown>, key: K) => boolean;
export const mapHas = uncurry(Map.prototype.has) as <K>(map: Map<K, unknown>, key: K) => boolean;
export const mapEach = uncurry(Map.prototype.forEach) as <K, V>(map: Map<K, V>, each: (value: V, key: K) => void) => void;
export const mapSize = getter<Map<unknown, unknown>, number>(Map.prototype, "size");

export const PromiseOf = Promise;
export const when = uncurry(Promise.prototype.then) as <T>(
  promise: Promise<T>,
  done: (value: T) => void,
  failed: (reason: unknown) => void,
) => Promise<void>;

export const Bytes = Uint8Array;
export const View = DataView;
const typedArray = getPrototypeOf(Uint8Array.prototype) as object;
export const setBytes = uncurry(Uint8Array.prototype.set) as (into: Uint8Array, from: Uint8Array, at?: number) => void;
export const fillBytes = uncurry(Uint8Array.prototype.fill) as (bytes: Uint8Array, value: number) => unknown;
export const byteLength = getter<Uint8Array, number>(typedArray, "byteLength");
export const byteOffset = getter<Uint8Array, number>(typedArray, "byteOffset");
const tagOf = getter<object, string | undefined>(typedArray, Symbol.toStringTag);
/** Whether a value is a Uint8Array, of whatever realm. */
export const isBytes = (value: unknown): value is Uint8Array => typeof value === "object" && value !== null && tagOf(value) === "Uint8Array";
export const bufferOf = getter<Uint8Array, ArrayBuffer>(typedArray, "buffer");
export const bufferSize = getter<ArrayBuffer, number>(ArrayBuffer.prototype, "byteLength");
export const getUint32 = uncurry(DataView.prototype.getUint32) as (view: DataView, at: number) => number;
export const setUint32 = uncurry(DataView.prototype.setUint32) as (view: DataView, at: number, value: number) => void;
export const getUint16 = uncurry(DataView.prototype.getUint16) as (view: DataView, at: number) => number;
export const setUint16 = uncurry(DataView.prototype.setUint16) as (view: DataView, at: number, value: number) => void;
export const getUint8 = uncurry(DataView.prototype.getUint8) as (view: DataView, at: number) => number;
export const setUint8 = uncurry(DataView.prototype.setUint8) as (view: DataView, at: number, value: number) => void;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encode = uncurry(TextEncoder.prototype.encode);
const encodeInto = uncurry(TextEncoder.prototype.encodeInto);
const decode = uncurry(TextDecoder.prototype.decode);
/** UTF-8 of a text; a lone surrogate becomes U+FFFD. */
export const toUTF8 = (text: string): Uint8Array => encode(encoder, text);
/** Writes UTF-8 of a text, which must fit, and returns its length. */
export const intoUTF8 = (text: string, into: Uint8Array): number => encodeInto(encoder, text, into).written;
/** The text of UTF-8 bytes; throws on anything malformed. */
export const fromUTF8 = (bytes: Uint8Array): string => decode(decoder, bytes as Uint8Array<ArrayBuffer>);
export const base64 = atob;

const { subtle } = crypto;
/** WebCrypto, bound to its one instance. */
export const webcrypto = freeze({
  getRandomValues: crypto.getRandomValues.bind(crypto) as (into: Uint8Array) => unknown,
  encrypt: subtle.encrypt.bind(subtle),
  decrypt: subtle.decrypt.bind(subtle),
  sign: subtle.sign.bind(subtle),
  importKey: subtle.importKey.bind(subtle),
  exportKey: subtle.exportKey.bind(subtle),
  generateKey: subtle.generateKey.bind(subtle),
  deriveBits: subtle.deriveBits.bind(subtle),
});

export const microtask = queueMicrotask.bind(globalThis);
export const later = setTimeout.bind(globalThis) as (run: () => void, ms: number) => unknown;
export const never = clearTimeout.bind(globalThis) as (timer: unknown) => void;
export const debug = console.debug.bind(console);
/** Milliseconds that no change of the clock's time moves. */
export const elapsed = performance.now.bind(performance);
export const now = Date.now.bind(Date);
