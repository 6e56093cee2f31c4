import { Bytes, MapOf, bufferOf, bufferSize, byteLength, charCodeAt, emptyList, isArray, isBytes, mapHas, mapSet, setBytes } from "./primordials.ts";
import { MAX_MEDIA_TYPE, MAX_SECTIONS } from "./wire.ts";

/** The raw sections beside a JSON text: media type, bytes, media type, bytes and so on; 0 for none. */
export type Sections = readonly (string | Uint8Array)[] | 0;

/** The memory that sections of one message between page and frame have, which no other section of it may have too. */
export class Taken {
  #buffers: Map<ArrayBuffer, true> | undefined;

  /** Takes the memory of bytes; false if it is another's already, or larger than they are. */
  take(bytes: Uint8Array): boolean {
    const buffer = bufferOf(bytes);
    if (bufferSize(buffer) !== byteLength(bytes)) return false;
    const buffers = (this.#buffers ??= new MapOf());
    if (mapHas(buffers, buffer)) return false;
    mapSet(buffers, buffer, true);
    return true;
  }
}

/**
 * Sections as somebody else's message holds them, in a list of our own; undefined
 * if that is not what they are. Bytes are copied only where they are part of a
 * larger buffer, which would be held with them and count for nothing, or where
 * taken has them: the copy that a message is keeps what was one thing in two
 * places one thing, and a hook that changes it in one must not change what was
 * judged in the other. Those that another thread shares are refused: they could
 * change after they were judged.
 */
export function readSections(value: unknown, taken: Taken): Sections | undefined {
  if (value === 0) return 0;
  if (!isArray(value)) return undefined;
  const n = value.length;
  if (n === 0 || n % 2 !== 0 || n > 2 * MAX_SECTIONS) return undefined;
  const sections = emptyList<string | Uint8Array>();
  for (let i = 0; i < n; i += 2) {
    const type: unknown = value[i];
    const bytes: unknown = value[i + 1];
    if (typeof type !== "string" || !isMediaType(type) || !isOwnBytes(bytes)) return undefined;
    sections[i] = type;
    sections[i + 1] = taken.take(bytes) ? bytes : copyOf(bytes);
  }
  return sections;
}

/** Whether a value is a Uint8Array whose memory no other thread can reach, and is still there. */
export function isOwnBytes(value: unknown): value is Uint8Array {
  if (!isBytes(value)) return false;
  try {
    return bufferSize(bufferOf(value)) >= byteLength(value); // throws for shared memory
  } catch {
    return false;
  }
}

/** A copy in memory of its own, of exactly its size. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Bytes(byteLength(bytes));
  setBytes(copy, bytes);
  return copy;
}

/** The same sections with their bytes in memory of their own: what else was in the old is nobody's to see. */
export function ownSections(sections: Sections): Sections {
  if (sections === 0) return 0;
  const own = emptyList<string | Uint8Array>();
  for (let i = 0; i < sections.length; i += 2) {
    own[i] = sections[i]!;
    own[i + 1] = copyOf(sections[i + 1] as Uint8Array);
  }
  return own;
}

/** The bytes of all sections. */
export function sizeOf(sections: Sections): number {
  let size = 0;
  if (sections !== 0) for (let i = 1; i < sections.length; i += 2) size += byteLength(sections[i] as Uint8Array);
  return size;
}

// What an engine keeps for a section besides its bytes, about.
const SECTION_ROOM = 192;

/** What a message takes of memory while it is held: its text, its sections, and what even empty ones cost. */
export function roomOf(json: string, sections: Sections): number {
  return json.length + (sections === 0 ? 0 : sizeOf(sections) + (sections.length / 2) * SECTION_ROOM);
}

/** Whether a text is a media type as sections have it: type/subtype of RFC 6838 in lower case, without parameters. */
export function isMediaType(text: string): boolean {
  if (text.length > MAX_MEDIA_TYPE) return false;
  let slash = -1;
  let start = true; // of a name
  for (let i = 0; i < text.length; i++) {
    const c = charCodeAt(text, i);
    const plain = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (c === 0x2f && slash < 0 && !start) {
      slash = i;
      start = true;
      continue;
    }
    if (!plain && (start || !isMark(c))) return false;
    start = false;
  }
  return slash > 0 && !start;
}

// One of !#$&-^_.+
const isMark = (c: number): boolean =>
  c === 0x21 || c === 0x23 || c === 0x24 || c === 0x26 || c === 0x2b || c === 0x2d || c === 0x2e || c === 0x5e || c === 0x5f;
