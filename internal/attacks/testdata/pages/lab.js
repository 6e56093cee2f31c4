// What the attack scripts share: one attack after the other, each announced to
// the test before and reported after, over the one address that the page may
// connect to. A page that an attack leaves broken is loaded again.
"use strict";

const lab = (() => {
  const { report, evil, hosts } = LAB;
  const native = { fetch: fetch.bind(window), write: JSON.stringify, parse: JSON.parse };
  const store = sessionStorage;
  if (store.tab === undefined) store.tab = crypto.randomUUID();
  const tab = store.tab;

  const post = async (what, body = {}) => {
    const response = await native.fetch(`${report}${what}?tab=${tab}`, {
      method: "POST", mode: "cors", credentials: "omit", body: native.write(body),
    });
    return native.parse(await response.text());
  };
  // These work whatever an attack does to the page's built-ins meanwhile.
  const NativePromise = Promise;
  const timer = setTimeout;
  const sleep = (ms) => new NativePromise((done) => timer(done, ms));
  const within = (ms, promise, otherwise) => new NativePromise((done, failed) => {
    timer(() => done(otherwise), ms);
    (async () => {
      try {
        done(await promise);
      } catch (e) {
        failed(e);
      }
    })();
  });

  // How an attempt ended, as one word: what it returned, or the error's name.
  const tell = async (run, ms = 2500) => {
    try {
      const got = await within(ms, Promise.resolve().then(run), "no answer");
      return got === undefined || got === null ? String(got) : typeof got === "string" ? got : native.write(got);
    } catch (e) {
      return e?.code && typeof e.code === "string" ? e.code : e?.name ?? String(e);
    }
  };
  // How a call ended: "ok" and its value, or its code.
  const call = (command, args, options) => tell(async () => `ok ${native.write(await sallyport.invoke(command, args, options))}`, 8000);

  const attacks = [];
  // role is 0 for the window's first tab, 1 for its second.
  const attack = (name, run, { fresh = false, role = 0, limit = 12000 } = {}) => attacks.push({ name, run, fresh, role, limit });

  const runAll = async () => {
    if (attacks.length === 0) return; // a page on the way to another
    const { role } = await post("hello", { href: location.href });
    const mine = attacks.filter((a) => a.role === role);
    for (let i = Number(store.next ?? 0); i < mine.length; i++) {
      const { name, run, fresh, limit } = mine[i];
      store.next = String(i + 1);
      await post("begin", { name });
      let facts;
      try {
        facts = await within(limit, run(), { harness: "the attack did not end" });
      } catch (e) {
        facts = { threw: `${e.name}: ${e.message}` };
      }
      await post("end", { name, facts });
      if (fresh) {
        location.reload();
        return;
      }
    }
    await post("done");
    window.close();
  };

  // A window that an attack has opened only stands there.
  const idle = window.opener !== null || window.parent !== window || location.search === "?idle";
  if (!idle) addEventListener("load", () => setTimeout(runAll, 0));

  return {
    evil, hosts, tab, post, sleep, within, tell, call, attack,
    frame: () => document.querySelector("iframe[title='Sallyport isolation frame']"),
    // Something that the test does or knows and a page can't.
    ask: (what, body) => post(`ask/${what}`, body),
    leave: (name, value) => post("ask/leave", { name, value }),
    async take(name) {
      for (let i = 0; i < 150; i++) {
        const value = await post("ask/take", name);
        if (value !== null) return value;
        await sleep(40);
      }
      return "nothing was left";
    },
    // Resolves with the first result of a probe that is not undefined.
    async until(probe, ms = 3000) {
      for (const end = Date.now() + ms; Date.now() < end; await sleep(5)) {
        const got = probe();
        if (got !== undefined) return got;
      }
      return undefined;
    },
    // The same without ever letting go of the thread for long.
    async spin(probe, ms = 3000) {
      const { port1, port2 } = new MessageChannel();
      for (const end = Date.now() + ms; Date.now() < end; ) {
        const got = probe();
        if (got !== undefined) return got;
        await new Promise((done) => {
          port1.onmessage = done;
          port2.postMessage(0);
        });
      }
      return undefined;
    },
    // To be called by a script that wants the port which the frame sends to its page, as any script of the page can. say
    // posts lists to the frame, answer is how a request of a number ended, heard are all messages of a number that were
    // no answer.
    tap() {
      const ports = [];
      const members = [0, 4, 3, 2, 2, 2, 5, 7, 2, 3, 5];
      const answers = new Map();
      const heard = [];
      const listen = ({ data }) => {
        for (let i = 0; i < data.length; i += members[data[i]]) {
          const message = data.slice(i, i + members[data[i]]);
          if (message[0] === 1) answers.set(message[1], `ok ${message[2]}`);
          else if (message[0] === 2) answers.set(message[1], native.parse(message[2]).code);
          else heard.push(message);
        }
      };
      addEventListener("message", (e) => {
        if (e.source !== document.querySelector("iframe[title='Sallyport isolation frame']")?.contentWindow || e.ports.length === 0) return;
        ports.push(e.ports[0]);
        e.ports[0].addEventListener("message", listen);
      });
      return {
        heard,
        ready: () => this.until(() => ports[0], 10000),
        say: (...lists) => { for (const list of lists) ports[0].postMessage(list); },
        answer: async (id, ms = 5000) => (await this.until(() => answers.get(id), ms)) ?? "no answer",
      };
    },
    // All that an element's loading says.
    load(name, attributes) {
      const element = document.createElement(name);
      return new Promise((done) => {
        element.addEventListener("load", () => done("load"));
        element.addEventListener("error", () => done("error"));
        for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
        document.body.append(element);
      });
    },
  };
})();
