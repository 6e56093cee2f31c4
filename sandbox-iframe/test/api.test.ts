import { expect, test } from "vitest";
import { SallyportError, invoke } from "../src/api.ts";

test("the module can be imported where Sallyport serves nothing, and calls nobody there", async () => {
  const e = await invoke("a").catch((e: unknown) => e);
  expect(e).toBeInstanceOf(SallyportError);
  expect(e).toMatchObject({ code: "closed", id: "" });
});
