import { Bytes, byteLength, fillBytes, toUTF8, webcrypto } from "./primordials.ts";
import { concat, octets, view } from "./bytes.ts";

/**
 * RFC 9180 base mode, single shot: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
 * AES-256-GCM, over WebCrypto. Only what the handshake needs.
 */

const version = toUTF8("HPKE-v1");
const kem = concat([toUTF8("KEM"), octets(0x00, 0x10)]);
const suite = concat([toUTF8("HPKE"), octets(0x00, 0x10, 0x00, 0x01, 0x00, 0x02)]);
const empty = new Bytes(0);
// An HMAC key of zeros is the empty key, which not every engine imports.
const zeros = new Bytes(32);

const curve = { __proto__: null, name: "ECDH", namedCurve: "P-256" } as unknown as EcKeyImportParams;
const mac = { __proto__: null, name: "HMAC", hash: "SHA-256" } as unknown as HmacImportParams;

async function hmac(key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
  const k = await webcrypto.importKey("raw", key as Uint8Array<ArrayBuffer>, mac, false, ["sign"]);
  return new Bytes(await webcrypto.sign("HMAC", k, data as Uint8Array<ArrayBuffer>));
}

/** LabeledExtract of RFC 9180 section 4, with an empty salt unless one is given. */
export function extract(id: Uint8Array, label: string, ikm: Uint8Array, salt: Uint8Array = zeros): Promise<Uint8Array> {
  return hmac(salt, concat([version, id, toUTF8(label), ikm]));
}

/** LabeledExpand of RFC 9180 section 4, for at most one block of 32 bytes. */
export async function expand(id: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, size: number): Promise<Uint8Array> {
  const labeled = concat([octets(0, size), version, id, toUTF8(label), info, octets(1)]);
  return view(await hmac(prk, labeled), 0, size);
}

/** The identifiers of the KEM and of the whole suite, for the vectors. */
export const suites = { kem, suite };

/** The shared secret of the KEM from one side's private and the other's public key. */
export async function sharedSecret(privateKey: CryptoKey, publicKey: CryptoKey, enc: Uint8Array, recipient: Uint8Array): Promise<Uint8Array> {
  const agreed = { __proto__: null, name: "ECDH", public: publicKey } as unknown as EcdhKeyDeriveParams;
  const dh = new Bytes(await webcrypto.deriveBits(agreed, privateKey, 256));
  const prk = await extract(kem, "eae_prk", dh);
  const shared = await expand(kem, prk, "shared_secret", concat([enc, recipient]), 32);
  fillBytes(dh, 0);
  fillBytes(prk, 0);
  return shared;
}

/** The AEAD key and base nonce of RFC 9180 section 5.1, base mode. */
export async function schedule(shared: Uint8Array, info: Uint8Array): Promise<{ key: Uint8Array; nonce: Uint8Array }> {
  const psk = await extract(suite, "psk_id_hash", empty);
  const context = concat([octets(0), psk, await extract(suite, "info_hash", info)]);
  const secret = await extract(suite, "secret", empty, shared);
  const key = await expand(suite, secret, "key", context, 32);
  const nonce = await expand(suite, secret, "base_nonce", context, 12);
  fillBytes(secret, 0);
  return { key, nonce };
}

/** A public key from its uncompressed point; throws when it is not on the curve. */
export function importPublic(point: Uint8Array): Promise<CryptoKey> {
  return webcrypto.importKey("raw", point as Uint8Array<ArrayBuffer>, curve, true, []);
}

/** A key pair for one seal. */
export function ephemeral(): Promise<CryptoKeyPair> {
  return webcrypto.generateKey(curve, false, ["deriveBits"]) as Promise<CryptoKeyPair>;
}

/** Seals plaintext to a recipient: enc (65) followed by the ciphertext. The pair must be fresh. */
export async function sealTo(recipient: Uint8Array, info: Uint8Array, plaintext: Uint8Array, pair: CryptoKeyPair): Promise<Uint8Array> {
  const enc = new Bytes((await webcrypto.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  const shared = await sharedSecret(pair.privateKey, await importPublic(recipient), enc, recipient);
  const { key, nonce } = await schedule(shared, info);
  fillBytes(shared, 0);
  const aead = await webcrypto.importKey("raw", key as Uint8Array<ArrayBuffer>, "AES-GCM", false, ["encrypt"]);
  fillBytes(key, 0);
  const parameters = { __proto__: null, name: "AES-GCM", iv: nonce, additionalData: empty, tagLength: 128 };
  const sealed = await webcrypto.encrypt(parameters as unknown as AesGcmParams, aead, plaintext as Uint8Array<ArrayBuffer>);
  return concat([enc, new Bytes(sealed)]);
}

/** Bytes that sealing to a recipient adds to a plaintext. */
export const sealOverhead = 65 + 16;

/** The size of a sealed plaintext. */
export const sealedSize = (plaintext: Uint8Array): number => byteLength(plaintext) + sealOverhead;
