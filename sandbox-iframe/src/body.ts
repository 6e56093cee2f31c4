import { byteLength, emptyList, hasOwn, indexOf, isArray, keys, numberToString, parseJSON, sliceText, stringifyJSON } from "./primordials.ts";
import { type Sections, copyOf, isMediaType, isOwnBytes } from "./binary.ts";
import { type Other, writeJSON } from "./json.ts";
import { MAX_SECTIONS } from "./wire.ts";

const MARK = '{"$bytes":';

/**
 * Reads a JSON text. What stands in it for a section becomes {$bytes: bytes,
 * type}; throws unless text and sections go together.
 *
 * Which section an object stands for is a matter of the order of the text, which
 * an object of JavaScript forgets: members like "1" come first. So the numbers
 * of the sections are written into the text before it is parsed. Inside a string
 * the mark can't be: its quote would be the string's end.
 */
export function readBody(json: string, sections: Sections): unknown {
  if (sections === 0) return parseJSON(json);
  let text = "";
  let from = 0;
  for (let i = 0; i < sections.length; i += 2) {
    const mark = indexOf(json, MARK, from);
    const stated = numberToString(byteLength(sections[i + 1] as Uint8Array)) + ",";
    const at = mark + MARK.length;
    if (mark < 0 || sliceText(json, at, at + stated.length) !== stated) throw mismatch();
    text += sliceText(json, from, at) + numberToString(i);
    from = at + stated.length - 1;
  }
  const value = parseJSON(text + sliceText(json, from)) as unknown;
  const placed = emptyList<boolean>();
  place(value, sections, placed);
  for (let i = 0; i < sections.length; i += 2) if (placed[i] !== true) throw mismatch();
  return value;
}

// Puts bytes where their numbers stand, and throws where others do.
function place(value: unknown, sections: readonly (string | Uint8Array)[], placed: boolean[]): void {
  if (typeof value !== "object" || value === null) return;
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) place(value[i], sections, placed);
    return;
  }
  const object = value as Record<string, unknown>;
  const names = keys(object);
  if (!hasOwn(object, "$bytes")) {
    for (let i = 0; i < names.length; i++) place(object[names[i]!], sections, placed);
    return;
  }
  const i = object["$bytes"] as number;
  if (names.length !== 2 || !hasOwn(object, "type") || typeof i !== "number" || i % 2 !== 0 || object["type"] !== sections[i] || placed[i] === true) throw mismatch();
  placed[i] = true;
  object["$bytes"] = sections[i + 1];
}

const mismatch = (): Error => new TypeError("sallyport: a text and its sections do not go together");

/** Writes JSON values in which bytes stand as readBody puts them, and collects these bytes. */
export class BodyWriter {
  #sections: (string | Uint8Array)[] | undefined; // none is made before there is something for it

  /** The JSON text of a value; throws on what is neither JSON nor a section. take has the sections that go with it. */
  write(value: unknown): string {
    this.#sections = undefined;
    return writeJSON(value, this.#section);
  }

  /** The sections of what was written last. Their bytes are copies: whoever made the value may still hold those that it has. */
  take(): Sections {
    const sections = this.#sections;
    this.#sections = undefined;
    return sections ?? 0;
  }

  readonly #section: Other = (object) => {
    const names = keys(object);
    if (names.length !== 2 || !hasOwn(object, "$bytes") || !hasOwn(object, "type")) throw new TypeError("sallyport: a section is {$bytes: Uint8Array, type: string}");
    const { $bytes: bytes, type } = object as { $bytes: unknown; type: unknown };
    if (!isOwnBytes(bytes) || typeof type !== "string" || !isMediaType(type)) throw new TypeError("sallyport: a section's bytes or type are none");
    const list = (this.#sections ??= emptyList());
    if (list.length === 2 * MAX_SECTIONS) throw new TypeError("sallyport: too many sections");
    const copy = copyOf(bytes);
    list[list.length] = type;
    list[list.length] = copy;
    return `{"$bytes":${numberToString(byteLength(copy))},"type":${stringifyJSON(type)}}`;
  };
}
