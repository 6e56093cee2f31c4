import { Bytes, byteLength, floor, getUint16, getUint32, getUint8, setUint16, setUint32, setUint8 } from "./primordials.ts";
import { numbers } from "./bytes.ts";

/** The wire format of the Go package isolation, whose comment is normative. */
export const VERSION = 1;

/** Sizes in bytes unless said otherwise. */
export const HEADER = 12;
export const SESSION_ID = 16;
export const SECRET = 32;
export const KEY = 32;
export const PUBLIC_KEY = 65;
export const IV = 12;
export const TAG = 16;
export const NONCE = 32;
/** What sealing adds to a plaintext. */
export const OVERHEAD = HEADER + IV + TAG;
/** Items in one batch. */
export const MAX_ITEMS = 256;
/** Raw sections of one body. */
export const MAX_SECTIONS = 64;
/** A section's media type. */
export const MAX_MEDIA_TYPE = 127;
/** A command's name, or an event's. */
export const MAX_COMMAND = 128;
/** Credit of a fresh stream. */
export const STREAM_WINDOW = 1 << 20;
/** Credit of a listen. */
export const EVENT_WINDOW = 256 << 10;
/** Sealed frames of one direction under one key. */
export const MAX_FRAMES = 2 ** 24;
/** Sequence numbers remembered on the relay. */
export const WINDOW = 1024;

/** What a frame is for. */
export const Type = {
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
  bye: 12,
} as const;
export type Type = (typeof Type)[keyof typeof Type];

/** Which way a frame goes, as it stands in the associated data. */
export const Direction = { up: 1, down: 2 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

/** How frames travel, by their numbers in the handshake. */
export const carriers = { direct: 1, relay: 2 } as const;
export type CarrierName = keyof typeof carriers;

/** Who holds the keys, by its number in the handshake. */
export const patterns = { isolation: 1, brownfield: 2 } as const;
export type PatternName = keyof typeof patterns;

/** The clear part of every frame. */
export interface Header {
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
}

const highest = 2 ** 21; // above it a sequence is no safe integer

/** Writes a header to the start of frame. */
export function putHeader(frame: Uint8Array, type: number, epoch: number, sequence: number): void {
  const v = numbers(frame, HEADER);
  setUint8(v, 0, VERSION);
  setUint8(v, 1, type);
  setUint16(v, 2, epoch);
  putSequence(v, 4, sequence);
}

/** Reads a header; undefined unless version and size could be right. */
export function parseHeader(frame: Uint8Array): Header | undefined {
  if (byteLength(frame) < HEADER) return undefined;
  const v = numbers(frame, HEADER);
  const high = getUint32(v, 4);
  if (getUint8(v, 0) !== VERSION || high >= highest) return undefined;
  return { type: getUint8(v, 1), epoch: getUint16(v, 2), sequence: high * 2 ** 32 + getUint32(v, 8) };
}

/** Writes a sequence number as eight bytes. */
export function putSequence(into: DataView, at: number, sequence: number): void {
  setUint32(into, at, floor(sequence / 2 ** 32));
  setUint32(into, at + 4, sequence >>> 0);
}

/** The frame that asks to go on with a session on a new socket: clear, epoch 0, sequence 0. */
export function resumeFrame(session: Uint8Array): Uint8Array {
  const frame = new Bytes(HEADER + SESSION_ID);
  putHeader(frame, Type.resume, 0, 0);
  for (let i = 0; i < SESSION_ID; i++) frame[HEADER + i] = session[i]!;
  return frame;
}
