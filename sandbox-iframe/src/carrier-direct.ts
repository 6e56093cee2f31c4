import { Bytes, getter, setter, uncurry } from "./primordials.ts";
import { isBuffer } from "./bytes.ts";
import { CLOSE_OVER, type Carrier, type Link, type LinkEvents } from "./carrier.ts";

/** What the direct carrier uses of a WebSocket; tests bring their own. */
export interface Socket {
  readonly readyState: number;
  send(data: Uint8Array): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((data: unknown) => void) | null;
  onclose: ((code: number) => void) | null;
}

/** Makes a socket, with the constructor and methods as they were when the runtime was loaded. */
export function browserSockets(): (url: string) => Socket {
  const Native = WebSocket;
  const send = uncurry(Native.prototype.send) as (socket: WebSocket, data: Uint8Array) => void;
  const close = uncurry(Native.prototype.close) as (socket: WebSocket) => void;
  const state = getter<WebSocket, number>(Native.prototype, "readyState");
  const setType = setter<WebSocket, BinaryType>(Native.prototype, "binaryType");
  const listen = uncurry(EventTarget.prototype.addEventListener) as (to: WebSocket, name: string, run: (event: Event) => void) => void;
  const data = getter<MessageEvent, unknown>(MessageEvent.prototype, "data");
  const code = getter<CloseEvent, number>(CloseEvent.prototype, "code");
  return (url) => {
    const native = new Native(url);
    setType(native, "arraybuffer");
    const socket: Socket = {
      get readyState() {
        return state(native);
      },
      send: (bytes) => send(native, bytes),
      close: () => close(native),
      onopen: null,
      onmessage: null,
      onclose: null,
    };
    listen(native, "open", () => socket.onopen?.());
    listen(native, "message", (event) => socket.onmessage?.(data(event as MessageEvent)));
    listen(native, "close", (event) => socket.onclose?.(code(event as CloseEvent)));
    return socket;
  };
}

const OPEN = 1;

/** A WebSocket that the frame owns: the page never holds a sealed frame. */
export function direct(url: string, connect: (url: string) => Socket): Carrier {
  return {
    ordered: true,
    open(events: LinkEvents): Link {
      const socket = connect(url);
      socket.onopen = () => events.opened();
      socket.onmessage = (data) => {
        if (isBuffer(data)) return events.frame(new Bytes(data));
        link.close(); // text is never the core's
        events.dropped(false);
      };
      socket.onclose = (code) => events.dropped(code === CLOSE_OVER);
      const link: Link = {
        send(frame) {
          if (socket.readyState !== OPEN) return false;
          socket.send(frame);
          return true;
        },
        close() {
          socket.onopen = socket.onmessage = socket.onclose = null;
          socket.close();
        },
        farewell() {},
      };
      return link;
    },
  };
}
