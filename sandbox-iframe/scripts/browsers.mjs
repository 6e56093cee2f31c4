// Runs the suite in the browsers of this machine: every test file bundled into
// one page, then the built scripts of dist/ in real pages against the tests'
// core. No driver: a page posts its own results. Fails on any failing test, on
// a missing browser, on silence, and when nothing was run.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const within = 120_000;

const browsers = {
  chromium: {
    commands: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    args: (profile, url) => [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`, url,
    ],
  },
  firefox: {
    commands: ["firefox-esr", "firefox"],
    args: (profile, url) => {
      const quiet = ["datareporting.policy.dataSubmissionEnabled", "app.update.enabled", "network.captive-portal-service.enabled", "network.connectivity-service.enabled"];
      writeFileSync(join(profile, "user.js"), quiet.map((name) => `user_pref("${name}", false);\n`).join(""));
      return ["--headless", "--no-remote", "--profile", profile, url];
    },
  },
};

// As everywhere: the path of a browser of either kind, which its name tells.
const override = process.env.SALLYPORT_BROWSER;
if (override) browsers[/firefox/i.test(basename(override)) ? "firefox" : "chromium"].commands = [override];

const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(browsers);
const suite = await bundleSuite();
const pages = await bundlePages();
const { startStage } = await bundleStage();
let failures = 0;
for (const name of wanted) failures += await runIn(name);
process.exit(failures === 0 ? 0 : 1);

async function bundleSuite() {
  const files = readdirSync(join(root, "test")).filter((name) => name.endsWith(".test.ts"));
  const entry = `${files.map((name) => `import "./${name}";`).join("\n")}\nimport { finish } from "./browser/shim.ts";\nvoid finish();\n`;
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: join(root, "test"), loader: "ts" },
    alias: { vitest: join(root, "test/browser/shim.ts") },
    bundle: true, format: "iife", target: "es2022", write: false, charset: "utf8", logLevel: "error",
    define: { "process.env.NODE_ENV": '"test"', global: "globalThis" },
  });
  return outputFiles[0].contents;
}

async function bundlePages() {
  const { outputFiles } = await build({
    entryPoints: [join(root, "test/browser/pages.ts")], bundle: true, format: "iife", target: "es2022", write: false, charset: "ascii", logLevel: "error",
  });
  return outputFiles[0].text;
}

async function bundleStage() {
  const outfile = join(root, "build/stage.mjs");
  await build({ entryPoints: [join(root, "test/browser/stage.ts")], bundle: true, format: "esm", platform: "node", outfile, logLevel: "error" });
  return import(pathToFileURL(outfile));
}

async function runIn(name) {
  const results = await withBrowser(name, await serveSuite(suite));
  let failed = report(name, "unit", results);
  const stage = await startStage(join(root, "dist"), pages);
  failed += report(name, "page", await withBrowser(name, stage));
  return failed;
}

/** Serves the suite's page; resolves results when it posts them. */
async function serveSuite(script) {
  let done;
  const results = new Promise((resolve) => (done = resolve));
  const server = createServer((request, response) => {
    if (request.method === "POST" && request.url === "/results") {
      const parts = [];
      request.on("data", (part) => parts.push(part)).on("end", () => (response.end(), done(JSON.parse(Buffer.concat(parts).toString()))));
    } else if (request.url === "/suite.js") response.setHeader("Content-Type", "text/javascript; charset=utf-8").end(script);
    else response.setHeader("Content-Type", "text/html; charset=utf-8").end('<!doctype html><title>tests</title><script src="/suite.js"></script>');
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, results, close: () => (server.closeAllConnections(), server.close()) };
}

async function withBrowser(name, stage) {
  const profile = mkdtempSync(join(tmpdir(), `sallyport-${name}-`));
  const { commands, args } = browsers[name] ?? {};
  if (!commands) throw new Error(`no browser is called ${name}; known are ${Object.keys(browsers).join(", ")}`);
  const child = await launch(commands, args(profile, stage.url));
  let timer;
  try {
    return await Promise.race([
      stage.results,
      new Promise((_, failed) => (timer = setTimeout(() => failed(new Error(`${name} posted no results within ${within / 1000} s`)), within))),
      new Promise((_, failed) => child.once("exit", (code) => failed(new Error(`${name} ended with ${code} before it posted results`)))),
    ]);
  } catch (e) {
    return [{ name: `${name} ran`, error: e.message }];
  } finally {
    clearTimeout(timer);
    stage.close();
    child.removeAllListeners("exit");
    const gone = new Promise((exited) => child.once("exit", exited));
    try {
      process.kill(-child.pid); // its whole group, which only it is in
    } catch {}
    await Promise.race([gone, new Promise((waited) => setTimeout(waited, 5000))]);
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function launch(commands, args) {
  for (const command of commands) {
    const child = spawn(command, args, { stdio: "ignore", detached: true });
    const started = await new Promise((known) => child.once("spawn", () => known(true)).once("error", () => known(false)));
    if (started) return child;
  }
  if (override === commands[0]) throw new Error(`SALLYPORT_BROWSER=${override} can't be run; correct it, or unset it`);
  throw new Error(`none of ${commands.join(", ")} is installed; on Debian: apt-get install ${commands[0]}`);
}

function report(browser, what, results) {
  const failed = results.filter((result) => result.error);
  for (const { name, error } of failed) console.error(`${browser} ${what} FAIL ${name}\n  ${error.replaceAll("\n", "\n  ")}`);
  console.log(`${browser} ${what}: ${results.length - failed.length} passed, ${failed.length} failed`);
  return results.length === 0 ? 1 : failed.length;
}
