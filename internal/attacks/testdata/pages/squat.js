// The site that had the app's hosts before the app. It leaves a service worker
// on each of them, where documents with secrets will lie: on the frame's host
// as a frame in a page of the other one, since that is where workers are kept
// apart by page.
"use strict";

const scope = location.origin === lab.hosts.frame ? "/frame/" : "/index.html";
const squat = async () => {
  const registration = await navigator.serviceWorker.register(`preload.js?report=${encodeURIComponent(LAB.report)}`, { scope });
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  await lab.until(() => (worker.state === "activated" ? true : undefined), 8000);
  return `${worker.state} ${(await registration.navigationPreload.getState()).enabled}`;
};

(async () => {
  await lab.leave(`on ${scope}`, await lab.tell(squat, 9000));
  if (window.parent === window) document.body.append(Object.assign(document.createElement("iframe"), { src: `${lab.hosts.frame}/page/squat/` }));
})();
