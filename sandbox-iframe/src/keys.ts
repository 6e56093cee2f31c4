import { Bytes, fillBytes, setBytes, toUTF8, webcrypto } from "./primordials.ts";
import { concat, octets, randomBytes, view } from "./bytes.ts";
import { ephemeral, sealTo } from "./hpke.ts";
import { type CarrierName, HEADER, KEY, type PatternName, SECRET, Type, carriers, patterns, putHeader } from "./wire.ts";

/** One key per direction. Neither can be exported, nor be used the other way. */
export interface Keys {
  readonly up: CryptoKey;
  readonly down: CryptoKey;
}

/** What a handshake is bound to. */
export interface Binding {
  readonly session: Uint8Array;
  readonly carrier: CarrierName;
  readonly pattern: PatternName;
}

/** Imports the two raw keys, up then down. */
export async function importKeys(raw: Uint8Array): Promise<Keys> {
  const up = view(raw, 0, KEY) as Uint8Array<ArrayBuffer>;
  const down = view(raw, KEY, KEY) as Uint8Array<ArrayBuffer>;
  return {
    up: await webcrypto.importKey("raw", up, "AES-GCM", false, ["encrypt"]),
    down: await webcrypto.importKey("raw", down, "AES-GCM", false, ["decrypt"]),
  };
}

/** The HPKE info of the hello, or with an epoch of the rekeyed that begins it. */
export function info(to: Binding, epoch?: number): Uint8Array {
  const label = toUTF8(epoch === undefined ? "sallyport/1 hello" : "sallyport/1 rekey");
  const bound = concat([label, octets(carriers[to.carrier], patterns[to.pattern]), to.session]);
  return epoch === undefined ? bound : concat([bound, octets(epoch >> 8, epoch & 0xff)]);
}

/**
 * Makes fresh keys and seals them, with the one-time secret, to the core:
 * sealed is HPKE's enc and ciphertext. The raw keys and the secret are wiped.
 */
export async function negotiate(to: Binding, secret: Uint8Array, corePublic: Uint8Array, epoch?: number): Promise<{ keys: Keys; sealed: Uint8Array }> {
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

/** The first message of a carrier. */
export function helloFrame(session: Uint8Array, sealed: Uint8Array): Uint8Array {
  const header = new Bytes(HEADER);
  putHeader(header, Type.hello, 0, 0);
  return concat([header, session, sealed]);
}
