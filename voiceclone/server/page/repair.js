// Chunks of a take, each spoken again until it is good. Nothing else is spoken anew.

import { job } from "./api.js";
import { button, byId, make, seconds } from "./dom.js";
import { tell } from "./fields.js";
import { connection } from "./connection.js";
import { decoded } from "./sound.js";
import { player } from "./player.js";
import { speak } from "./speaking.js";
import { takes } from "./take.js";
import { divided } from "./times.js";

const LISTENED = { max_wer: 1, attempts: 1 };
const SEEDS = 2 ** 32;

function score(wer, text) {
  if (wer == null) return make("span", { class: "hint", text: "not listened to" });
  const words = divided(text).length;
  const wrong = Math.min(words, Math.max(1, Math.round(wer * words)));
  const [kind, told] = wer === 0 ? ["good", "heard as written"] : [wer <= 0.15 ? "fair" : "poor", `${wrong} of ${words} words heard otherwise`];
  return make("span", { class: `verdict ${kind}`, text: told });
}

// The pace of a chunk: its line's in a dialogue, which is the one that shares most words with it.
function speedOf(request, { text, voice }) {
  if (!request.segments) return request.speed;
  const words = new Set(text.toLowerCase().split(/\W+/));
  const shared = (segment) => segment.text.toLowerCase().split(/\W+/).filter((word) => words.has(word)).length;
  const own = request.segments.filter((segment) => !voice || segment.voice === voice);
  return own.reduce((best, each) => (!best || shared(each) > shared(best) ? each : best), null)?.speed ?? request.speed;
}

async function again(take, index) {
  const chunk = take.chunks[index];
  const { nfe_step, language, remove_silence } = take.recipe;
  const speed = speedOf(take.request, chunk);
  const reply = await job({
    text: chunk.text.replace(/[[\]<*_#`\\]/g, "\\$&"), // it is said as it stands
    normalize_text: false,
    voice: chunk.voice ?? take.reply.voice.name,
    seed: Math.floor(Math.random() * SEEDS),
    nfe_step,
    ...(speed ? { speed } : {}),
    ...(language ? { language } : {}),
    ...(remove_silence ? { remove_silence } : {}),
    ...(chunk.wer == null ? {} : { verify: LISTENED }),
    format: "wav",
    delivery: "base64",
  });
  const bytes = Uint8Array.from(atob(reply.audio_base64), (c) => c.charCodeAt(0));
  return { sound: await decoded(new Blob([bytes])), seed: reply.chunks[0].seed, wer: reply.chunks[0].wer };
}

// The takes of a chunk, the first of which is the one that was there.
function spokenOf(take, index) {
  const { start, end, seed, wer } = take.chunks[index];
  return (take.spoken[index] ??= { all: [{ sound: take.sound.part(start, end), seed, wer }], kept: 0 });
}

function choices(take, index) {
  const spoken = take.spoken[index];
  if (!spoken || spoken.all.length < 2) return null;
  const rows = spoken.all.map(({ sound, seed, wer }, i) => {
    const keep = () => {
      spoken.kept = i;
      take.choose(index, i ? spoken.all[i] : null);
      takes.keep();
      byId("chunks").querySelector(`[name=take-${index}]:checked`)?.focus();
    };
    const radio = make("input", { type: "radio", name: `take-${index}`, id: `take-${index}-${i}`, checked: i === spoken.kept, on: { change: keep } });
    const hear = button("Hear it", () => player.hear(sound), { class: "small", "aria-label": `Hear take ${i + 1} of chunk ${index + 1}` });
    const label = make("label", { for: radio.id, text: `Take ${i + 1}` });
    return make("li", { class: "row" }, radio, label, hear, make("span", { class: "hint", text: `${seconds(sound.seconds)}, seed ${seed}` }), score(wer, take.chunks[index].text));
  });
  return make("fieldset", {}, make("legend", { text: "Which to keep" }), make("ul", { class: "plain" }, ...rows));
}

function row(take, chunk, index) {
  const { text, voice, wer, start, end } = chunk;
  const isSpeaking = take.speaking.has(index);
  const anew = async () => {
    if (isSpeaking) return;
    take.speaking.add(index);
    show();
    regain(speaksAgain(index));
    try {
      const made = await again(take, index);
      spokenOf(take, index).all.push(made);
      finish(take, index);
      if (takes.current !== take) return; // somebody looks at another one by now
      regain(`[name=take-${index}]:checked`);
      await player.hear(made.sound);
    } catch (error) {
      finish(take, index);
      if (!("code" in error)) throw error;
      if (connection.tells(error) || takes.current !== take) return;
      regain(speaksAgain(index));
      tell(byId("chunks").children[index], { message: error.message, param: null, details: [] });
    }
  };
  const element = make(
    "li",
    { class: "card" },
    make("p", {}, make("span", { class: "hint", text: `${index + 1} ` }), make("bdi", { text })),
    make(
      "div",
      { class: "row" },
      button("Play", () => player.play(start, end), { class: "small", "aria-label": `Play chunk ${index + 1}` }),
      button(isSpeaking ? "Speaking …" : "Speak again", anew, { class: "small", "aria-disabled": isSpeaking ? "true" : null, "aria-label": `Speak chunk ${index + 1} again` }),
      voice ? make("span", { class: "hint", text: voice }) : null,
      score(wer, text),
    ),
    choices(take, index),
  );
  return element;
}

// Gives the focus back that was lost with what stood there before.
function regain(selector) {
  if (document.activeElement === document.body) byId("chunks").querySelector(selector).focus();
}

const speaksAgain = (index) => `[aria-label="Speak chunk ${index + 1} again"]`;

function finish(take, index) {
  take.speaking.delete(index);
  show();
}

function show() {
  const take = takes.current;
  if (!take?.reply) {
    const stopped = "It ended before it was whole: speak it again to mend it.";
    const text = !take ? "Speak something first." : take.isWhole ? stopped : "Still being spoken.";
    byId("repair-whole").replaceChildren();
    byId("chunks").replaceChildren(make("li", { class: "hint", text }));
    return;
  }
  const isScored = take.chunks.some(({ wer }) => wer != null);
  const whole = (more) => speak(byId("repair"), { ...take.recipe, ...more });
  byId("repair-whole").replaceChildren(
    isScored ? "" : button("Speak it again, and score each chunk", () => whole({ verify: LISTENED }), { class: "small" }),
    take.spoken.length ? button("Speak the whole with the kept seeds", () => whole({}), { class: "small" }) : "",
  );
  byId("chunks").replaceChildren(...take.chunks.map((chunk, index) => row(take, chunk, index)));
}

takes.addEventListener("show", show);
takes.addEventListener("change", show);
show();
