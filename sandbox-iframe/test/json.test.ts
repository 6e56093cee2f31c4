import { describe, expect, test } from "vitest";
import { MAX_DEPTH, TooDeep, writeJSON } from "../src/json.ts";

describe("a value is written as JSON.stringify would write it", () => {
  for (const value of [
    null, true, 0, -0, -1.5, 1e21, 5e-324, "", "a\"b\\\u0000\u2028\u{1f600}", "\ud800", [], {}, [[], [null]], { a: { b: [1, "x"] } },
    JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "toJSON": 3}'), Object.assign(Object.create(null), { x: 1 }), { gone: undefined, kept: 1 },
  ])
    test(String(JSON.stringify(value)), () => expect(writeJSON(value)).toBe(JSON.stringify(value)));
});

describe("what is no JSON value is refused:", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const cases: [string, unknown][] = [
    ["undefined", undefined], ["a function", () => 1], ["a symbol", Symbol("x")], ["a BigInt", 1n], ["NaN", NaN], ["infinity", Infinity],
    ["a function inside", { f: () => 1 }], ["a hole", [1, , 2]], ["undefined in a list", [undefined]], ["a Date", new Date(0)],
    ["a Map", new Map()], ["a typed array", new Uint8Array(2)], ["a boxed string", new String("x")], ["an instance", new (class A {})()],
    ["an array with a prototype of its own", Object.setPrototypeOf([1], {})], ["an own toJSON", { toJSON: () => "forged" }], ["a cycle", circle],
  ];
  for (const [name, value] of cases) test(name, () => expect(() => writeJSON(value)).toThrow());
});

describe("depth", () => {
  const nested = (n: number): unknown => JSON.parse("[".repeat(n) + "]".repeat(n));
  test("is fine up to the limit", () => expect(writeJSON(nested(MAX_DEPTH))).toBe("[".repeat(MAX_DEPTH) + "]".repeat(MAX_DEPTH)));
  test("is an error of its own beyond", () => expect(() => writeJSON(nested(MAX_DEPTH + 1))).toThrow(TooDeep));
});

describe("polluted prototypes change nothing:", () => {
  const polluted = (target: object, name: string, value: unknown, run: () => void): void => {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    try {
      run();
    } finally {
      delete (target as Record<string, unknown>)[name];
    }
  };
  test("toJSON of objects", () => polluted(Object.prototype, "toJSON", () => "forged", () => expect(writeJSON({ a: [1] })).toBe('{"a":[1]}')));
  test("toJSON of arrays", () => polluted(Array.prototype, "toJSON", () => "forged", () => expect(writeJSON([1])).toBe("[1]")));
  test("an element for holes", () => polluted(Array.prototype, "7", "forged", () => expect(() => writeJSON(Array(8))).toThrow()));
  test("JSON.stringify itself", () => {
    const original = JSON.stringify;
    JSON.stringify = (() => "forged") as typeof JSON.stringify;
    try {
      expect(writeJSON("x")).toBe('"x"');
    } finally {
      JSON.stringify = original;
    }
  });
});
