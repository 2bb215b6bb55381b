// The form that speaks a text.

import { byId, choose } from "./dom.js";
import { lexicon } from "./lexicon.js";
import { Plan } from "./plan.js";
import { speak } from "./speaking.js";
import { store, stored } from "./storage.js";
import { qualityOf } from "./take.js";

const form = byId("speak-form");
const DRAFT = "text";

// What the form asks for; null where there is no text yet.
function request() {
  const words = lexicon.get();
  const seed = byId("seed").value.trim();
  return {
    text: byId("text").value,
    voice: byId("voice").value,
    quality: byId("quality").value,
    ...(byId("speed").value === "1" ? {} : { speed: Number(byId("speed").value) }),
    ...(Object.keys(words).length ? { lexicon: words } : {}),
    ...(byId("language").value ? { language: byId("language").value } : {}),
    ...(seed ? { seed: /^\d{1,15}$/.test(seed) ? Number(seed) : seed } : {}),
    ...(byId("timestamps").checked ? { timestamps: true } : {}),
    ...(byId("verify").checked ? { verify: { max_wer: 1, attempts: 1 } } : {}),
    ...(byId("normalize").checked ? {} : { normalize_text: false }),
    ...(byId("remove_silence").checked ? { remove_silence: true } : {}),
  };
}

export const plan = new Plan(form, byId("plan"), () => (byId("text").value.trim() && byId("voice").value ? request() : null));

function changed() {
  store(DRAFT, request());
  plan.changed();
}

function insert(text) {
  const field = byId("text");
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  changed();
}

function pace() {
  const speed = Number(byId("speed").value);
  byId("pace").textContent = speed === 1 ? "as the voice" : `${speed} times`;
}

function show(recipe) {
  byId("text").value = recipe.text;
  if (recipe.voice) choose(byId("voice"), recipe.voice);
  byId("quality").value = qualityOf(recipe);
  byId("speed").value = recipe.speed ?? 1;
  choose(byId("language"), recipe.language ?? "");
  byId("seed").value = recipe.takes?.[0]?.seed ?? recipe.seed ?? "";
  byId("timestamps").checked = Boolean(recipe.timestamps);
  byId("verify").checked = Boolean(recipe.verify);
  byId("normalize").checked = recipe.normalize_text ?? true;
  byId("remove_silence").checked = Boolean(recipe.remove_silence);
  lexicon.set(recipe.lexicon ?? {});
  pace();
}

// Fills the form with an earlier request.
export function fill(recipe) {
  show(recipe);
  changed();
}

form.addEventListener("input", () => (pace(), changed()));
lexicon.onChange(changed);
for (const each of form.querySelectorAll("[data-pause]")) {
  each.addEventListener("click", () => insert(` [pause:${each.dataset.pause}] `));
}
byId("otherwise").addEventListener("click", () => {
  const { value, selectionStart, selectionEnd } = byId("text");
  const chosen = value.slice(selectionStart, selectionEnd) || (value.slice(0, selectionStart).match(/[\p{L}\p{N}'-]*$/u)[0] + value.slice(selectionStart).match(/^[\p{L}\p{N}'-]*/u)[0]);
  lexicon.add(chosen.trim());
});
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  speak(form, request());
});
if (stored(DRAFT)) show(stored(DRAFT));
