// What is wrong stands at the field that it is about, with the cure.

import { byId, make } from "./dom.js";

const OURS = { input: "text", audio_sample: "recording", ref_audio: "recording" };
let count = 0;

export function clear(root) {
  for (const told of root.querySelectorAll(".error")) told.remove();
  for (const control of root.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

// Tells of an error at the fields of `root`; what belongs to none stands at its end. `focus`: move there.
export function tell(root, error, focus = true) {
  clear(root);
  const [, named, cure] = error.message?.match(/^((?:text|segments)[^ :]*): (.*)$/s) ?? [];
  const told = { field: named ?? error.param, message: cure ?? error.message };
  const details = error.details.length ? error.details : [told];
  const found = details.map(({ field, message }) => at(root, field, message));
  found[0].closest("details")?.setAttribute("open", "");
  if (focus && found[0].matches("input, select, textarea")) found[0].focus();
}

function at(root, field, message) {
  const control = found(root, OURS[field] ?? field ?? "");
  const told = make("p", { class: "error", id: `e${++count}`, role: control ? null : "alert" });
  told.textContent = control ? message : field ? `${field}: ${message}` : message;
  if (!control) {
    root.append(told);
    return told;
  }
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", told.id);
  (control.closest(".field") ?? control).append(told);
  byId("announcer").textContent = message;
  return control;
}

// The control of a field, or of what it is a part of: of `segments[1].text`, `segments[1]`.
function found(root, field) {
  for (let name = field; name; name = name.replace(/(\.[^.[]*|\[[^[]*|^[^.[]*)$/, "")) {
    const control = root.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (control) return control;
  }
  return null;
}
