/**
 * Serves the built scripts of dist/ as the core does, on two hosts under its
 * policies, with the tests' core behind them. Each page is one scenario; it
 * posts its results and goes on to the next.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { pack, unpack } from "../../src/carrier-relay.ts";
import type { CarrierName, PatternName } from "../../src/wire.ts";
import { type Script, scenarios } from "./scenarios.ts";
import { StageSession } from "./session.ts";
import { ServerSocket } from "./websocket.ts";

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

const common: Record<string, string> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
};

export interface Result {
  name: string;
  error?: string;
}

class Stage {
  readonly sessions = new Map<string, StageSession>(); // by id
  readonly tickets = new Map<string, { scenario: string; carrier: CarrierName }>();
  readonly results: Result[] = [];
  readonly done: Promise<Result[]>;
  #finish: (results: Result[]) => void = () => {};
  readonly #dist: string;
  readonly #pages: string;
  page = "";
  frame = "";
  readonly servers: Server[] = [];

  constructor(dist: string, pages: string) {
    this.#dist = dist;
    this.#pages = pages;
    this.done = new Promise((finish) => (this.#finish = finish));
  }

  async session(scenario: Script, carrier: CarrierName, pattern: PatternName): Promise<{ id: string; config: object }> {
    const s = new StageSession(carrier, pattern);
    await s.core.prepare();
    const id = b64(s.core.session);
    this.sessions.set(id, s);
    const host = pattern === "isolation" ? this.frame : this.page;
    const config = {
      version: 1, session: id, secret: b64(s.core.secret), coreKey: b64(s.core.publicRaw), carrier, pattern,
      ...(carrier === "direct" ? { socket: `${host.replace("http", "ws")}/${scenario.deaf ? "deaf" : "socket"}` } : {}),
      pageOrigin: this.page, window: "main", hookTimeout: 1000, maxFrame: 1 << 20, hop: scenario.hop ?? "auto",
    };
    return { id, config };
  }

  ticket(scenario: string, carrier: CarrierName): string {
    const ticket = randomBytes(16).toString("hex");
    this.tickets.set(ticket, { scenario, carrier });
    return ticket;
  }

  async onPage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0]!; // requests of the relay are numbered
    const send = (type: string, body: string | Uint8Array, csp = "default-src 'none'; sandbox"): void => {
      for (const [name, value] of Object.entries({ ...common, "Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy": csp })) response.setHeader(name, value);
      response.setHeader("Content-Type", type).end(body);
    };
    if (path === "/") return void response.writeHead(302, { Location: `/${Object.keys(scenarios)[0]}` }).end();
    if (path === "/.sallyport/client.js") return send("text/javascript", readFileSync(join(this.#dist, "client.js")));
    if (path === "/.sallyport/api.mjs") return send("text/javascript", readFileSync(join(this.#dist, "api.mjs")));
    if (path === "/pages.js") return send("text/javascript", this.#pages);
    if (path === "/log") return send("application/json", JSON.stringify([...this.sessions.values()].map((s) => s.log)));
    const body = new Uint8Array(Buffer.concat(await request.toArray()));
    if (path.startsWith("/results/")) return this.#take(path.slice(9), JSON.parse(Buffer.from(body).toString()), response);
    if (path.startsWith("/ticket/")) return send("application/json", JSON.stringify({ frame: `${this.frame}/frame/${this.ticket(path.slice(8), "relay")}`, carrier: "relay" }));
    if (path.startsWith("/.sallyport/relay/")) {
      const s = this.sessions.get(path.slice(18));
      if (s === undefined || s.over) return void response.writeHead(s === undefined ? 404 : 410).end();
      return send("application/octet-stream", pack(await s.relay(Array.from(unpack(body) ?? []))));
    }
    const scenario = scenarios[path.slice(1)];
    if (scenario === undefined) return void response.writeHead(404).end();
    const csp =
      `default-src 'none'; script-src 'self'; connect-src 'self' ${this.page.replace("http", "ws")}/socket; frame-src ${this.frame}/frame/; worker-src 'none'; ` +
      "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    send("text/html; charset=utf-8", await this.#document(path.slice(1), scenario), csp);
  }

  async #document(name: string, scenario: Script): Promise<string> {
    const pattern = scenario.pattern ?? "isolation";
    const carrier = scenario.carrier ?? "direct";
    const config = {
      version: 1, pattern, window: "main", carrier, relay: "/.sallyport/relay/",
      ...(pattern === "isolation" ? { frame: `${this.frame}/frame/${this.ticket(name, carrier)}` } : { handshake: (await this.session(scenario, carrier, pattern)).config }),
      ...(scenario.deaf ? { ticket: `/ticket/${name}` } : {}),
    };
    return (
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><script type="application/json" id="sallyport-page">${JSON.stringify(config)}</script>` +
      `<script src="/.sallyport/client.js"></script><title>${name}</title></head><body><script src="/pages.js"></script></body></html>`
    );
  }

  #take(name: string, results: Result[], response: ServerResponse): void {
    this.results.push(...results.map((r) => ({ ...r, name: `${name} > ${r.name}` })));
    if (results.length === 0) this.results.push({ name, error: "no checks ran" });
    const names = Object.keys(scenarios);
    const next = names[names.indexOf(name) + 1];
    response.end(next ?? "");
    if (next === undefined) this.#finish(this.results);
  }

  async onFrame(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ticket = request.url?.slice("/frame/".length) ?? "";
    const found = this.tickets.get(ticket);
    this.tickets.delete(ticket);
    if (found === undefined || request.headers["sec-fetch-dest"] !== "iframe") return void response.writeHead(403).end();
    const scenario = scenarios[found.scenario]!;
    const { config } = await this.session(scenario, found.carrier, "isolation");
    const script = [readFileSync(join(this.#dist, "frame.js"), "utf8"), scenario.hook ?? "sallyport.onCall((call) => call)", "sallyport.start();"].join("\n;\n");
    const hash = createHash("sha256").update(script).digest("base64");
    const csp =
      `sandbox allow-scripts; default-src 'none'; script-src 'sha256-${hash}'; connect-src ${this.frame.replace("http", "ws")}/; base-uri 'none'; form-action 'none'; ` +
      `frame-ancestors ${this.page}; require-trusted-types-for 'script'; trusted-types 'none'`;
    for (const [name, value] of Object.entries({ ...common, "Cross-Origin-Resource-Policy": "cross-origin", "Content-Security-Policy": csp })) response.setHeader(name, value);
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sallyport</title><script type="application/json" id="sallyport-frame">${JSON.stringify(config)}</script><script>${script}</script></head><body></body></html>`,
    );
  }

  async listen(host: string, addresses: string[], on: (q: IncomingMessage, s: ServerResponse) => Promise<void>): Promise<string> {
    let port = 0;
    for (const address of addresses) {
      const server = createServer((q, s) => void on(q, s).catch((e: unknown) => this.results.push({ name: "server", error: String(e) })));
      server.on("upgrade", (request, stream) => {
        if (request.url !== "/socket") return void stream.destroy();
        const socket = new ServerSocket(request, stream);
        socket.onmessage = (frame) => void StageSession.greet(this.sessions, b64, socket, frame);
      });
      await new Promise<void>((listening, failed) => server.once("error", failed).listen(port, address, () => listening()));
      port = (server.address() as AddressInfo).port;
      this.servers.push(server);
    }
    return `http://${host}:${port}`;
  }
}

/** Starts it with a built dist/ and the script of the pages; results resolve when the last page has posted. */
export async function startStage(dist: string, pages: string): Promise<{ url: string; results: Promise<Result[]>; close(): void }> {
  const stage = new Stage(dist, pages);
  stage.page = await stage.listen("127.0.0.1", ["127.0.0.1"], (q, s) => stage.onPage(q, s));
  stage.frame = await stage.listen("localhost", ["127.0.0.1", "::1"], (q, s) => stage.onFrame(q, s));
  const close = (): void => {
    for (const server of stage.servers) {
      server.closeAllConnections();
      server.close();
    }
  };
  return { url: `${stage.page}/`, results: stage.done, close };
}
