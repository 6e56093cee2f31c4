/** Not run: an app's use of the package as it is published, which has to compile. */
import { type Code, type InvokeOptions, SallyportError, invoke } from "@sallyport/api";

declare module "@sallyport/api" {
  interface Commands {
    "notes.save": { args: { path: string }; result: { saved: boolean } };
    "notes.list": { args: { folder?: string }; result: string[] };
    "app.quit": {};
  }
}

export async function typed(options: InvokeOptions): Promise<void> {
  const { saved } = await invoke("notes.save", { path: "a" }, options);
  const list: string[] = await invoke("notes.list");
  const quit: unknown = await sallyport.invoke("app.quit", {}, { signal: null });
  void [saved satisfies boolean, list, quit];
  // @ts-expect-error: arguments of another type
  await invoke("notes.save", { path: 1 });
  // @ts-expect-error: no arguments
  await invoke("notes.save");
  // @ts-expect-error: an argument that the command does not have
  await invoke("notes.list", { path: "a" });
  // @ts-expect-error: a result of another type
  const wrong: number = await invoke("notes.list");
  void wrong;
}

export async function untyped(name: string): Promise<void> {
  const unknown: unknown = await invoke("other", { any: [1] });
  const number = await invoke<number>("other.number");
  void [unknown, number satisfies number, await invoke(name, 1)];
}

export function failed(e: unknown): string | undefined {
  const busy: Code = "busy";
  return e instanceof SallyportError && e instanceof sallyport.SallyportError && e.code !== busy ? `${e.code} ${e.id}` : undefined;
}
