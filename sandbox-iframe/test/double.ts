/**
 * A core for tests, in TypeScript: just enough of the Go package isolation to
 * talk to the frame's side, and to misbehave on demand. It checks no policy and
 * no schema; the real one meets the real frame in Go's browser tests.
 */
import { open, seal } from "../src/envelope.ts";
import { schedule, sharedSecret } from "../src/hpke.ts";
import { concat } from "../src/bytes.ts";
import { info } from "../src/keys.ts";
import { type CarrierName, Direction, HEADER, KEY, type PatternName, SECRET, SESSION_ID, Type, parseHeader } from "../src/wire.ts";
import { type Item, parseItems } from "./grammar.ts";
import { opener, sealer } from "./support.ts";

export { type CoreItem, type Item, answer, itemOf, parseItems } from "./grammar.ts";

const curve = { name: "ECDH", namedCurve: "P-256" };

/** Opens enc ‖ ciphertext with the recipient's pair. */
export async function openHPKE(pair: CryptoKeyPair, publicRaw: Uint8Array, inf: Uint8Array, sealed: Uint8Array): Promise<Uint8Array> {
  const enc = sealed.slice(0, 65);
  const theirs = await crypto.subtle.importKey("raw", enc, curve, true, []);
  const { key, nonce } = await schedule(await sharedSecret(pair.privateKey, theirs, enc, publicRaw), inf);
  const aead = await crypto.subtle.importKey("raw", key as Uint8Array<ArrayBuffer>, "AES-GCM", false, ["decrypt"]);
  const parameters = { name: "AES-GCM", iv: nonce as Uint8Array<ArrayBuffer>, additionalData: new Uint8Array(0) };
  return new Uint8Array(await crypto.subtle.decrypt(parameters, aead, sealed.slice(65) as Uint8Array<ArrayBuffer>));
}

export class CoreDouble {
  readonly session = crypto.getRandomValues(new Uint8Array(SESSION_ID));
  readonly carrier: CarrierName;
  readonly pattern: PatternName;
  secret = crypto.getRandomValues(new Uint8Array(SECRET));
  publicRaw = new Uint8Array(0);
  #pair: CryptoKeyPair | undefined;
  up: CryptoKey | undefined;
  down: CryptoKey | undefined;
  epoch = 0;
  sequence = 0;
  /** The last sequence taken from the frame. */
  taken = 0;

  constructor(carrier: CarrierName = "direct", pattern: PatternName = "isolation") {
    this.carrier = carrier;
    this.pattern = pattern;
  }

  async prepare(): Promise<this> {
    this.#pair = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
    this.publicRaw = new Uint8Array(await crypto.subtle.exportKey("raw", this.#pair.publicKey));
    return this;
  }

  /** The session part of a frame's configuration. */
  get handshake() {
    return { session: this.session.slice(), secret: this.secret.slice(), coreKey: this.publicRaw.slice(), carrier: this.carrier, pattern: this.pattern };
  }

  async #keys(sealed: Uint8Array, epoch?: number): Promise<void> {
    const plain = await openHPKE(this.#pair!, this.publicRaw, info(this, epoch), sealed);
    if (plain.length !== SECRET + 2 * KEY) throw new Error("hello size");
    for (let i = 0; i < SECRET; i++) if (plain[i] !== this.secret[i]) throw new Error("another secret");
    this.up = await opener(plain.slice(SECRET, SECRET + KEY));
    this.down = await sealer(plain.slice(SECRET + KEY));
  }

  /** Takes a hello; the frame to answer with. */
  async hello(frame: Uint8Array): Promise<Uint8Array> {
    const header = parseHeader(frame);
    if (header?.type !== Type.hello || header.epoch !== 0 || header.sequence !== 0) throw new Error("no hello");
    for (let i = 0; i < SESSION_ID; i++) if (frame[HEADER + i] !== this.session[i]) throw new Error("another session");
    await this.#keys(frame.slice(HEADER + SESSION_ID));
    return this.seal(Type.ready);
  }

  /** Seals the next frame, or one that is wrong on purpose. */
  async seal(type: number, plain: Uint8Array = new Uint8Array(0), wrong: { epoch?: number; sequence?: number; session?: Uint8Array; direction?: 1 | 2 } = {}): Promise<Uint8Array> {
    const sequence = wrong.sequence ?? ++this.sequence;
    const { epoch = this.epoch, session = this.session, direction = Direction.down } = wrong;
    return seal(this.down!, { type, epoch, sequence, direction, session }, plain, crypto.getRandomValues(new Uint8Array(12)));
  }

  reply(...items: Uint8Array[]): Promise<Uint8Array> {
    return this.seal(Type.batch, concat(items));
  }

  /** Opens a frame under the key in force and checks its IV. */
  async open(frame: Uint8Array): Promise<{ type: number; epoch: number; sequence: number; plain: Uint8Array }> {
    const header = parseHeader(frame)!;
    const plain = await open(this.up!, Direction.up, this.session, frame);
    const iv = new DataView(frame.buffer, frame.byteOffset + HEADER, 12);
    if (iv.getUint32(0) !== 0 || iv.getUint32(8) !== header.sequence) throw new Error("iv");
    if (header.epoch !== this.epoch) throw new Error("epoch");
    this.taken = header.sequence;
    return { ...header, plain };
  }

  async items(frame: Uint8Array): Promise<Item[]> {
    const { type, plain } = await this.open(frame);
    if (type !== Type.batch) throw new Error(`a frame of type ${type} instead of a batch`);
    return parseItems(plain);
  }

  /** The frame that asks for new keys. */
  async rekey(): Promise<Uint8Array> {
    this.secret = crypto.getRandomValues(new Uint8Array(SECRET));
    await this.prepare();
    return this.seal(Type.rekey, concat([this.secret, this.publicRaw]));
  }

  /** Takes rekeyed; the ready under the new keys. */
  async rekeyed(frame: Uint8Array): Promise<Uint8Array> {
    const { type, plain } = await this.open(frame);
    if (type !== Type.rekeyed) throw new Error(`a frame of type ${type} instead of rekeyed`);
    await this.#keys(plain, this.epoch + 1);
    this.epoch++;
    return this.seal(Type.ready);
  }
}
