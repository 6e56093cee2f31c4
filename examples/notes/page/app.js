// @ts-check
/** @import { Note } from "../sallyport.ts" */

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const [list, query, editor, name, text, status] = ["list", "query", "editor", "name", "text", "status"].map($);

let folder = "";
/** @type {Note[]} */
let notes = [];
/** @type {string | null} */
let open = null; // path of the note in the editor; null for a new one
let shown = ""; // what was last loaded into it

/** @param {string} path */
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1, -".md".length);
const dirty = () => name.value + "\n" + text.value !== shown;

/** @param {string} message */
function say(message, bad = false) {
  status.textContent = message;
  status.classList.toggle("bad", bad);
}

/**
 * Runs one step of the user's; what the core refuses is said, not thrown.
 * @param {() => Promise<void>} step
 */
async function attempt(step) {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof sallyport.SallyportError)) throw error;
    say(`${error.message || "That was refused"} (${error.code}, ${error.id})`, true);
  }
}

/** @param {Note | null | undefined} note */
function edit(note) {
  open = note?.path ?? null;
  name.value = note ? nameOf(note.path) : "";
  text.value = note?.text ?? "";
  shown = name.value + "\n" + text.value;
  $("delete").hidden = !note;
  mark();
}

function mark() {
  for (const button of list.querySelectorAll("button")) {
    if (button.dataset.path === open) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function draw() {
  list.replaceChildren(...notes.map((note) => {
    const button = document.createElement("button");
    const title = document.createElement("strong");
    const first = document.createElement("span");
    button.type = "button";
    button.dataset.path = note.path;
    title.textContent = nameOf(note.path);
    first.textContent = note.text.trim().split("\n", 1)[0]?.slice(0, 80) || "Empty";
    button.append(title, first);
    button.addEventListener("click", () => leave(() => edit(note)));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  if (notes.length === 0) {
    const item = document.createElement("li");
    item.className = "empty";
    item.textContent = query.value ? "Nothing found." : "No notes yet.";
    list.append(item);
  }
  mark();
}

async function refresh() {
  const wanted = query.value;
  if (wanted) {
    const found = await sallyport.invoke("notes.search", { query: wanted });
    if (query.value !== wanted) return; // the user typed on
    notes = found;
  } else {
    ({ folder, notes } = await sallyport.invoke("notes.list", {}));
  }
  notes.sort((a, b) => b.modified.localeCompare(a.modified));
  draw();
}

// Follows what was done in any window, this one included. What the user is at
// is not taken away.
async function follow() {
  await refresh();
  const note = notes.find((n) => n.path === open);
  if (open === null || note?.text === text.value || (!note && query.value)) return;
  if (dirty()) say(note ? "Changed in another window; saving replaces it." : "Deleted in another window; saving brings it back.", true);
  else edit(note ?? notes[0]);
}

const save = () => attempt(async () => {
  const path = `${folder}/${name.value.trim()}.md`;
  if (path !== open) {
    const all = await sallyport.invoke("notes.list", {});
    if (all.notes.some((note) => note.path === path)) return say("There is a note of that name.", true);
  }
  const saved = await sallyport.invoke("notes.save", { path, text: text.value });
  if (open !== null && open !== saved.path) await sallyport.invoke("notes.delete", { path: open }); // renamed
  await refresh();
  edit(saved);
  say("Saved.");
});

/**
 * Leaves the note in the editor, saving it first if it was changed.
 * @param {() => void} then
 */
const leave = async (then) => {
  if (dirty() && name.value.trim()) await save();
  say("");
  then();
};

const startNew = () => leave(() => {
  edit(null);
  name.focus();
});

editor.addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  save();
});
$("new").addEventListener("click", startNew);
$("delete").addEventListener("click", () => attempt(async () => {
  if (open === null) return; // the button is hidden
  const gone = nameOf(open);
  await sallyport.invoke("notes.delete", { path: open });
  await refresh();
  edit(notes[0]);
  say(`Deleted ${gone}.`);
  name.focus();
}));
query.addEventListener("input", () => attempt(refresh));
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    editor.requestSubmit();
  } else if (event.altKey && event.code === "KeyN") {
    event.preventDefault();
    startNew();
  }
});

attempt(async () => {
  await sallyport.listen("notes.changed", () => attempt(follow));
  await refresh();
  edit(notes[0]);
  (notes[0] ? text : name).focus();
});
