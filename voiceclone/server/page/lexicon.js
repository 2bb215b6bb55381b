// Words, and how they are said: rows that somebody fills in.

import { button, byId, make, removeFrom } from "./dom.js";

const list = byId("lexicon").querySelector("ul");
let changed = () => {};

function row(word = "", said = "") {
  const input = (label, value, name) => make("input", { "aria-label": label, placeholder: label, autocomplete: "off", dir: "auto", value, dataset: { name }, on: { input: () => changed() } });
  const away = button("Remove", () => {
    removeFrom(list, element, byId("add-word"));
    changed();
  }, { class: "small" });
  const element = make("li", { class: "row" }, input("Word", word, "word"), input("Said as", said, "said"), away);
  list.append(element);
  return element;
}

export const lexicon = {
  onChange: (listener) => (changed = listener),
  add(word = "") {
    byId("lexicon").open = true;
    row(word).querySelector(word ? "[data-name=said]" : "[data-name=word]").focus();
  },
  get() {
    const found = [...list.children].map((each) => [...each.querySelectorAll("input")].map((input) => input.value.trim()));
    return Object.fromEntries(found.filter(([word, said]) => word && said));
  },
  set(words) {
    list.replaceChildren();
    for (const [word, said] of Object.entries(words)) row(word, said);
    byId("lexicon").open = Object.keys(words).length > 0;
  },
};

byId("add-word").addEventListener("click", () => lexicon.add());
