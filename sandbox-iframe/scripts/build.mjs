// Builds dist/: readable, ASCII only, the same bytes from the same sources.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = process.argv[2] ?? `${root}dist`;
const tsc = `${root}node_modules/typescript/bin/tsc`;

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: false,
  charset: "ascii",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({ ...common, entryPoints: ["src/frame.ts"], format: "iife", outfile: `${out}/frame.js` });
await build({ ...common, entryPoints: ["src/client-script.ts"], format: "iife", outfile: `${out}/client.js` });
await build({ ...common, entryPoints: ["src/api.ts"], format: "esm", outfile: `${out}/api.mjs` });

// The declarations of api.ts stand on their own once the two types that it
// takes from client.ts stand in the same file.
const types = `${root}build/types`;
execFileSync(process.execPath, [tsc, "-p", `${root}tsconfig.types.json`, "--outDir", types], { stdio: "inherit" });
writeFileSync(`${out}/api.d.ts`, declarations(types));

for (const name of ["frame.js", "client.js", "api.mjs", "api.d.ts"]) {
  const text = readFileSync(`${out}/${name}`, "latin1");
  const bad = [...text].findIndex((c) => c > "\x7e");
  if (bad >= 0) throw new Error(`dist/${name}: byte ${bad} is not ASCII`);
  // An inline script ends at the first of these, wherever it stands.
  if (/<\/script|<!--|<script/i.test(text)) throw new Error(`dist/${name}: holds a script tag or comment opener`);
}

function declarations(folder) {
  const pick = (file, ...names) => {
    const text = readFileSync(`${folder}/${file}.d.ts`, "utf8");
    return names.map((name) => {
      const doc = "(/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?export ";
      const found = new RegExp(`${doc}(type ${name}\\b.*;|(declare class|interface) ${name}\\b[^]*?\\n})\\n`).exec(text);
      if (!found) throw new Error(`${file}.d.ts declares no ${name}`);
      return found[0];
    });
  };
  const parts = [...pick("errors", "Code"), ...pick("client", "SallyportError", "InvokeOptions"), ...pick("api", "Commands", "Invoke")];
  parts.push("/** Calls a command of the core; rejects with a SallyportError. */\nexport declare const invoke: Invoke;\n");
  return parts.join("\n");
}
