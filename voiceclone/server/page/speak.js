// The form that speaks a text.

import { byId } from "./dom.js";
import { lexicon } from "./lexicon.js";
import { Plan } from "./plan.js";
import { speak } from "./speaking.js";

const form = byId("speak-form");
const STEPS = { 7: "fast", 16: "balanced", 32: "best" };

// What the form asks for; null where there is no text yet.
function request() {
  const words = lexicon.get();
  return {
    text: byId("text").value,
    voice: byId("voice").value,
    quality: byId("quality").value,
    ...(byId("speed").value === "1" ? {} : { speed: Number(byId("speed").value) }),
    ...(Object.keys(words).length ? { lexicon: words } : {}),
    ...(byId("language").value ? { language: byId("language").value } : {}),
    ...(byId("seed").value.trim() ? { seed: byId("seed").value.trim() } : {}),
    ...(byId("timestamps").checked ? { timestamps: true } : {}),
    ...(byId("verify").checked ? { verify: { max_wer: 1, attempts: 1 } } : {}),
    ...(byId("normalize").checked ? {} : { normalize_text: false }),
    ...(byId("remove_silence").checked ? { remove_silence: true } : {}),
  };
}

export const plan = new Plan(form, byId("plan"), () => (byId("text").value.trim() && byId("voice").value ? request() : null));

function insert(text) {
  const field = byId("text");
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  plan.changed();
}

function pace() {
  const speed = Number(byId("speed").value);
  byId("pace").textContent = speed === 1 ? "as the voice" : `${speed} times`;
}

// Fills the form with an earlier request.
export function fill(recipe) {
  byId("text").value = recipe.text;
  if (recipe.voice) byId("voice").value = recipe.voice;
  byId("quality").value = recipe.quality ?? STEPS[recipe.nfe_step] ?? "best";
  byId("speed").value = recipe.speed ?? 1;
  byId("language").value = recipe.language ?? "";
  byId("seed").value = recipe.takes?.[0]?.seed ?? recipe.seed ?? "";
  byId("timestamps").checked = Boolean(recipe.timestamps);
  byId("normalize").checked = recipe.normalize_text ?? true;
  byId("remove_silence").checked = Boolean(recipe.remove_silence);
  lexicon.set(recipe.lexicon ?? {});
  pace();
  plan.changed();
}

form.addEventListener("input", () => (pace(), plan.changed()));
lexicon.onChange(() => plan.changed());
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
