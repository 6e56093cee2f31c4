import { describe, expect, test } from "vitest";
import { ephemeral, schedule, sealTo, sharedSecret } from "../src/hpke.ts";
import vector from "./data/rfc9180-p256-aes256gcm.json";
import { openHPKE } from "./double.ts";
import { Shake128 } from "./shake.ts";
import { deriveScalar, hex, pairOf, unhex, utf8 } from "./support.ts";

const curve = { name: "ECDH", namedCurve: "P-256" };
const importPair = async (scalar: Uint8Array, point: Uint8Array): Promise<CryptoKey> => (await pairOf(scalar, point)).privateKey;

const importPoint = (point: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", point as Uint8Array<ArrayBuffer>, curve, true, []);

describe("SHAKE128, which the vectors are digested with", () => {
  test("of nothing is FIPS 202's", () => {
    expect(hex(new Shake128().read(16))).toBe("7f9c2ba4e88f827d616045507605853e");
  });
});

describe("HPKE follows RFC 9180", () => {
  const enc = unhex(vector.enc);
  const recipient = unhex(vector.pkRm);

  test("the vector's keys come from its seeds", async () => {
    expect(hex(await deriveScalar(unhex(vector.ikmR)))).toBe(vector.skRm);
  });

  test("1000 messages sealed by the sender's context have the vector's digest", async () => {
    const sender = await importPair(await deriveScalar(unhex(vector.ikmE)), enc);
    const shared = await sharedSecret(sender, await importPoint(recipient), enc, recipient);
    const { key, nonce } = await schedule(shared, unhex(vector.info));
    const aead = await crypto.subtle.importKey("raw", key as Uint8Array<ArrayBuffer>, "AES-GCM", false, ["encrypt"]);
    const source = new Shake128();
    const sink = new Shake128();
    const draw = (): Uint8Array => source.read(source.read(1)[0]!);
    for (let i = 0; i < 1000; i++) {
      const additionalData = draw() as Uint8Array<ArrayBuffer>;
      const plaintext = draw() as Uint8Array<ArrayBuffer>;
      const iv = nonce.slice();
      iv[10]! ^= i >> 8;
      iv[11]! ^= i & 0xff;
      sink.write(new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, aead, plaintext)));
    }
    expect(hex(sink.read(16))).toBe(vector.encryptions_accumulated);
  });

  test("both sides of the KEM agree on the vector's secret", async () => {
    const sender = await importPair(await deriveScalar(unhex(vector.ikmE)), enc);
    const receiver = await importPair(unhex(vector.skRm), recipient);
    const sent = await sharedSecret(sender, await importPoint(recipient), enc, recipient);
    const got = await sharedSecret(receiver, await importPoint(enc), enc, recipient);
    expect(hex(sent)).toBe(hex(got));
  });
});

describe("a sealed handshake", () => {
  const pair = crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const raw = pair.then(async (p) => new Uint8Array(await crypto.subtle.exportKey("raw", p.publicKey)));

  test("opens under the same info", async () => {
    const sealed = await sealTo(await raw, utf8("info"), utf8("keys"), await ephemeral());
    expect(await openHPKE(await pair, await raw, utf8("info"), sealed)).toEqual(utf8("keys"));
  });

  test("does not open under another info", async () => {
    const sealed = await sealTo(await raw, utf8("info"), utf8("keys"), await ephemeral());
    await expect(openHPKE(await pair, await raw, utf8("other"), sealed)).rejects.toThrow();
  });

  test("is refused for a public key that is no point of the curve", async () => {
    const off = (await raw).slice();
    off[64]! ^= 1;
    await expect(sealTo(off, utf8("info"), utf8("keys"), await ephemeral())).rejects.toThrow();
  });

  test("keeps its ephemeral private key from being exported", async () => {
    await expect(crypto.subtle.exportKey("jwk", (await ephemeral()).privateKey)).rejects.toThrow();
  });
});
