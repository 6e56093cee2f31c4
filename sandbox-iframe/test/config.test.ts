import { describe, expect, test } from "vitest";
import { parseFrameConfig, parsePageConfig } from "../src/config.ts";

const b64 = (n: number, byte = 1): string => btoa(String.fromCharCode(...new Uint8Array(n).fill(byte))).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");

const frame = {
  version: 1, session: b64(16), secret: b64(32), coreKey: b64(65), carrier: "direct", pattern: "isolation", socket: "ws://frame.test/socket",
  pageOrigin: "http://page.test", window: "main", hookTimeout: 2000, maxFrame: 4096, hop: "auto",
};
const page = { version: 1, pattern: "isolation", window: "main", frame: "http://frame.test/frame/t", carrier: "direct" };

describe("a frame's configuration", () => {
  const read = (change: object): unknown => parseFrameConfig(JSON.stringify({ ...frame, ...change }), "isolation");
  test("is read", () => expect(read({})).toMatchObject({ carrier: "direct", window: "main", hookTimeout: 2000, hop: "auto", sessionText: frame.session }));
  test("needs no socket on the relay", () => expect(read({ carrier: "relay", socket: undefined })).toMatchObject({ carrier: "relay" }));
  for (const change of [
    { version: 2 }, { version: "1" }, { session: b64(15) }, { session: undefined }, { secret: "" }, { secret: b64(33) }, { coreKey: b64(64) }, { carrier: "fast" },
    { carrier: ["direct"] }, { pattern: "brownfield" }, { socket: undefined }, { socket: 1 }, { pageOrigin: null }, { window: 7 }, { hookTimeout: 0 },
    { hookTimeout: "2000" }, { maxFrame: 10 }, { maxFrame: 1e300 }, { hop: "shared" },
  ])
    test(`is refused with ${JSON.stringify(change)}`, () => expect(() => read(change)).toThrow(/configuration/));

  test("takes no member from a polluted prototype", () => {
    const { window: _, ...without } = frame;
    Object.defineProperty(Object.prototype, "window", { value: "admin", configurable: true });
    try {
      expect(() => parseFrameConfig(JSON.stringify(without), "isolation")).toThrow(/window/);
    } finally {
      delete (Object.prototype as { window?: string }).window;
    }
  });

  for (const json of ["", "null", "1", "[]", '"x"']) test(`is not ${json || "nothing"}`, () => expect(() => parseFrameConfig(json, "isolation")).toThrow());
});

describe("a page's configuration", () => {
  const read = (change: object): unknown => parsePageConfig(JSON.stringify({ ...page, ...change }));
  test("is read", () => expect(read({ ticket: "/.sallyport/ticket/x", relay: "/.sallyport/relay/" })).toMatchObject({ frame: page.frame, ticket: "/.sallyport/ticket/x" }));
  test("has no fallback unless it says so", () => expect(read({})).toMatchObject({ ticket: undefined }));
  test("holds the handshake in the brownfield pattern", () =>
    expect(read({ pattern: "brownfield", frame: undefined, handshake: { ...frame, pattern: "brownfield", hookTimeout: 0 } })).toMatchObject({ handshake: { pattern: "brownfield" } }));
  for (const change of [
    { version: 0 }, { pattern: "open" }, { frame: undefined }, { carrier: "none" }, { pattern: "brownfield" }, { pattern: "brownfield", handshake: frame }, { ticket: 1 },
  ])
    test(`is refused with ${JSON.stringify(change).slice(0, 60)}`, () => expect(() => read(change)).toThrow());

  test("of the isolation pattern ignores a handshake", () => expect(read({ handshake: frame })).toMatchObject({ handshake: undefined }));
});
