// What was said: played, shown word by word, measured, given away as files and as code.

import { address, key } from "./api.js";
import { announce, byId, download, make, options, seconds } from "./dom.js";
import { FORMS } from "./code.js";
import { player } from "./player.js";
import { store, stored } from "./storage.js";
import { takes } from "./take.js";
import { srt, vtt, wordAt } from "./times.js";
import { Waveform } from "./waveform.js";

const wave = new Waveform(byId("wave"), { onPlace: (s) => player.seek(s) });
let lit = -1;

function take() {
  return takes.current;
}

// Words that are there stay: they come again with each chunk of a long text, with better times.
function showWords() {
  const [shown, { words }] = [byId("words"), take()];
  const more = words.slice(shown.children.length).map(() => make("button", { type: "button", class: "word", tabindex: -1 }));
  shown.append(...more);
  while (shown.children.length > words.length) shown.lastElementChild.remove();
  [...shown.children].forEach((each, i) => {
    if (each.textContent !== words[i].word) each.textContent = words[i].word;
  });
  if (words.length && !shown.querySelector("[tabindex='0']")) shown.firstElementChild.tabIndex = 0;
}

function figure(name, value) {
  return value == null || value === false ? [] : [make("div", {}, make("dt", { text: name }), make("dd", { text: value }))];
}

function showFigures() {
  const { sound, takenS, firstSoundS, reply, isWhole } = take();
  const price = Number(byId("price").value.replace(",", "."));
  const length = sound.seconds;
  const made = isWhole && takenS;
  byId("figures").replaceChildren(
    ...figure("Length", seconds(length)),
    ...figure("First sound after", firstSoundS && seconds(firstSoundS)),
    ...figure("Made in", made && seconds(takenS)),
    ...figure("Real-time factor", made && (takenS / length).toPrecision(2)),
    ...figure("Cost", made && price > 0 ? (price * takenS).toPrecision(2) : null),
    ...figure("Seed", reply?.seed),
  );
  const warnings = isWhole && !reply ? ["It ended before everything was said."] : (reply?.warnings ?? []);
  byId("warnings").replaceChildren(...warnings.map((text) => make("li", { class: "notice", text })));
}

function showCode() {
  byId("code").textContent = FORMS[byId("form").value](take().request, address(""), Boolean(key.get()));
}

function show() {
  byId("nothing").hidden = true;
  byId("heard").hidden = false;
  wave.show(take().sound);
  byId("place").max = take().sound.seconds;
  showWords();
  showFigures();
  showCode();
  tick();
}

function tick() {
  if (!take()) return;
  const s = player.position;
  const { sound, words } = take();
  byId("play").textContent = player.isPlaying ? "Pause" : "Play";
  const place = `${s.toFixed(1)} of ${sound.seconds.toFixed(1)}`;
  if (!byId("clock").textContent.startsWith(place)) byId("clock").textContent = `${place} s`;
  if (document.activeElement !== byId("place") || player.isPlaying) byId("place").value = s;
  byId("place").setAttribute("aria-valuetext", `${place} seconds`);
  const now = player.isPlaying ? wordAt(words, s) : -1;
  if (now !== lit) {
    byId("words").children[lit]?.removeAttribute("aria-current");
    byId("words").children[now]?.setAttribute("aria-current", "true");
    lit = now;
  }
  wave.position = s;
  wave.draw();
  if (player.isPlaying) requestAnimationFrame(tick);
}

function watch({ target }) {
  target.addEventListener("sound", () => {
    if (target !== take()) return;
    wave.sound = target.sound;
    byId("place").max = target.sound.seconds;
    wave.draw();
    showFigures();
  });
  target.addEventListener("words", () => target === take() && showWords());
}

const watched = new WeakSet();
takes.addEventListener("show", () => {
  player.load(take());
  if (!watched.has(take())) watch({ target: take() });
  watched.add(take());
  show();
});
player.addEventListener("change", () => requestAnimationFrame(tick));
player.addEventListener("silent", () => {
  byId("clock").textContent = "This browser finds no sound device: download the sound, or reload once there is one.";
  announce(byId("clock").textContent);
});
byId("play").addEventListener("click", () => (player.isPlaying ? player.pause() : player.play()));
byId("place").addEventListener("input", () => player.seek(Number(byId("place").value)));
byId("words").addEventListener("click", ({ target }) => {
  const at = [...byId("words").children].indexOf(target);
  if (at >= 0) player.play(take().words[at].start);
});
byId("words").addEventListener("keydown", (event) => {
  const onward = getComputedStyle(byId("words")).direction === "rtl" ? -1 : 1;
  const step = { ArrowRight: onward, ArrowLeft: -onward, ArrowDown: 5, ArrowUp: -5 }[event.key];
  if (!step) return;
  event.preventDefault();
  const words = [...byId("words").children];
  const next = words[Math.max(0, Math.min(words.length - 1, words.indexOf(document.activeElement) + step))];
  byId("words").querySelector("[tabindex='0']").tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
byId("get-wav").addEventListener("click", () => download("speech.wav", [take().sound.wav()], "audio/wav"));
byId("get-srt").addEventListener("click", () => download("speech.srt", [srt(take().words)], "application/x-subrip"));
byId("get-vtt").addEventListener("click", () => download("speech.vtt", [vtt(take().words)], "text/vtt"));
byId("price").value = stored("price") ?? "";
byId("price").addEventListener("input", () => {
  store("price", byId("price").value);
  if (take()) showFigures();
});
options(byId("form"), Object.keys(FORMS).map((name) => [name, name === "job" ? "job (for a queue)" : name]));
byId("form").addEventListener("change", showCode);
byId("copy").addEventListener("click", async () => {
  showCode();
  let told = "Copied";
  try {
    await navigator.clipboard.writeText(byId("code").textContent);
  } catch {
    getSelection().selectAllChildren(byId("code")); // the clipboard is not for pages without https
    told = "Chosen: Ctrl+C copies it";
  }
  announce(told);
  byId("copy").textContent = told;
  setTimeout(() => (byId("copy").textContent = "Copy"), 3000);
});
