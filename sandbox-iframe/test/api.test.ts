import { describe, expect, test } from "vitest";
import { SallyportError, emit, emitTo, invoke, listen, once, stream } from "../src/api.ts";

describe("the module can be imported where Sallyport serves nothing, and calls nobody there:", () => {
  const none = (): void => {};
  const { result, readable, writable } = stream("a" as string, {}, { channel: "both" });
  const calls: [string, () => Promise<unknown>][] = [
    ["invoke", () => invoke("a" as string)],
    ["emit", () => emit("a" as string)],
    ["emitTo", () => emitTo("main", "a" as string)],
    ["listen", () => listen("a" as string, none)],
    ["once", () => once("a" as string, none)],
    ["stream's result", () => result],
    ["stream's readable", () => readable.getReader().read()],
    ["stream's writable", () => writable.getWriter().closed],
  ];
  for (const [name, call] of calls)
    test(name, async () => {
      const e = await call().catch((e: unknown) => e);
      expect(e).toBeInstanceOf(SallyportError);
      expect(e).toMatchObject({ code: "closed", id: "" });
    });
});
