// A frame that speaks by window messages. Every window that can reach it, or
// its page, can post to them: only the page is heard by the frame, and only
// the frame by the page.
"use strict";

const any = trustedTypes.createPolicy("hostile", { createHTML: (x) => x, createScript: (x) => x, createScriptURL: (x) => x });
const nonce = document.querySelector("script[src]").nonce;

lab.attack("calls by window messages", async () => ({ count: (await lab.call("count")).slice(0, 2), vault: await lab.call("vault.open"), see: await lab.call("hook.see") }));

const posted = (who) => [1, 9001, "echo", JSON.stringify({ text: who }), 0, 0, 0];
// What a document runs that is not the page: it asks the frame, and answers
// and greets the page in the frame's name.
const impostor = (who, page) => `
  const page = ${page};
  for (let i = 0; i < page.length; i++) if (page[i] !== self) page[i].postMessage(${JSON.stringify(posted(who))}, "*");
  const lie = [];
  for (let id = 1; id < 40; id++) lie.push(1, id, '{"text":"lie of ${who}"}', 0);
  for (const said of [lie, [3, "closed"], { sallyport: 1, hop: "window" }, { sallyport: 1, hop: "port" }]) page.postMessage(said, "*");
  page.postMessage("done ${who}", "*");
`;
lab.attack("other windows' messages", async () => {
  await lab.call("count");
  const done = new Set();
  addEventListener("message", (e) => { if (String(e.data).startsWith("done")) done.add(e.data); });
  const truth = [];
  const keep = setInterval(() => truth.push(lab.call("echo", { text: "truth" })), 20);

  for (const sandbox of [null, "allow-scripts"]) {
    const sibling = document.createElement("iframe");
    if (sandbox !== null) sibling.setAttribute("sandbox", sandbox);
    sibling.srcdoc = any.createHTML(`<!doctype html><script nonce="${nonce}">${impostor(sandbox === null ? "a child" : "a sandboxed child", "parent")}</script>`);
    document.documentElement.append(sibling);
  }
  const w = window.open("about:blank");
  const script = w.document.createElement("script");
  script.nonce = nonce;
  script.text = w.trustedTypes.createPolicy("hostile", { createScript: (x) => x }).createScript(impostor("a popup", "opener"));
  w.document.documentElement.append(script);
  const child = document.createElement("iframe");
  document.documentElement.append(child);
  const frame = lab.frame().contentWindow;
  // In its realm, but called by the page: whose message that is, browsers say
  // by the realm of the function. Of another origin's window that is the caller's.
  child.contentWindow.Function.prototype.call.call(child.contentWindow.postMessage, window, [1, 2, '{"text":"lie of a realm"}', 0], "*");

  await lab.until(() => (done.size === 3 ? true : undefined), 5000);
  frame.postMessage(posted("the page"), "*"); // that is its right
  await lab.sleep(200);
  clearInterval(keep);
  w.close();
  const said = new Set(await Promise.all(truth));
  return { done: [...done].sort().join(), truth: [...said].join("; "), call: (await lab.call("count")).slice(0, 2) };
});
