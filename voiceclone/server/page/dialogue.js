// A cast and its lines, spoken as one recording.

import { announce, button, byId, choose, labelled, make, options, removeFrom } from "./dom.js";
import { speak } from "./speaking.js";
import { store, stored } from "./storage.js";
import { qualityOf } from "./take.js";

const form = byId("dialogue-form");
const DRAFT = "dialogue";
let voices = [];
let count = 0;

const find = (element, name) => element.querySelector(`[data-name=${name}]`);
const cast = () => [...byId("cast").children];
const lines = () => [...byId("lines").children];

function addRole({ name = `Speaker ${cast().length + 1}`, voice = voices[cast().length % (voices.length || 1)] } = {}) {
  const select = make("select", { dataset: { name: "voice" } });
  options(select, voices.map((each) => [each, each]));
  choose(select, voice ?? "");
  const remove = () => {
    removeFrom(byId("cast"), role, byId("add-role"));
    roles();
  };
  const role = make(
    "li",
    { class: "row", dataset: { id: `role-${++count}` } },
    labelled("Name", make("input", { value: name, autocomplete: "off", dir: "auto", dataset: { name: "role" }, on: { input: roles } })),
    labelled("Voice", select),
    button("Remove", remove, { class: "small" }),
  );
  byId("cast").append(role);
  roles();
}

// Offers the cast in each line.
function roles() {
  const names = cast().map((role, i) => [role.dataset.id, find(role, "role").value || `Speaker ${i + 1}`]);
  for (const line of lines()) options(find(line, "who"), names);
  cast().forEach((role, i) => role.querySelector("button").setAttribute("aria-label", `Remove ${names[i][1]}`));
  keep();
}

// `who`: of the cast, by its place there.
function addLine({ who = nextOfCast(), text = "", speed = 1, pause = "" } = {}) {
  const select = make("select", { dataset: { name: "who" } });
  const handle = button("⠿", () => {}, { class: "handle", "aria-label": "Move this line" });
  const remove = () => {
    removeFrom(byId("lines"), line, byId("add-line"));
    keep();
  };
  const line = make(
    "li",
    { class: "card line" },
    handle,
    labelled("Who", select),
    labelled("Line", make("textarea", { rows: 1, dir: "auto", dataset: { name: "text" } })),
    labelled("Pace", make("input", { type: "number", min: 0.3, max: 3, step: 0.05, value: speed, dataset: { name: "speed" } })),
    labelled("Pause after, s", make("input", { type: "number", min: 0, step: 0.1, value: pause, placeholder: "none", dataset: { name: "pause" } })),
    button("Remove", remove, { class: "small", "aria-label": "Remove this line" }),
  );
  find(line, "text").value = text;
  byId("lines").append(line);
  roles();
  select.value = cast()[who]?.dataset.id ?? "";
  movable(line, handle);
  return line;
}

const whose = (line) => cast().findIndex((role) => role.dataset.id === find(line, "who").value);

// They take turns.
function nextOfCast() {
  return lines().length ? (whose(lines().at(-1)) + 1) % (cast().length || 1) : 0;
}

function movable(line, handle) {
  handle.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp") line.previousElementSibling?.before(line);
    else if (event.key === "ArrowDown") line.nextElementSibling?.after(line);
    else return;
    event.preventDefault();
    handle.focus();
    announce(`Line ${lines().indexOf(line) + 1} of ${lines().length}`);
    keep();
  });
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const moving = new AbortController();
    const move = ({ clientY }) => {
      const over = (each) => clientY > each.getBoundingClientRect().top + each.offsetHeight / 2;
      const others = lines().filter((each) => each !== line);
      const before = others.find((each) => !over(each)) ?? null;
      if (line.nextElementSibling !== before) byId("lines").insertBefore(line, before);
    };
    const end = () => {
      line.classList.remove("moved");
      moving.abort();
      handle.focus();
      keep();
    };
    line.classList.add("moved");
    for (const [kind, listener] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) {
      addEventListener(kind, listener, { signal: moving.signal });
    }
  });
}

// What is asked for; each control is told which part of it is its own.
function request() {
  const segments = [];
  for (const line of lines()) {
    const [text, speed, pause] = ["text", "speed", "pause"].map((name) => find(line, name).value.trim());
    const own = `segments[${segments.length}]`;
    const fields = { text: "text", who: "voice", speed: "speed", pause: "pause_after" };
    for (const [name, field] of Object.entries(fields)) find(line, name).dataset.field = text ? `${own}.${field}` : "";
    if (!text) continue;
    const role = cast()[whose(line)];
    segments.push({
      text,
      voice: role && find(role, "voice").value,
      ...(speed && Number(speed) !== 1 ? { speed: Number(speed) } : {}),
      ...(pause ? { pause_after: Number(pause) } : {}),
    });
  }
  return { segments, quality: byId("dialogue-quality").value };
}

// What stands in the form, as `write` takes it.
function written() {
  return {
    cast: cast().map((role) => ({ name: find(role, "role").value, voice: find(role, "voice").value || find(role, "voice").dataset.wanted })),
    lines: lines().map((line) => {
      const [text, speed, pause] = ["text", "speed", "pause"].map((name) => find(line, name).value);
      return { who: whose(line), text, speed, pause };
    }),
    quality: byId("dialogue-quality").value,
  };
}

function write(draft) {
  byId("cast").replaceChildren();
  byId("lines").replaceChildren();
  draft.cast.forEach(addRole);
  draft.lines.forEach(addLine);
  byId("dialogue-quality").value = draft.quality;
  keep();
}

// A reload of the tab loses nothing.
const keep = () => store(DRAFT, written());

// Fills the form with an earlier request.
export function fill(recipe) {
  const names = [...new Set(recipe.segments.map((segment) => segment.voice ?? recipe.voice))];
  write({
    cast: names.map((name) => ({ name, voice: name })),
    lines: recipe.segments.map(({ voice = recipe.voice, text, speed, pause_after }) => ({ who: names.indexOf(voice), text, speed, pause: pause_after })),
    quality: qualityOf(recipe),
  });
}

document.addEventListener("voices", ({ detail }) => {
  voices = detail;
  for (const role of cast()) options(find(role, "voice"), voices.map((each) => [each, each]));
  if (cast().length) return;
  addRole();
  addRole();
  addLine();
  addLine();
});
form.addEventListener("input", keep);
byId("add-role").addEventListener("click", () => addRole());
byId("add-line").addEventListener("click", () => find(addLine(), "text").focus());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  speak(form, request());
});
if (stored(DRAFT)?.cast?.length) write(stored(DRAFT));
