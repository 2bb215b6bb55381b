// A cast and its lines, spoken as one recording.

import { button, byId, labelled, make, options } from "./dom.js";
import { speak } from "./speaking.js";

const form = byId("dialogue-form");
let voices = [];

const find = (element, name) => element.querySelector(`[data-name=${name}]`);
const cast = () => [...byId("cast").children];
const lines = () => [...byId("lines").children];

function addRole(name = `Speaker ${cast().length + 1}`, voice = voices[cast().length % (voices.length || 1)]) {
  const select = make("select", { dataset: { name: "voice" } });
  options(select, voices.map((each) => [each, each]), voice);
  const role = make(
    "li",
    { class: "row" },
    labelled("Name", make("input", { value: name, autocomplete: "off", dataset: { name: "role" }, on: { input: roles } })),
    labelled("Voice", select),
    button("Remove", () => (role.remove(), roles()), { class: "small", "aria-label": `Remove ${name}` }),
  );
  byId("cast").append(role);
  roles();
}

// Offers the cast in each line.
function roles() {
  const names = cast().map((role, i) => [String(i), find(role, "role").value || `Speaker ${i + 1}`]);
  for (const line of lines()) options(find(line, "who"), names);
}

function addLine({ who, text = "", speed = 1, pause = "" } = {}) {
  const select = make("select", { dataset: { name: "who" } });
  const next = who ?? (lines().length ? (Number(find(lines().at(-1), "who").value) + 1) % (cast().length || 1) : 0);
  const handle = button("⠿", () => {}, { class: "handle", "aria-label": "Move this line" });
  const line = make(
    "li",
    { class: "card line" },
    handle,
    labelled("Who", select),
    labelled("Line", make("textarea", { rows: 1, dataset: { name: "text" } })),
    labelled("Pace", make("input", { type: "number", min: 0.3, max: 3, step: 0.05, value: speed, dataset: { name: "speed" } })),
    labelled("Pause after, s", make("input", { type: "number", min: 0, step: 0.1, value: pause, placeholder: "none", dataset: { name: "pause" } })),
    button("Remove", () => line.remove(), { class: "small", "aria-label": "Remove this line" }),
  );
  find(line, "text").value = text;
  byId("lines").append(line);
  roles();
  select.value = String(next);
  movable(line, handle);
  return line;
}

function movable(line, handle) {
  handle.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp") line.previousElementSibling?.before(line);
    else if (event.key === "ArrowDown") line.nextElementSibling?.after(line);
    else return;
    event.preventDefault();
    handle.focus();
    byId("announcer").textContent = `Line ${lines().indexOf(line) + 1} of ${lines().length}`;
  });
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const move = ({ clientY }) => {
      const over = (each) => clientY > each.getBoundingClientRect().top + each.offsetHeight / 2;
      const others = lines().filter((each) => each !== line);
      const before = others.find((each) => !over(each)) ?? null;
      if (line.nextElementSibling !== before) byId("lines").insertBefore(line, before);
    };
    const end = () => {
      line.classList.remove("moved");
      removeEventListener("pointermove", move);
      handle.focus();
    };
    line.classList.add("moved");
    addEventListener("pointermove", move);
    addEventListener("pointerup", end, { once: true });
    addEventListener("pointercancel", end, { once: true });
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
    const role = cast()[Number(find(line, "who").value)];
    segments.push({
      text,
      voice: role && find(role, "voice").value,
      ...(speed && Number(speed) !== 1 ? { speed: Number(speed) } : {}),
      ...(pause ? { pause_after: Number(pause) } : {}),
    });
  }
  return { segments, quality: byId("dialogue-quality").value };
}

// Fills the form with an earlier request.
export function fill({ segments, quality }) {
  const names = [...new Set(segments.map((segment) => segment.voice))];
  byId("cast").replaceChildren();
  byId("lines").replaceChildren();
  for (const name of names) addRole(name, name);
  for (const each of segments) addLine({ who: names.indexOf(each.voice), text: each.text, speed: each.speed, pause: each.pause_after });
  if (quality) byId("dialogue-quality").value = quality;
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
byId("add-role").addEventListener("click", () => addRole());
byId("add-line").addEventListener("click", () => find(addLine(), "text").focus());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  speak(form, request());
});
