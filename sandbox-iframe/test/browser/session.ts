import { HEADER, MAX_ITEMS, Type } from "../../src/wire.ts";
import type { CarrierName, PatternName } from "../../src/wire.ts";
import { CoreDouble, type Item, answer, itemOf, parseItems } from "../double.ts";
import { Flows } from "./flows.ts";
import type { ServerSocket } from "./websocket.ts";

/** A session of the tests' core: commands that answer, fail, hang and misbehave. */
export class StageSession {
  readonly core: CoreDouble;
  readonly log: string[] = [];
  readonly #flows: Flows;
  over = false;
  #socket: ServerSocket | undefined;
  #out: Uint8Array[] = [];
  #wake: () => void = () => {};
  #work: Promise<void> = Promise.resolve();
  #nonce = "";

  constructor(carrier: CarrierName, pattern: PatternName) {
    this.core = new CoreDouble(carrier, pattern);
    this.#flows = new Flows((entry) => this.log.push(entry), carrier === "direct");
  }

  /** Takes a socket's first frame, and gives it to the session that it names. */
  static async greet(sessions: Map<string, StageSession>, name: (id: Uint8Array) => string, socket: ServerSocket, frame: Uint8Array): Promise<void> {
    const s = sessions.get(name(frame.slice(HEADER, HEADER + 16)));
    if (s === undefined || s.over) return socket.close();
    if (frame[1] === Type.resume) {
      const nonce = crypto.getRandomValues(new Uint8Array(32));
      s.#nonce = nonce.join();
      socket.send(await s.core.seal(Type.challenge, nonce, { sequence: 0 }));
    }
    socket.onclose = () => (s.#flows.interrupted(), s.log.push("gone"));
    socket.onmessage = (next) => s.#queue(() => s.#take(next, socket));
    if (frame[1] === Type.hello) s.#queue(() => s.#take(frame, socket));
  }

  /** Takes a relay request's frames; what there is to say, or comes within a while. */
  async relay(frames: Uint8Array[]): Promise<Uint8Array[]> {
    for (const frame of frames) this.#queue(() => this.#take(frame, undefined));
    await this.#work;
    if (frames.length === 0 && this.#out.length === 0) {
      const end = setTimeout(() => this.#wake(), 2000);
      await new Promise<void>((wake) => (this.#wake = wake));
      clearTimeout(end);
    }
    return this.#out.splice(0);
  }

  #queue(run: () => Promise<void>): void {
    this.#work = this.#work.then(run).catch((e: unknown) => {
      this.log.push(`error ${e}`);
      this.#socket?.close();
    });
  }

  #send(frame: Uint8Array): void {
    if (this.core.carrier === "direct") return this.#socket?.send(frame);
    this.#out.push(frame);
    this.#wake();
  }

  async #take(frame: Uint8Array, socket: ServerSocket | undefined): Promise<void> {
    if (frame[1] === Type.hello) {
      const ready = await this.core.hello(frame);
      this.#socket = socket;
      this.log.push("hello", `by ${this.core.pattern} ${this.core.carrier}`);
      return this.#send(ready);
    }
    if (frame[1] === Type.rekeyed) {
      const ready = await this.core.rekeyed(frame);
      this.log.push("rekeyed");
      return this.#send(ready);
    }
    const { type, plain } = await this.core.open(frame);
    if (type === Type.proof) {
      if (plain.join() !== this.#nonce) throw new Error("a wrong proof");
      this.#socket = socket;
      this.log.push("resumed");
      return this.#send(await this.core.seal(Type.resumed));
    }
    if (type === Type.bye) {
      this.log.push("bye");
      this.over = true;
      return;
    }
    if (type === Type.pong) return void this.log.push("pong");
    if (type !== Type.batch) throw new Error(`a frame of type ${type}`);
    const items = parseItems(plain);
    this.log.push(`batch ${items.length}`);
    const answers: Uint8Array[] = [];
    for (const item of items) await this.#item(item, answers);
    for (const batch of batches(answers)) this.#send(await this.core.reply(...batch));
  }

  async #item(item: Item, answers: Uint8Array[]): Promise<void> {
    const said = this.#flows.take(item);
    if (said !== undefined) return void answers.push(...said.map(itemOf));
    if (item.kind === "cancel") return void this.log.push(`cancel ${item.id}`);
    if (item.kind === "report" || item.kind === "hidden") return void this.log.push(`${item.kind} ${item.id} ${item.cause} ${item.command}`);
    if (item.kind !== "call") return void this.log.push(`${item.kind} ${item.id}`);
    const { id, command, json, timeout } = item;
    if (command !== "echo") this.log.push(`call ${command}`);
    const error = (code: string, message: string): string => JSON.stringify({ code, id: `session0-${id}`, message });
    switch (command) {
      case "echo":
        return void answers.push(answer(true, id, `{"args":${json},"timeout":${timeout}}`));
      case "fail":
        return void answers.push(answer(false, id, error("failed", "it did not work")));
      case "never":
        return;
      case "drop":
        return this.#socket?.close();
      case "over":
        this.over = true;
        this.#socket?.close(4001);
        return this.#wake();
      case "forge": {
        const forged = await this.core.reply(answer(true, id, '"forged"'));
        forged[forged.length - 1]! ^= 1;
        return this.#send(forged);
      }
      case "rekey":
        answers.push(answer(true, id, "null"));
        return this.#send(await this.core.rekey());
      case "ping":
        answers.push(answer(true, id, "null"));
        return this.#send(await this.core.seal(Type.ping));
      default:
        answers.push(answer(false, id, error("denied", "")));
    }
  }
}

// As many items as go in one frame.
function batches(items: Uint8Array[]): Uint8Array[][] {
  const all: Uint8Array[][] = [];
  let size = 0;
  for (const item of items) {
    const last = all.at(-1);
    if (last === undefined || last.length === MAX_ITEMS || size + item.length > 1 << 19) {
      all.push([item]);
      size = 0;
    } else last.push(item);
    size += item.length;
  }
  return all;
}
