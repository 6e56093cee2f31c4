import { Bytes, byteLength, bufferSize, emptyList, hasOwn, isArray, isBytes, keys, numberToString, stringifyJSON } from "./primordials.ts";
import { blobSize, blobType, makeBlob, readBlob } from "./page-primordials.ts";
import { type Sections, copyOf, isMediaType, isOwnBytes } from "./binary.ts";
import { readBody } from "./body.ts";
import { isBuffer } from "./bytes.ts";
import { type Code, SallyportError } from "./errors.ts";
import { writeJSON } from "./json.ts";
import { MAX_SECTIONS } from "./wire.ts";

/** The media type of bytes of which nothing more is known: a Uint8Array in the page. */
export const OCTETS = "application/octet-stream";

/** The most that one message may carry, in bytes: what the largest frame that a core can be given holds. The core's own limits are lower. */
const MOST = 64 * 2 ** 20;

/** A value as it crosses: its JSON text, and the bytes that go with it. */
export interface Message {
  readonly json: string;
  readonly sections: Sections;
  /** Blobs whose bytes are not among the sections yet. */
  readonly unread: readonly Unread[];
}

interface Unread {
  readonly blob: Blob;
  readonly size: number;
  readonly at: number; // in the list of sections
}

const noneUnread: Unread[] = emptyList();

/**
 * Writes a value and copies its bytes, so that what becomes of them afterwards
 * changes nothing. A Blob can't change: its bytes are read by fill. Throws a
 * SallyportError, which names what was written.
 */
export function writeMessage(value: unknown, what: string): Message {
  let list!: (string | Uint8Array)[];
  let unread = noneUnread;
  let total = -1; // as long as there is no list, which most messages don't need
  const add = (type: string, size: number): string => {
    if (total < 0) {
      list = emptyList();
      total = 0;
    }
    if (list.length >= 2 * MAX_SECTIONS) throw unfit("invalid_args", `${what} hold more than ${MAX_SECTIONS} binary values; join them, or send them in a stream`);
    if ((total += size) > MOST) throw unfit("too_large");
    list[list.length] = type;
    return `{"$bytes":${numberToString(size)},"type":${stringifyJSON(type)}}`;
  };
  const addBytes = (bytes: Uint8Array): string => {
    if (!isOwnBytes(bytes)) throw unfit("invalid_args", `${what} hold a Uint8Array on shared memory; copy it first: new Uint8Array(it)`);
    const json = add(OCTETS, byteLength(bytes));
    list[list.length] = copyOf(bytes);
    return json;
  };
  const other = (object: object): string => {
    if (isBytes(object)) return addBytes(object);
    if (isBuffer(object)) return addBytes(new Bytes(object));
    const size = blobSize(object);
    if (size !== undefined) {
      const json = add(mediaType(object as Blob), size);
      if (unread === noneUnread) unread = emptyList();
      unread[unread.length] = { blob: object as Blob, size, at: list.length };
      list[list.length] = new Bytes(0);
      return json;
    }
    if (hasOwn(object, "$bytes")) throw unfit("invalid_args", `${what} hold an object with a member $bytes, which stands for bytes; put a Uint8Array, ArrayBuffer or Blob in its place`);
    throw unfit("invalid_args", plain(what));
  };
  let json: string;
  try {
    json = writeJSON(value, other);
  } catch (e) {
    throw e instanceof SallyportError ? e : unfit("invalid_args", plain(what));
  }
  return { json, sections: total < 0 ? 0 : list, unread };
}

const plain = (what: string): string =>
  `${what} must be plain JSON: null, booleans, finite numbers, strings, arrays and objects; or hold bytes as Uint8Array, ArrayBuffer or Blob`;

const unfit = (code: Code, message?: string): SallyportError => new SallyportError(code, "", message);

/** Reads what a message still lacks, one Blob after the other, and calls one of the two; at once if it lacks nothing. */
export function fill(message: Message, done: () => void, failed: (error: SallyportError) => void): void {
  const { unread, sections } = message;
  const next = (i: number): void => {
    if (i === unread.length) return done();
    const { blob, size, at } = unread[i]!;
    const refuse = (): void => failed(unfit("invalid_args", "a Blob could not be read; has its file changed?"));
    readBlob(
      blob,
      (buffer) => {
        if (bufferSize(buffer) !== size) return refuse();
        (sections as (string | Uint8Array)[])[at] = new Bytes(buffer);
        next(i + 1);
      },
      refuse,
    );
  };
  next(0);
}

/** The type of a Blob without its parameters. */
export function mediaType(blob: Blob): string {
  const whole = blobType(blob);
  let type = "";
  for (let i = 0; i < whole.length && whole[i] !== ";" && whole[i] !== " "; i++) type += whole[i]!;
  return isMediaType(type) ? type : OCTETS;
}

/**
 * Reads a value that the core sent: what stands for bytes in the text becomes
 * a Uint8Array or, if it has a type, a Blob. Throws when text and sections do
 * not go together.
 */
export function readMessage(json: string, sections: Sections): unknown {
  const value = readBody(json, sections);
  return sections === 0 ? value : place(value);
}

function place(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = place(value[i]);
    return value;
  }
  const object = value as Record<string, unknown>;
  if (hasOwn(object, "$bytes")) return placed(object["$bytes"] as Uint8Array, object["type"] as string);
  const names = keys(object);
  for (let i = 0; i < names.length; i++) object[names[i]!] = place(object[names[i]!]);
  return object;
}

function placed(bytes: Uint8Array, type: string): Uint8Array | Blob {
  return type === OCTETS ? bytes : makeBlob(bytes, type);
}
