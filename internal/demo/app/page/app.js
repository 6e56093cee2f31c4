import { bind } from "./binding.js";
import { attacks, prepare } from "./evil.js";

const $ = (id) => document.getElementById(id);
const stages = new Set();

// What is needed while prototypes are poisoned is at hand before.
const invoke = sallyport.invoke;
const state = await invoke("demo.state");
const rows = new Map();
const at = {
  binding: state.binding,
  direct: { call: bind(state.binding), folder: state.direct },
  isolated: { call: invoke, folder: state.isolated },
  save: ({ call, folder }) => call("notes.save", { path: `${folder}/notes/attack-pollution.md`, text: state.words }),
};

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { role, ...rest } = properties;
  Object.assign(element, rest);
  if (role) element.setAttribute("role", role);
  element.append(...children);
  return element;
}

const time = (micros) => micros < 10 ? `${micros.toFixed(1)} µs` : micros < 1000 ? `${Math.round(micros)} µs` : `${(micros / 1000).toFixed(1)} ms`;

// --- the attacks

function drawRows() {
  for (const attack of state.attacks) {
    const left = make("div", { className: "cell left", role: "cell" });
    const right = make("div", { className: "cell right", role: "cell" });
    const row = make("div", { className: "row", role: "row" },
      make("div", { className: "what", role: "rowheader" }, make("h2", {}, attack.name), make("p", {}, attack.summary)), left, right);
    rows.set(attack.name, { row, left, right, attack });
    $("rows").append(row);
    waiting(attack.name);
  }
  state.cases.forEach(settle);
}

function waiting(name, running = false) {
  const { row, left, right } = rows.get(name);
  row.classList.toggle("running", running);
  for (const cell of [left, right]) cell.replaceChildren(make("span", { className: "chip idle" }, running ? "running…" : "not run"));
}

// The bar of one call: a segment for each stage that was reached, as wide as
// its share of the time. All bars are equally long, whatever the call took:
// the longest takes a hundred times as long as the shortest.
function bar(call) {
  const shares = call.stages.map(({ name, micros }) => `${name} ${time(micros)} (${Math.round(100 * micros / call.micros)} %)`).join(", ");
  const bar = make("div", { className: "bar", role: "img", title: `Shares of ${time(call.micros)}: ${shares}` });
  bar.setAttribute("aria-label", `${call.command || "unknown command"}, shares of ${time(call.micros)}: ${shares}`);
  for (const { name, micros } of call.stages) {
    explain(name);
    const segment = make("span", { className: `s-${name}` });
    segment.style.flexGrow = String(micros);
    bar.append(segment);
  }
  return make("div", { className: "timed" }, bar, make("span", { className: "took" }, time(call.micros)));
}

// The legend has the stages that were seen, in the order of the pipeline.
function explain(stage) {
  if (stages.has(stage)) return;
  stages.add(stage);
  const order = ["handshake", "open", "parse", "schema", "policy", "record", "handler", "output"].filter((name) => stages.has(name));
  $("bars").hidden = false;
  $("legend").replaceChildren(...order.map((name) => make("li", {}, make("span", { className: `s-${name}` }), name)));
}

// A rule leads to where it stands, in the file that the page shows.
function linked(rule) {
  const [file, line] = rule.split(":");
  if (file !== state.file) return rule;
  const link = make("a", { href: `#rule-${line}` }, rule);
  link.addEventListener("click", () => show(Number(line)));
  return link;
}

function settle(result) {
  const { row, left, right, attack } = rows.get(result.name);
  row.classList.remove("running");
  row.classList.toggle("broken", !result.holds);
  left.replaceChildren(
    make("span", { className: `chip ${result.direct === "executed" ? "bad" : "odd"}` }, result.direct),
    make("p", {}, result.direct === "executed" ? attack.harm : result.problem));

  const stopped = result.isolated === "denied" || result.isolated === "discarded";
  const by = make("span", { className: "by" }, result.stage);
  // What was thrown away before it was a call has no record, but a time; what
  // the frame kept from becoming one has only that of the call it let through.
  const discard = stopped && result.stage !== "frame" && result.calls.every(({ verdict }) => verdict === "done")
    ? [bar({ command: "discarded", micros: result.micros, stages: [{ name: result.stage, micros: result.micros }] })] : [];
  if (result.rule) {
    by.append(make("span", { className: "dot" }, " · "), linked(result.rule));
  }
  right.replaceChildren(
    make("span", { className: `chip ${stopped ? "good" : result.isolated === "executed" ? "bad" : "odd"}` }, result.isolated), by,
    make("p", {}, result.holds ? attack.guard : result.problem), ...discard, ...result.calls.flatMap((call) =>
      call.verdict === "done" ? [make("p", { className: "genuine" }, `The genuine ${call.command} ran once:`), bar(call)] : [bar(call)]));
}

function tally() {
  const done = [...rows.values()].filter(({ right }) => right.querySelector(".chip:not(.idle)"));
  const executed = done.filter(({ left }) => left.querySelector(".chip.bad"));
  const stopped = done.filter(({ right }) => right.querySelector(".chip.good"));
  if (done.length === 0) return $("tally").replaceChildren(`${rows.size} attacks on both sides, in about a second. A small window opens meanwhile.`);
  $("tally").replaceChildren(make("b", { className: "bad" }, `${executed.length} of ${done.length}`), " executed without Sallyport, ",
    make("b", { className: "good" }, `${stopped.length} of ${done.length}`), " stopped by it");
}

async function attack(name) {
  waiting(name, true);
  await invoke("demo.begin", { case: name });
  let problem;
  try {
    await attacks[name](at);
  } catch (error) {
    problem = error;
  }
  const result = await invoke("demo.end", { case: name });
  if (problem && !result.holds) result.problem = String(problem.message);
  settle(result);
}

// What an ordinary user does, one by one and many at once.
async function behave() {
  await invoke("demo.begin", { case: "benign" });
  const notes = await invoke("notes.list", {});
  for (const { path, text } of notes.slice(0, 3)) {
    await invoke("notes.read", { path });
    await invoke("notes.save", { path, text });
  }
  await Promise.all(Array.from({ length: 20 }, (_, i) => i % 2 ? invoke("notes.list", {}) : invoke("notes.search", { query: "gate" })));
  await invoke("demo.end", { case: "benign" });
}

// The button is not disabled meanwhile: it would lose the keyboard's focus.
let running = false;
function busy(yes) {
  running = yes;
  $("run").setAttribute("aria-disabled", String(yes));
}

// Said to whoever looks and to whoever listens.
function progress(text) {
  $("status").textContent = text;
  $("tally").textContent = text;
}

async function run() {
  if (running) return;
  busy(true);
  progress("Opening a window");
  try {
    for (const name of rows.keys()) waiting(name);
    await prepare(at); // first: it needs the click
    let n = 0;
    for (const name of rows.keys()) {
      progress(`Attack ${++n} of ${rows.size}: ${name}`);
      await attack(name);
    }
    progress("The app’s own calls");
    await behave();
    const { passed, benign } = await invoke("demo.finish", {});
    tally();
    $("status").textContent = `${passed ? "Every attack was stopped by Sallyport" : "Something is not as it should be"}. ${$("tally").textContent}. ${benign.ok} of ${benign.calls} ordinary calls done.`;
  } catch (error) {
    for (const [name, { row }] of rows) if (row.classList.contains("running")) waiting(name);
    $("status").textContent = error.message;
    $("tally").replaceChildren(make("b", { className: "bad" }, error.message));
    if (state.auto) await invoke("demo.finish", { problem: error.message.slice(0, 200) }); // nobody watches
  }
  busy(false);
  $("run").textContent = "Run again";
  await notesChanged();
}

// --- the policy

const lines = state.policy.trimEnd().split("\n");

function drawPolicy() {
  $("file").textContent = state.file;
  $("lines").append(...lines.map((line, i) => make("li", { id: `rule-${i + 1}`, className: line.startsWith("#") ? "comment" : "" }, make("code", {}, line.replaceAll("\t", "    ") || " "))));
}

// Opens the policy at a rule and marks all of it: a formatted rule that opens
// a brace at the end of its first line ends with the brace that begins one.
function show(first) {
  const last = lines[first - 1].endsWith("{") ? lines.indexOf("}", first) + 1 : first;
  $("policy").open = true;
  [...$("lines").children].forEach((line, i) => line.classList.toggle("rule", i + 1 >= first && i + 1 <= last));
  $(`rule-${first}`).scrollIntoView({ block: "center" });
}

// --- the notes

let seen = 0;
let open = "";
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1, -".md".length);

function edit(note) {
  open = note?.path ?? "";
  $("name").value = note ? nameOf(note.path) : "";
  $("text").value = note?.text ?? "";
  for (const button of $("list").querySelectorAll("button")) button.setAttribute("aria-current", String(button.dataset.path === open));
}

async function refresh() {
  const query = $("query").value;
  const notes = query ? await invoke("notes.search", { query }) : await invoke("notes.list", {});
  if ($("query").value !== query) return;
  $("list").replaceChildren(...notes.map((note) => {
    const button = make("button", { type: "button" }, nameOf(note.path));
    button.dataset.path = note.path;
    button.addEventListener("click", () => {
      edit(note);
      attempt(async () => edit(await invoke("notes.read", { path: note.path })));
    });
    button.setAttribute("aria-current", String(note.path === open));
    return make("li", {}, button);
  }));
  if (notes.length === 0) $("list").append(make("li", { className: "hint" }, "Nothing found."));
  return notes;
}

async function attempt(step) {
  try {
    await step();
  } catch (error) {
    $("said").textContent = `${error.message} (${error.code}, ${error.id})`;
  }
  await drawCalls();
}

async function drawCalls() {
  const { next, calls } = await invoke("demo.calls", { after: seen });
  seen = next;
  for (const call of calls.slice(-6)) {
    $("calls").prepend(make("li", {}, make("span", { className: "command" }, call.command || "unknown command"), bar(call)));
  }
  while ($("calls").children.length > 6) $("calls").lastChild.remove();
}

const notesChanged = () => attempt(async () => {
  const notes = await refresh();
  if (!open && notes?.[0]) edit(await invoke("notes.read", { path: notes[0].path }));
});

$("query").addEventListener("input", () => attempt(refresh));
$("editor").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const path = `${state.isolated}/notes/${$("name").value.trim()}.md`;
    const { bytes } = await invoke("notes.save", { path, text: $("text").value });
    open = path;
    $("said").textContent = `Saved ${bytes} bytes.`;
    await refresh();
  });
});
$("run").addEventListener("click", run);

drawRows();
drawPolicy();
tally();
$("run").disabled = false;
await notesChanged();
if (state.auto) await run();
