// Builds the pages of three frameworks into ../testdata/frameworks, or into the
// folder that is named. The bundles are committed, so that the Go tests need no
// npm, and scripts/check compares them:
//
//     npm ci && npm run build
import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { compile } from "svelte/compiler";
import { compileScript, parse } from "@vue/compiler-sfc";

const out = process.argv[2] ?? `${import.meta.dirname}/../testdata/frameworks`;

const vue = {
  name: "vue",
  setup(b) {
    b.onLoad({ filter: /\.vue$/ }, async ({ path }) => {
      const { descriptor, errors } = parse(await readFile(path, "utf8"), { filename: path });
      if (errors.length > 0) throw errors[0];
      return { contents: compileScript(descriptor, { id: "app", inlineTemplate: true, isProd: true }).content, loader: "js" };
    });
  },
};

const svelte = {
  name: "svelte",
  setup(b) {
    b.onLoad({ filter: /\.svelte$/ }, async ({ path }) => ({
      contents: compile(await readFile(path, "utf8"), { filename: path, generate: "client", dev: false, css: "external" }).js.code,
      loader: "js",
    }));
  },
};

for (const [name, entry] of [["react", "react.jsx"], ["vue", "vue.js"], ["svelte", "svelte.js"]]) {
  await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: [`src/${entry}`],
    outfile: `${out}/${name}/app.js`,
    bundle: true,
    minify: true,
    charset: "ascii",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    external: ["/.sallyport/*"],
    conditions: ["browser", "production"],
    legalComments: "inline",
    define: {
      "process.env.NODE_ENV": '"production"',
      __VUE_OPTIONS_API__: "false",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
    plugins: [vue, svelte],
  });
}
