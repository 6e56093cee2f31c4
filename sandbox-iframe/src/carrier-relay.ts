import { Bytes, byteLength, emptyList, getUint32, microtask, setBytes, setUint32 } from "./primordials.ts";
import { concat, numbers, view } from "./bytes.ts";
import type { Carrier, Link, LinkEvents } from "./carrier.ts";

/** What carries request bodies for the relay: the page, or in the brownfield pattern this very document. */
export interface Courier {
  /** Takes one request body. */
  carry(body: Uint8Array): void;
  /** Takes the body to send when the document goes away. */
  farewell(body: Uint8Array): void;
  /** Set by the carrier. */
  events: CourierEvents | undefined;
}

/** What a courier tells the carrier. */
export interface CourierEvents {
  body(body: Uint8Array): void;
  /** A request failed. */
  lost(): void;
  /** The core knows no such session. */
  gone(): void;
}

/** Failed requests in a row after which the relay counts as gone. */
const FAILURES = 8;

/** Puts each frame behind its length. */
export function pack(frames: readonly Uint8Array[]): Uint8Array {
  const parts = emptyList<Uint8Array>();
  for (let i = 0; i < frames.length; i++) {
    const prefix = new Bytes(4);
    setUint32(numbers(prefix), 0, byteLength(frames[i]!));
    parts[parts.length] = prefix;
    parts[parts.length] = frames[i]!;
  }
  return concat(parts);
}

/** The frames of a body, or undefined when it is cut. Each is a copy of its own. */
export function unpack(body: Uint8Array): Uint8Array[] | undefined {
  const size = byteLength(body);
  const v = numbers(body);
  const frames = emptyList<Uint8Array>();
  let at = 0;
  while (at < size) {
    if (size - at < 4) return undefined;
    const n = getUint32(v, at);
    if (n > size - at - 4) return undefined;
    const frame = new Bytes(n);
    setBytes(frame, view(body, at + 4, n));
    frames[frames.length] = frame;
    at += 4 + n;
  }
  return frames;
}

/**
 * The page carries sealed frames by POST. It can drop, delay and reorder them,
 * but not read or make any; what it brings that is not the core's is ignored.
 */
export function relay(courier: Courier): Carrier {
  return {
    ordered: false,
    open(events: LinkEvents): Link {
      let failures = 0;
      courier.events = {
        body(body) {
          failures = 0;
          const frames = unpack(body) ?? [];
          for (let i = 0; i < frames.length; i++) events.frame(frames[i]!);
        },
        lost() {
          if (++failures < FAILURES) events.lost();
          else events.dropped(true);
        },
        gone: () => events.dropped(true),
      };
      microtask(() => events.opened());
      return {
        send(frame) {
          courier.carry(pack([frame]));
          return true;
        },
        close() {
          courier.events = undefined;
        },
        farewell: (bye) => courier.farewell(pack([bye])),
      };
    },
  };
}
