import { ArrayPrototype, ObjectPrototype, getPrototypeOf, hasOwn, isArray, isFinite, keys, numberToString, stringifyJSON } from "./primordials.ts";

/** Levels of arrays and objects that the runtime will write. The core's own limit is lower. */
export const MAX_DEPTH = 128;

/** Says that a value nests deeper than MAX_DEPTH, a cycle included. */
export class TooDeep extends Error {}

/** Writes an object that is no plain one, or has a member $bytes; throws if it can't be written. */
export type Other = (object: object) => string;

const none: Other = () => {
  throw new TypeError("sallyport: an object is not a plain one");
};

/**
 * Writes a JSON value, reading every member exactly once and asking no
 * prototype: a toJSON planted on Object.prototype is never called.
 *
 * Only null, booleans, finite numbers, strings, plain arrays and plain objects
 * are JSON. A member that is undefined is left out, as JSON.stringify does;
 * everything else (functions, symbols, BigInt, NaN, holes, Date, Map, class
 * instances, cycles) throws, unless other writes it. What it writes must be JSON.
 */
export function writeJSON(value: unknown, other: Other = none): string {
  return write(value, MAX_DEPTH, other);
}

function write(value: unknown, depth: number, other: Other): string {
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

function writeArray(list: unknown[], depth: number, other: Other): string {
  if (getPrototypeOf(list) !== ArrayPrototype) throw new TypeError("sallyport: an array is not a plain one");
  let text = "[";
  for (let i = 0, n = list.length; i < n; i++) {
    if (i > 0) text += ",";
    text += write(list[i], depth, other);
  }
  return text + "]";
}

function writeObject(object: object, depth: number, other: Other): string {
  const prototype = getPrototypeOf(object) as unknown;
  if (prototype !== ObjectPrototype && prototype !== null) return other(object);
  if (other !== none && hasOwn(object, "$bytes")) return other(object);
  const names = keys(object);
  let text = "{";
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = (object as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (text.length > 1) text += ",";
    text += stringifyJSON(name) + ":" + write(value, depth, other);
  }
  return text + "}";
}
