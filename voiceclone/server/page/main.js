// Puts the page together.

import { job, key } from "./api.js";
import { byId, options } from "./dom.js";
import { connection } from "./connection.js";
import "./listen.js";
import { fill as fillDialogue } from "./dialogue.js";
import "./repair.js";
import "./history.js";
import { fill as fillSpeak, plan } from "./speak.js";
import { list } from "./voices.js";

const tabs = [...document.querySelectorAll("[role=tab]")];

function open(name, focus = false) {
  for (const tab of tabs) {
    const isOpen = tab.getAttribute("aria-controls") === name;
    tab.setAttribute("aria-selected", isOpen);
    tab.tabIndex = isOpen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !isOpen;
    if (isOpen && focus) tab.focus();
  }
  history.replaceState(null, "", `#${name}`);
}

for (const [i, tab] of tabs.entries()) {
  tab.addEventListener("click", () => open(tab.getAttribute("aria-controls")));
  tab.addEventListener("keydown", ({ key: pressed }) => {
    const next = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: -1 }[pressed];
    if (next !== undefined) open(tabs.at(next % tabs.length).getAttribute("aria-controls"), true);
  });
}
if (tabs.some((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash)) open(location.hash.slice(1));

async function load() {
  try {
    await list();
    const info = await job({ action: "info" });
    byId("about").textContent = `${info.model.name} on ${info.device}${info.model.license ? `, ${info.model.license}` : ""}`;
    const names = new Intl.DisplayNames(["en"], { type: "language" });
    const languages = info.languages.map((each) => [each, names.of(each)]);
    options(byId("language"), [["", "As the model speaks"], ...languages]);
    options(byId("voice-language"), [["", "As it is heard"], ...languages]);
    plan.changed();
  } catch (error) {
    if (!("code" in error)) throw error;
    if (!connection.tells(error, load)) connection.explains(error, load);
  }
}

document.addEventListener("voices", ({ detail }) => options(byId("voice"), detail.map((name) => [name, name])));
document.addEventListener("use-voice", ({ detail }) => {
  byId("voice").value = detail;
  byId("voice").dispatchEvent(new Event("input", { bubbles: true }));
  open("speak", true);
});
document.addEventListener("load-recipe", ({ detail }) => {
  if (detail.segments) fillDialogue(detail);
  else fillSpeak(detail);
  open(detail.segments ? "dialogue" : "speak", true);
});
connection.addEventListener("ready", load);
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault()); // a file beside its place replaces no page
document.addEventListener("click", ({ target }) => byId("settings").contains(target) || (byId("settings").open = false));
document.addEventListener("keydown", ({ key: pressed }) => {
  if (pressed !== "Escape") return;
  if (byId("settings").contains(document.activeElement)) byId("settings").querySelector("summary").focus();
  byId("settings").open = false;
});
byId("key").value = key.get();
byId("key").addEventListener("change", () => {
  key.set(byId("key").value.trim());
  connection.hide();
  load();
});
load();
