import { hasOwn, isSafeInteger, parseJSON, stringifyJSON } from "./primordials.ts";
import { fromBase64URL } from "./bytes.ts";
import { type CarrierName, OVERHEAD, PUBLIC_KEY, type PatternName, SECRET, SESSION_ID } from "./wire.ts";

/** What the core writes into the frame's document, or in the brownfield pattern into the page's. */
export interface FrameConfig {
  readonly session: Uint8Array;
  /** The same in base64url, as the relay's path names it. */
  readonly sessionText: string;
  readonly secret: Uint8Array;
  readonly coreKey: Uint8Array;
  readonly carrier: CarrierName;
  readonly pattern: PatternName;
  readonly socket: string;
  readonly pageOrigin: string;
  readonly window: string;
  readonly hookTimeout: number;
  readonly maxFrame: number;
  readonly hop: "auto" | "port" | "window";
}

/** What the core writes into the page. */
export interface PageConfig {
  readonly pattern: PatternName;
  readonly window: string;
  readonly frame: string;
  readonly carrier: CarrierName;
  readonly relay: string;
  readonly ticket: string | undefined;
  readonly handshake: FrameConfig | undefined;
}

const wrong = (member: string): never => {
  throw new TypeError(`sallyport: the configuration's ${member} is not what this runtime expects; core and runtime must be of one version`);
};

type Fields = (name: string) => unknown;

function fieldsOf(json: string): Fields {
  const object = parseJSON(json) as object;
  if (typeof object !== "object" || object === null) wrong("text");
  return (name) => (hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined);
}

function text(of: Fields, name: string): string {
  const value = of(name);
  return typeof value === "string" ? value : wrong(name);
}

function oneOf<T extends string>(of: Fields, name: string, ...allowed: T[]): T {
  const value = of(name);
  for (let i = 0; i < allowed.length; i++) if (value === allowed[i]) return allowed[i]!;
  return wrong(name);
}

function positive(of: Fields, name: string, least: number): number {
  const value = of(name);
  return isSafeInteger(value) && (value as number) >= least ? (value as number) : wrong(name);
}

function bytes(of: Fields, name: string, size: number): Uint8Array {
  return fromBase64URL(text(of, name), size) ?? wrong(name);
}

/** Reads a frame's configuration; throws on anything missing or unexpected. */
export function parseFrameConfig(json: string, pattern: PatternName): FrameConfig {
  const of = fieldsOf(json);
  if (of("version") !== 1) wrong("version");
  const carrier = oneOf(of, "carrier", "direct", "relay");
  return {
    session: bytes(of, "session", SESSION_ID),
    sessionText: text(of, "session"),
    secret: bytes(of, "secret", SECRET),
    coreKey: bytes(of, "coreKey", PUBLIC_KEY),
    carrier,
    pattern: oneOf(of, "pattern", pattern),
    socket: carrier === "direct" ? text(of, "socket") : "",
    pageOrigin: text(of, "pageOrigin"),
    window: text(of, "window"),
    hookTimeout: pattern === "isolation" ? positive(of, "hookTimeout", 1) : 0,
    maxFrame: positive(of, "maxFrame", OVERHEAD + 256),
    hop: pattern === "isolation" && of("hop") !== undefined ? oneOf(of, "hop", "auto", "port", "window") : "auto",
  };
}

/** Reads the page's configuration; throws on anything missing or unexpected. */
export function parsePageConfig(json: string): PageConfig {
  const of = fieldsOf(json);
  if (of("version") !== 1) wrong("version");
  const pattern = oneOf(of, "pattern", "isolation", "brownfield");
  const handshake = of("handshake");
  return {
    pattern,
    window: text(of, "window"),
    frame: pattern === "isolation" ? text(of, "frame") : "",
    carrier: oneOf(of, "carrier", "direct", "relay"),
    relay: of("relay") === undefined ? "" : text(of, "relay"),
    ticket: of("ticket") === undefined ? undefined : text(of, "ticket"),
    handshake: pattern === "brownfield" ? parseFrameConfig(stringifyJSON(handshake ?? wrong("handshake")), "brownfield") : undefined,
  };
}
