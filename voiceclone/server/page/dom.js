// Elements of the page. Knows nothing of speech.

let count = 0;

export const byId = (id) => document.getElementById(id);

// Makes an element: `on` holds listeners, `dataset` data attributes, `text` its text; everything else are attributes.
export function make(tag, { on = {}, dataset = {}, text, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  Object.assign(element.dataset, dataset);
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  if (text != null) element.textContent = text;
  element.append(...children.filter((child) => child != null));
  return element;
}

// A control with its label above it. `extra`: what stands below, as a hint.
export function labelled(label, control, ...extra) {
  control.id ||= `c${++count}`;
  return make("div", { class: "field" }, make("label", { for: control.id, text: label }), control, ...extra);
}

export function button(text, click, attributes = {}) {
  return make("button", { type: "button", text, on: { click }, ...attributes });
}

// Offers values; what was chosen stays so.
export function options(select, values) {
  const wanted = select.value || select.dataset.wanted;
  select.replaceChildren(...values.map(([value, text]) => make("option", { value, text })));
  if (!values.some(([value]) => value === wanted)) return;
  select.value = wanted;
  delete select.dataset.wanted;
}

// Chooses a value, now or as soon as it is offered.
export function choose(select, value) {
  select.value = value;
  if (select.value !== value) select.dataset.wanted = value;
}

// Removes an element of a list that has the focus, which goes to its neighbour's button, else to another element.
export function removeFrom(list, element, otherwise) {
  const next = element.nextElementSibling ?? element.previousElementSibling;
  element.remove();
  (next && list.contains(next) ? next.querySelector("button") : otherwise).focus();
}

// Says it to people who do not see the page.
export function announce(text) {
  byId("announcer").textContent = text;
}

export function seconds(s) {
  return s < 100 ? `${s.toFixed(s < 10 ? 2 : 1)} s` : `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
}

// Offers bytes as a file.
export function download(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
