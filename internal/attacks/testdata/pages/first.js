// How long a page waits for its first answer, loaded again and again.
"use strict";

const started = performance.now();
const first = sallyport.invoke("count").then(() => performance.now());

for (let i = 0; i < 12; i++) {
  lab.attack(`load ${i}`, async () => {
    const at = await first;
    const entry = performance.getEntriesByType("navigation")[0];
    return { navigation: at, response: at - entry.responseEnd, script: at - started, loaded: entry.loadEventEnd };
  }, { fresh: true });
}
