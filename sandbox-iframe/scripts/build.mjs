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

// The declarations of api.ts stand on their own once the types that it takes
// from other files stand in the same one. The global is in every page, with or
// without the module.
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
      const doc = "(/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?(export )?(declare )?";
      const found = new RegExp(`${doc}(type ${name}\\b[^]*?;(?=\\n(export|declare|type|interface|/|$))|(class|interface) ${name}\\b[^]*?\\n})\\n`).exec(text);
      if (!found) throw new Error(`${file}.d.ts declares no ${name}`);
      return found[0];
    });
  };
  const parts = [
    ...pick("errors", "Code", "SallyportError"),
    ...pick("page-options", "CallProgress", "InvokeOptions", "ListenOptions", "ChannelDirection"),
    ...pick("page-events", "ReceivedEvent"),
    ...pick("api", "Commands", "Events", "Channels", "Args", "Result", "Called", "Other", "Invoke", "DirectionOf", "Items", "Uploads", "StreamOptions",
      "StreamCall", "Streamed", "Stream", "Carried", "Emit", "EmitTo", "Listen"),
  ];
  const functions = { invoke: "Invoke", stream: "Stream", emit: "Emit", emitTo: "EmitTo", listen: "Listen", once: "Listen" };
  const api = readFileSync(`${root}src/api.ts`, "utf8");
  for (const [name, type] of Object.entries(functions)) {
    const doc = new RegExp(`(/\\*\\* .* \\*/\n)export const ${name} = `).exec(api);
    if (!doc) throw new Error(`api.ts says nothing of ${name}`);
    parts.push(`${doc[1]}export declare const ${name}: ${type};\n`);
  }
  const members = Object.entries(functions).map(([name, type]) => `    readonly ${name}: ${type};\n`).join("");
  parts.push(`declare global {
  /** What the client's script defines in every page that Sallyport serves: the same as this module. */
  const sallyport: {
${members}    readonly SallyportError: typeof SallyportError;
  };
}
export {};
`);
  return parts.join("\n");
}
