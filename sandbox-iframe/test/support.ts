import type { Socket } from "../src/carrier-direct.ts";
import { expand, extract, suites } from "../src/hpke.ts";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export const opener = (raw: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", raw as Uint8Array<ArrayBuffer>, "AES-GCM", true, ["decrypt"]);
export const sealer = (raw: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", raw as Uint8Array<ArrayBuffer>, "AES-GCM", true, ["encrypt"]);

export const pause = (ms = 0): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Waits until a value is there; fails after two seconds. */
export async function until<T>(what: () => T | undefined | false | null, ms = 2000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = what();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > end) throw new Error(`it never happened: ${what}`);
    await pause(1);
  }
}

/** Runs with setters at the first indices of Array.prototype that put there what they like, and a stranger's element. */
export function withIndexSetters(forge: (value: unknown) => unknown, run: () => void): void {
  const indices = ["0", "1", "2", "3", "4"];
  for (const index of indices)
    Object.defineProperty(Array.prototype, index, {
      configurable: true,
      get: () => "planted",
      set(this: unknown[], value) {
        Object.defineProperty(this, index, { value: forge(value), writable: true, enumerable: true, configurable: true });
      },
    });
  try {
    run();
  } finally {
    for (const index of indices) delete (Array.prototype as unknown as Record<string, unknown>)[index];
  }
}

/** A WebSocket whose other end is the test. */
export class TestSocket implements Socket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((data: unknown) => void) | null = null;
  onclose: ((code: number) => void) | null = null;
  readonly url: string;
  /** What the frame sent and the test has not taken. */
  readonly sent: Uint8Array[] = [];
  closed = false;

  constructor(url: string) {
    this.url = url;
  }

  send(data: Uint8Array): void {
    if (this.readyState !== 1) throw new Error("the socket is not open");
    this.sent.push(data.slice());
  }

  close(): void {
    this.closed = true;
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  /** The frame's next frame. */
  async next(): Promise<Uint8Array> {
    await until(() => this.sent.length > 0);
    return this.sent.shift()!;
  }

  deliver(frame: Uint8Array): void {
    this.onmessage?.(frame.slice().buffer);
  }

  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.(code);
  }
}

const curve = { name: "ECDH", namedCurve: "P-256" };
const b64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** A key pair from a scalar and its uncompressed point. */
export async function pairOf(scalar: Uint8Array, point: Uint8Array): Promise<CryptoKeyPair> {
  const jwk = { kty: "EC", crv: "P-256", d: b64(scalar), x: b64(point.slice(1, 33)), y: b64(point.slice(33)) };
  return {
    privateKey: await crypto.subtle.importKey("jwk", jwk, curve, false, ["deriveBits"]),
    publicKey: await crypto.subtle.importKey("raw", point as Uint8Array<ArrayBuffer>, curve, true, []),
  };
}

/** DeriveKeyPair of RFC 9180 section 7.1.3, where the first candidate is below the order. */
export async function deriveScalar(ikm: Uint8Array): Promise<Uint8Array> {
  const prk = await extract(suites.kem, "dkp_prk", ikm);
  return expand(suites.kem, prk, "candidate", new Uint8Array([0]), 32);
}
