// Not run: compiled with exactOptionalPropertyTypes and noUncheckedIndexedAccess.
import { commands } from "./client.ts";
import type { NotesListArgs, ShapesArgs } from "./client.ts";

export const one: NotesListArgs = { limit: 1 };
// @ts-expect-error: left out is not undefined, which JSON does not have
export const two: NotesListArgs = { limit: undefined };
// @ts-expect-error: a name that the record may not have
export const three: number = ({} as NonNullable<ShapesArgs["record"]>)["a"];

export async function first(): Promise<string | undefined> {
  const notes = await commands.notes.list();
  return notes[0]?.path;
}
