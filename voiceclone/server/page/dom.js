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

export function options(select, values, chosen) {
  const wanted = chosen ?? select.value;
  select.replaceChildren(...values.map(([value, text]) => make("option", { value, text })));
  if (values.some(([value]) => value === wanted)) select.value = wanted;
}

// Says it to people who do not see the page.
export function announce(text) {
  byId("announcer").textContent = text;
}

export const seconds = (s) => `${s.toFixed(s < 10 ? 2 : 1)} s`;

// Offers bytes as a file.
export function download(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
