import { Bytes, byteLength, setBytes, webcrypto } from "./primordials.ts";
import { numbers, view } from "./bytes.ts";
import { type Direction, HEADER, IV, OVERHEAD, SESSION_ID, TAG, putHeader, putSequence } from "./wire.ts";

/** The associated data of a sealed frame: its header, its direction and its session. */
export function associatedData(header: Uint8Array, direction: Direction, session: Uint8Array): Uint8Array {
  const data = new Bytes(HEADER + 1 + SESSION_ID);
  setBytes(data, header);
  data[HEADER] = direction;
  setBytes(data, session, HEADER + 1);
  return data;
}

/** What a sealed frame says in clear and is bound to. */
export interface Address {
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly direction: Direction;
  readonly session: Uint8Array;
}

/**
 * Seals one frame. Without an iv it is the sequence number, as the core
 * demands from the frame: a key must then never see a sequence twice.
 */
export async function seal(key: CryptoKey, to: Address, plaintext: Uint8Array, iv?: Uint8Array): Promise<Uint8Array> {
  const frame = new Bytes(OVERHEAD + byteLength(plaintext));
  putHeader(frame, to.type, to.epoch, to.sequence);
  if (iv === undefined) putSequence(numbers(frame), HEADER + 4, to.sequence);
  else setBytes(frame, iv, HEADER);
  const sealed = await webcrypto.encrypt(
    parameters(view(frame, HEADER, IV), associatedData(view(frame, 0, HEADER), to.direction, to.session)),
    key,
    plaintext as Uint8Array<ArrayBuffer>,
  );
  setBytes(frame, new Bytes(sealed), HEADER + IV);
  return frame;
}

/** Opens one frame under the address its header claims; throws on any forgery. */
export async function open(key: CryptoKey, direction: Direction, session: Uint8Array, frame: Uint8Array): Promise<Uint8Array> {
  const size = byteLength(frame);
  if (size < OVERHEAD) throw new TypeError("sallyport: the frame is too short");
  const plaintext = await webcrypto.decrypt(
    parameters(view(frame, HEADER, IV), associatedData(view(frame, 0, HEADER), direction, session)),
    key,
    view(frame, HEADER + IV, size - HEADER - IV) as Uint8Array<ArrayBuffer>,
  );
  return new Bytes(plaintext);
}

// Members of a WebIDL dictionary are also looked up on the prototype chain,
// where a polluted Object.prototype could put a shorter tag: so none is there.
function parameters(iv: Uint8Array, additionalData: Uint8Array): AesGcmParams {
  return { __proto__: null, name: "AES-GCM", iv, additionalData, tagLength: TAG * 8 } as unknown as AesGcmParams;
}
