/**
 * Stands in for vitest in a browser: the same describe, test and expect, run
 * one after the other, with the results posted to the server that sent this.
 */
import * as chai from "chai";
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const expect = chai.expect;

interface Result {
  name: string;
  error?: string;
}

const path: string[] = [];
const tests: { name: string; run: () => unknown }[] = [];

export function describe(name: string, body: () => void): void {
  path.push(name);
  body();
  path.pop();
}

export function test(name: string, run: () => unknown): void {
  tests.push({ name: [...path, name].join(" > "), run });
}

/** Runs all tests and posts what came of them. */
export async function finish(): Promise<void> {
  const results: Result[] = [];
  for (const { name, run } of tests) {
    let timer: unknown;
    try {
      const late = new Promise((_, failed) => (timer = setTimeout(() => failed(new Error("no end after 10 s")), 10_000)));
      await Promise.race([run(), late]);
      results.push({ name });
    } catch (e) {
      results.push({ name, error: e instanceof Error ? `${e.message}\n${e.stack ?? ""}` : String(e) });
    }
    clearTimeout(timer as number);
  }
  await fetch("/results", { method: "POST", body: JSON.stringify(results) });
}
