import { Bytes, getter, uncurry } from "./primordials.ts";
import { CLOSE_OVER, type Carrier, type Link, type LinkEvents } from "./carrier.ts";

/** What the direct carrier uses of a WebSocket; tests bring their own. */
export interface Socket {
  binaryType: string;
  readonly readyState: number;
  send(data: Uint8Array): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
}

/** Makes a socket, with the constructor and methods as they were when the runtime was loaded. */
export function browserSockets(): (url: string) => Socket {
  const Native = WebSocket;
  const send = uncurry(Native.prototype.send) as (socket: Socket, data: Uint8Array) => void;
  const close = uncurry(Native.prototype.close) as (socket: Socket) => void;
  const state = getter<Socket, number>(Native.prototype, "readyState");
  const data = getter<MessageEvent, unknown>(MessageEvent.prototype, "data");
  return (url) => {
    const native = new Native(url) as unknown as Socket;
    native.binaryType = "arraybuffer";
    const socket: Socket = {
      binaryType: "arraybuffer",
      get readyState() {
        return state(native);
      },
      send: (bytes) => send(native, bytes),
      close: () => close(native),
      onopen: null,
      onmessage: null,
      onclose: null,
    };
    native.onopen = () => socket.onopen?.();
    native.onmessage = (event) => socket.onmessage?.({ data: data(event) } as MessageEvent);
    native.onclose = (event) => socket.onclose?.(event);
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
      socket.onmessage = (event) => {
        if (event.data instanceof ArrayBuffer) return events.frame(new Bytes(event.data));
        link.close(); // text is never the core's
        events.dropped(false);
      };
      socket.onclose = (event) => events.dropped(event.code === CLOSE_OVER);
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
