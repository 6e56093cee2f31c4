import { Bytes, View, base64, bufferOf, bufferSize, byteLength, byteOffset, ceil, charCodeAt, includes, setBytes, webcrypto } from "./primordials.ts";

/** One array holding all parts, in order. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (let i = 0; i < parts.length; i++) size += byteLength(parts[i]!);
  const all = new Bytes(size);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    setBytes(all, parts[i]!, at);
    at += byteLength(parts[i]!);
  }
  return all;
}

/** A view of length bytes of another array, without copying. */
export function view(of: Uint8Array, at: number, length: number): Uint8Array {
  return new Bytes(bufferOf(of), byteOffset(of) + at, length);
}

/** The first bytes of an array, to be read and written as numbers. */
export function numbers(of: Uint8Array, length = byteLength(of)): DataView {
  return new View(bufferOf(of), byteOffset(of), length);
}

/** An array of these bytes. One made from a list would ask the list's prototype for an iterator. */
export function octets(...values: number[]): Uint8Array {
  const bytes = new Bytes(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = values[i]!;
  return bytes;
}

/** Whether a value is an ArrayBuffer, by asking it and not its prototypes. */
export function isBuffer(value: unknown): value is ArrayBuffer {
  try {
    return bufferSize(value as ArrayBuffer) >= 0;
  } catch {
    return false;
  }
}

/** Fresh random bytes. */
export function randomBytes(size: number): Uint8Array {
  const bytes = new Bytes(size);
  webcrypto.getRandomValues(bytes);
  return bytes;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The bytes of an unpadded base64url text; undefined unless it is exactly size bytes in canonical form. */
export function fromBase64URL(text: string, size: number): Uint8Array | undefined {
  if (text.length !== ceil((size * 4) / 3)) return undefined;
  let plain = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (!includes(alphabet, c)) return undefined;
    plain += c === "-" ? "+" : c === "_" ? "/" : c;
  }
  while (plain.length % 4 !== 0) plain += "=";
  let raw: string;
  try {
    raw = base64(plain);
  } catch {
    return undefined;
  }
  if (raw.length !== size) return undefined;
  const bytes = new Bytes(size);
  for (let i = 0; i < size; i++) bytes[i] = charCodeAt(raw, i);
  return bytes;
}

const base32 = "abcdefghijklmnopqrstuvwxyz234567";

/** The eight characters by which logs, records and errors name a session: base32 of its id's first five bytes. */
export function sessionName(id: Uint8Array): string {
  let name = "";
  let bits = 0;
  let held = 0;
  for (let i = 0; i < 5; i++) {
    held = (held << 8) | id[i]!;
    bits += 8;
    for (; bits >= 5; bits -= 5) name += base32[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return name;
}
