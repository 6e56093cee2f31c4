import { describe, expect, test } from "vitest";
import { fromBase64URL, sessionName } from "../src/bytes.ts";
import { open, seal } from "../src/envelope.ts";
import { importKeys, info, negotiate } from "../src/keys.ts";
import { Strict, Window } from "../src/sequence.ts";
import { Direction, HEADER, Type, parseHeader, putHeader, resumeFrame } from "../src/wire.ts";
import { hex, opener, sealer, unhex, utf8 } from "./support.ts";

describe("a header", () => {
  test("is written and read as doc.go lays it out", () => {
    const frame = new Uint8Array(HEADER);
    putHeader(frame, Type.batch, 0x0102, 0x1_2345_6789);
    expect(hex(frame)).toBe("010301020000000123456789");
    expect(parseHeader(frame)).toEqual({ type: 3, epoch: 0x0102, sequence: 0x1_2345_6789 });
  });

  for (const [name, bytes] of [
    ["nothing", ""],
    ["a byte too few", "0103000000000000000000"],
    ["version 0", "000300000000000000000001"],
    ["version 2", "020300000000000000000001"],
    ["a sequence that no number holds exactly", "010300000020000000000000"],
  ] as const)
    test(`with ${name} is none`, () => expect(parseHeader(unhex(bytes))).toBeUndefined());

  test("may stand inside a larger buffer", () => {
    const frame = unhex("ffff010300000000000000000007").subarray(2);
    expect(parseHeader(frame)?.sequence).toBe(7);
  });

  test("of a resume is clear, with epoch and sequence 0", () => {
    expect(hex(resumeFrame(unhex("000102030405060708090a0b0c0d0e0f")))).toBe("010800000000000000000000000102030405060708090a0b0c0d0e0f");
  });
});

describe("a sealed frame", () => {
  const raw = unhex("11".repeat(32));
  const session = unhex("22".repeat(16));
  const to = { type: Type.batch, epoch: 0, sequence: 5, direction: Direction.up, session };
  const made = async (): Promise<Uint8Array> => seal(await sealer(raw), to, utf8("hello"));

  test("opens again", async () => {
    expect(await open(await opener(raw), Direction.up, session, await made())).toEqual(utf8("hello"));
  });

  test("has its sequence for an IV", async () => {
    expect(hex((await made()).slice(HEADER, HEADER + 12))).toBe("000000000000000000000005");
  });

  const attacks: [string, (frame: Uint8Array) => Uint8Array][] = [
    ["another version", (f) => ((f[0] = 2), f)],
    ["another type", (f) => ((f[1] = Type.ping), f)],
    ["another epoch", (f) => ((f[3] = 1), f)],
    ["another position", (f) => ((f[11] = 6), f)],
    ["another IV", (f) => ((f[HEADER + 11] = 6), f)],
    ["another ciphertext", (f) => ((f[HEADER + 12]! ^= 1), f)],
    ["another tag", (f) => ((f[f.length - 1]! ^= 1), f)],
    ["a cut tag", (f) => f.slice(0, -1)],
    ["bytes behind it", (f) => new Uint8Array([...f, 0])],
    ["nothing but a header", (f) => f.slice(0, HEADER)],
  ];
  for (const [name, change] of attacks)
    test(`does not open with ${name}`, async () => {
      await expect(open(await opener(raw), Direction.up, session, change(await made()))).rejects.toThrow();
    });

  test("does not open for the other direction", async () => {
    await expect(open(await opener(raw), Direction.down, session, await made())).rejects.toThrow();
  });

  test("does not open for another session", async () => {
    await expect(open(await opener(raw), Direction.up, unhex("23".repeat(16)), await made())).rejects.toThrow();
  });

  test("keeps its whole tag when Object.prototype offers a shorter one", async () => {
    Object.defineProperty(Object.prototype, "tagLength", { value: 32, configurable: true });
    try {
      expect((await made()).length).toBe(HEADER + 12 + 5 + 16);
    } finally {
      delete (Object.prototype as { tagLength?: number }).tagLength;
    }
  });
});

describe("the session keys", () => {
  test("can't be exported and work one way only", async () => {
    const { up, down } = await importKeys(unhex("01".repeat(64)));
    expect([up.extractable, down.extractable, up.usages, down.usages]).toEqual([false, false, ["encrypt"], ["decrypt"]]);
  });

  test("leave no secret behind", async () => {
    const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    const core = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const secret = unhex("07".repeat(32));
    await negotiate({ session: new Uint8Array(16), carrier: "direct", pattern: "isolation" }, secret, core);
    expect(hex(secret)).toBe("00".repeat(32));
  });

  test("are bound to carrier, pattern, session and epoch", () => {
    const to = { session: unhex("0a".repeat(16)), carrier: "relay", pattern: "brownfield" } as const;
    expect(hex(info(to))).toBe(hex(utf8("sallyport/1 hello")) + "0202" + "0a".repeat(16));
    expect(hex(info(to, 258))).toBe(hex(utf8("sallyport/1 rekey")) + "0202" + "0a".repeat(16) + "0102");
  });
});

describe("the order of the direct carrier", () => {
  test("is exactly one after the other", () => {
    const s = new Strict();
    s.take(1);
    expect([0, 1, 2, 3].map((n) => s.admits(n, false))).toEqual([false, false, true, false]);
  });

  test("may skip ahead, but not back, where a type allows it", () => {
    const s = new Strict();
    s.take(4);
    expect([3, 4, 5, 900].map((n) => s.admits(n, true))).toEqual([false, false, true, true]);
  });
});

describe("the window of the relay", () => {
  test("takes each number once, in any order", () => {
    const w = new Window();
    for (const n of [3, 1, 2]) {
      expect(w.admits(n)).toBe(true);
      w.take(n);
    }
    expect([1, 2, 3, 4].map((n) => w.admits(n))).toEqual([false, false, false, true]);
  });

  test("ends 1024 numbers behind the highest", () => {
    const w = new Window();
    w.take(2000);
    expect([0, 976, 977, 2000, 2001].map((n) => w.admits(n))).toEqual([false, false, true, false, true]);
  });

  test("remembers across a jump what is still inside it", () => {
    const w = new Window();
    w.take(1000);
    w.take(1500);
    expect([1000, 1001, 1500].map((n) => w.admits(n))).toEqual([false, true, false]);
  });

  test("agrees with a set of all numbers seen, over many random orders", () => {
    const w = new Window();
    const seen = new Set<number>();
    let highest = 0;
    for (let i = 0; i < 20_000; i++) {
      const n = Math.max(0, highest - 1100 + Math.floor(Math.random() * 1200) + (Math.random() < 0.001 ? 3000 : 0));
      const fresh = n > 0 && n > highest - 1024 && !seen.has(n);
      expect(w.admits(n)).toBe(fresh);
      if (!fresh) continue;
      w.take(n);
      seen.add(n);
      highest = Math.max(highest, n);
    }
  });
});

describe("texts of a configuration", () => {
  for (const [text, size, want] of [
    ["AAECAw", 4, "00010203"],
    ["_-8", 2, "ffef"],
    ["AAECAw==", 4, undefined],
    ["AAECA+", 4, undefined],
    ["AAECAw", 5, undefined],
    ["AAE AA", 4, undefined],
    ["", 4, undefined],
  ] as const)
    test(`"${text}" as ${size} bytes is ${want ?? "refused"}`, () => {
      const got = fromBase64URL(text, size);
      expect(got && hex(got)).toBe(want);
    });

  test("a session is named by the base32 of its first five bytes", () => {
    expect(sessionName(unhex("00443214c74254b635cf84653a56d7c6"))).toBe("abcdefgh");
  });
});
