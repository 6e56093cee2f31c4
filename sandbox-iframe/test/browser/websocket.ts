import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** The server's end of a WebSocket, as far as tests need one: binary messages, which a browser may send in several frames (RFC 6455). */
export class ServerSocket {
  onmessage: (data: Uint8Array) => void = () => {};
  onclose: () => void = () => {};
  readonly #stream: Duplex;
  #buffer = Buffer.alloc(0);
  #parts: Uint8Array[] = []; // of a message that is not whole

  constructor(request: IncomingMessage, stream: Duplex) {
    this.#stream = stream;
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    stream.on("data", (data: Buffer) => this.#read(data));
    stream.on("error", () => {});
    stream.on("close", () => this.onclose());
  }

  send(data: Uint8Array): void {
    this.#write(2, data);
  }

  /** Closes with a code; without one the connection just breaks. */
  close(code?: number): void {
    if (code !== undefined) this.#write(8, new Uint8Array([code >> 8, code & 255]));
    if (code === undefined) this.#stream.destroy();
    else this.#stream.end();
  }

  #write(opcode: number, data: Uint8Array): void {
    const n = data.length;
    const head = n < 126 ? [n] : n < 65536 ? [126, n >> 8, n & 255] : [127, 0, 0, 0, 0, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
    this.#stream.write(Buffer.concat([Buffer.from([0x80 | opcode, ...head]), data]));
  }

  #read(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (;;) {
      const b = this.#buffer;
      if (b.length < 2) return;
      let n = b[1]! & 127;
      let at = 2;
      if (n === 126) [n, at] = [b.length >= 4 ? b.readUInt16BE(2) : Infinity, 4];
      else if (n === 127) [n, at] = [b.length >= 10 ? b.readUInt32BE(6) : Infinity, 10];
      if (b.length < at + 4 + n) return;
      const mask = b.subarray(at, at + 4);
      const body = Uint8Array.from(b.subarray(at + 4, at + 4 + n), (byte, i) => byte ^ mask[i % 4]!);
      this.#buffer = b.subarray(at + 4 + n);
      if ((b[0]! & 15) === 8) this.#stream.end();
      if ((b[0]! & 15) > 2) continue;
      this.#parts.push(body);
      if (b[0]! < 0x80) continue;
      const message = Buffer.concat(this.#parts);
      this.#parts = [];
      this.onmessage(new Uint8Array(message)); // a copy of its own
    }
  }
}
