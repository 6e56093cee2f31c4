// Writes test/vectors.json, which Go opens.
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const outfile = `${root}build/vectors.mjs`;
await build({ absWorkingDir: root, entryPoints: ["test/vectors.ts"], bundle: true, format: "esm", platform: "node", outfile, logLevel: "error" });
const { makeVectors } = await import(pathToFileURL(outfile));
writeFileSync(`${root}test/vectors.json`, `${JSON.stringify(await makeVectors(), null, "\t")}\n`);
