// What this tab has spoken: heard again, compared, changed.

import { button, byId, make, seconds } from "./dom.js";
import { player } from "./player.js";
import { speak } from "./speaking.js";
import { takes } from "./take.js";

const list = byId("takes");
const nothing = make("li", { class: "hint", text: "Nothing yet. What you speak is listed here, with a recipe that gives it again." });
const rows = new WeakMap(); // of each take: its element, and what it was made from

// Of a take, or of what is known of one from before a reload: that has no sound.
function contents(take, element) {
  const { request, recipe, made, sound } = take;
  const text = request.text ?? request.segments.map((segment) => segment.text).join(" ");
  const voice = recipe.voice ?? [...new Set((recipe.segments ?? []).map((segment) => segment.voice))].join(", ");
  const when = new Date(made).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const about = [when, voice, sound && seconds(sound.seconds), recipe.speed && `pace ${recipe.speed}`, `seed ${recipe.takes?.[0]?.seed ?? "unknown"}`];
  return [
    make("p", { class: "clipped", dir: "auto", text }),
    make("p", { class: "hint", text: about.filter(Boolean).join(", ") }),
    make(
      "div",
      { class: "row" },
      sound ? button("Hear it", () => (takes.current === take || takes.show(take), player.play(0)), { class: "small" }) : "",
      button("Load and change", () => document.dispatchEvent(new CustomEvent("load-recipe", { detail: take.recipe })), { class: "small" }),
      button("Speak again", () => speak(element, take.recipe), { class: "small" }),
    ),
    make("details", {}, make("summary", { text: "Recipe" }), make("pre", { text: JSON.stringify(recipe, null, 2), tabindex: 0, "aria-label": "Recipe" })),
  ];
}

// The same element as long as it says the same: it may have the focus, or tell of an error.
function rowOf(take) {
  const said = rows.get(take) ?? { element: make("li", { class: "card" }) };
  const { recipe, sound } = take;
  if (said.recipe !== recipe || said.seconds !== sound?.seconds) said.element.replaceChildren(...contents(take, said.element));
  rows.set(take, Object.assign(said, { recipe, seconds: sound?.seconds }));
  if (take === takes.current) said.element.setAttribute("aria-current", "true");
  else said.element.removeAttribute("aria-current");
  return said.element;
}

function show() {
  const known = [...takes.all, ...takes.earlier].map(rowOf);
  const wanted = known.length ? known : [nothing];
  wanted.forEach((row, i) => list.children[i] === row || list.insertBefore(row, list.children[i] ?? null));
  while (list.children.length > wanted.length) list.lastElementChild.remove();
}

takes.addEventListener("change", show);
takes.addEventListener("show", show);
show();
