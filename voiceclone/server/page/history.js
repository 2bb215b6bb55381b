// What this tab has spoken: heard again, compared, changed.

import { button, byId, make, seconds } from "./dom.js";
import { player } from "./player.js";
import { speak } from "./speaking.js";
import { takes } from "./take.js";

function row({ request, recipe, made, take }) {
  const text = request.text ?? request.segments.map((segment) => segment.text).join(" ");
  const voice = recipe.voice ?? [...new Set((recipe.segments ?? []).map((segment) => segment.voice))].join(", ");
  const when = new Date(made).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const about = [when, voice, take && seconds(take.sound.seconds), recipe.speed && `pace ${recipe.speed}`, `seed ${recipe.takes?.[0]?.seed ?? "unknown"}`];
  const item = make(
    "li",
    { class: "card" },
    make("p", { class: "clipped", text }),
    make("p", { class: "hint", text: about.filter(Boolean).join(", ") }),
    make(
      "div",
      { class: "row" },
      take ? button("Hear it", () => (takes.current === take || takes.show(take), player.play(0)), { class: "small" }) : null,
      button("Load and change", () => document.dispatchEvent(new CustomEvent("load-recipe", { detail: recipe })), { class: "small" }),
      button("Speak again", () => speak(item, recipe), { class: "small" }),
    ),
    make("details", {}, make("summary", { text: "Recipe" }), make("pre", { text: JSON.stringify(recipe, null, 2), tabindex: 0, "aria-label": "Recipe" })),
  );
  if (take && take === takes.current) item.setAttribute("aria-current", "true");
  return item;
}

function show() {
  const known = [...takes.all.map((take) => ({ request: take.request, recipe: take.recipe, made: take.made, take })), ...takes.earlier];
  byId("takes").replaceChildren(
    ...(known.length ? known.map(row) : [make("li", { class: "hint", text: "Nothing yet. What you speak is listed here, with a recipe that gives it again." })]),
  );
}

takes.addEventListener("change", show);
takes.addEventListener("show", show);
show();
