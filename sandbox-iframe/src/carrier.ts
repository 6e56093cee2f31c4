/** One connection to the core. */
export interface Link {
  /** Hands a frame over; false when the connection is known to be gone, and the frame with it. */
  send(frame: Uint8Array): boolean;
  /** Closes it; no event follows. */
  close(): void;
  /** Leaves the frame that ends the session with whoever outlives this document. */
  farewell(bye: Uint8Array): void;
}

/** What a connection tells the session. */
export interface LinkEvents {
  opened(): void;
  frame(frame: Uint8Array): void;
  /** It is gone; over says that the core has ended the session. */
  dropped(over: boolean): void;
  /** It stands, but what was in flight may be lost. Relay only. */
  lost(): void;
}

/** How frames travel. */
export interface Carrier {
  /** Whether frames arrive in order or not at all. */
  readonly ordered: boolean;
  /** Connects; the first event comes later, never during the call. */
  open(events: LinkEvents): Link;
}

/** The close code by which the core says that the session is over for good. */
export const CLOSE_OVER = 4001;
