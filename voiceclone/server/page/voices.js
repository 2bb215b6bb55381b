// Voices: recorded or dropped, trimmed, checked up, kept; listed, heard, renamed, deleted.

import { addVoice, deleteVoice, job, voices } from "./api.js";
import { announce, button, byId, make, seconds } from "./dom.js";
import { card } from "./checkup.js";
import { clear, tell } from "./fields.js";
import { connection } from "./connection.js";
import { decoded } from "./sound.js";
import { player } from "./player.js";
import { Recorder } from "./recorder.js";
import { Waveform } from "./waveform.js";

const form = byId("voice-form");
const SAMPLE = "Good morning. This is how I sound.";
const recorder = new Recorder();
const wave = new Waveform(byId("recording-wave"), { onPlace: (s) => hear(s, wave.chosen[1]), onChoose: trim });
let file = null; // one that the browser cannot decode: sent as it is
let keptName = null; // in this tab, of the recording that is shown
let isStarting = false; // the browser asks for the microphone
const recordings = new Map(); // of voices that were kept in this tab: they can be heard and renamed

function hear(from, to) {
  player.hear(wave.sound, from, to);
}

function trim(from, to) {
  const end = wave.sound.seconds;
  wave.chosen = [Math.max(0, Math.min(from, end - 0.1)), Math.min(end, Math.max(to, from + 0.1))];
  for (const [id, value] of [["from", wave.chosen[0]], ["to", wave.chosen[1]]]) {
    byId(id).max = end;
    byId(id).value = value;
    byId(`${id}-told`).textContent = seconds(value);
  }
  wave.draw(true);
}

// What was told of another recording is no longer so.
function reset() {
  file = null;
  keptName = null;
  wave.marks = [];
  byId("check-up").replaceChildren();
  byId("voice-told").textContent = "";
}

function show(sound) {
  reset();
  byId("recording").hidden = false;
  wave.show(sound);
  trim(0, sound.seconds);
  byId("recorded").textContent = `${seconds(sound.seconds)} recorded`;
}

function stopped() {
  byId("record").textContent = "Record again";
  byId("record").classList.remove("live");
  announce("Recording ended");
  return recorder.stop();
}

async function record() {
  if (recorder.isRecording) return show(stopped());
  if (isStarting) return;
  isStarting = true;
  clear(form);
  try {
    await recorder.start(() => {
      wave.sound = recorder.sound;
      requestAnimationFrame(() => wave.draw());
      byId("recorded").textContent = `recording: ${recorder.sound.seconds.toFixed(1)} s`;
    });
  } catch (error) {
    tell(form, { details: [{ field: "recording", message: error.message }] });
    return;
  } finally {
    isStarting = false;
  }
  wave.chosen = null;
  wave.marks = [];
  byId("recording").hidden = false;
  byId("record").textContent = "Stop";
  byId("record").classList.add("live");
  announce("Recording");
}

async function take(chosen) {
  if (!chosen) return;
  clear(form);
  if (recorder.isRecording) stopped();
  const sound = await decoded(chosen).catch(() => null);
  if (sound) {
    show(sound);
    byId("recorded").textContent = `${chosen.name}, ${seconds(sound.seconds)}`;
  } else {
    reset();
    file = chosen;
    byId("recording").hidden = true;
    byId("recorded").textContent = `${chosen.name}: this browser cannot show it, the server may well read it`;
  }
  announce(byId("recorded").textContent);
}

async function keep(event) {
  event.preventDefault();
  if (byId("keep-voice").ariaDisabled === "true") return;
  clear(form);
  const name = byId("name").value.trim();
  const sound = file ? null : wave.sound?.part(...(wave.chosen ?? [0, 0]));
  if (!file && !sound?.seconds) {
    tell(form, { details: [{ field: "recording", message: "is missing: record something, or drop a file" }] });
    return;
  }
  const [ref_text, consent, language] = ["ref-text", "consent", "voice-language"].map((id) => byId(id).value.trim());
  const fields = { name, ref_text, consent, language };
  if (byId("overwrite").checked || name === keptName) fields.overwrite = "true";
  byId("keep-voice").ariaDisabled = "true"; // it keeps the focus
  byId("voice-told").textContent = "The recording is listened to …";
  try {
    const reply = await addVoice(file ?? sound.wav(), fields);
    keptName = name;
    if (sound) recordings.set(name, { sound, fields: { ...fields, ref_text: reply.ref_text } });
    const wasHeard = !fields.ref_text;
    byId("ref-text").value = reply.ref_text;
    byId("voice-told").textContent = `${name} is kept.${wasHeard ? " Read what was heard: correct it and keep it again." : ""}`;
    announce(byId("voice-told").textContent);
    showCheckUp(reply.check_up);
    await list();
  } catch (error) {
    byId("voice-told").textContent = "";
    if (!("code" in error)) throw error;
    if (!connection.tells(error, () => form.requestSubmit())) tell(form, error);
  } finally {
    byId("keep-voice").ariaDisabled = "false";
  }
}

function showCheckUp(found) {
  const [from, to] = wave.chosen ?? [0, 0];
  const shown = card(found, file ? null : wave.sound.part(from, to), (start, end) => hear(from + start, from + end));
  wave.marks = shown.marks.map(({ start, end, label }) => ({ start: from + start, end: from + end, label }));
  wave.draw(true);
  byId("check-up").replaceChildren(shown.element);
}

async function listen(name) {
  if (recordings.has(name)) return player.hear(recordings.get(name).sound);
  const reply = await job({ text: SAMPLE, voice: name, quality: "fast", format: "wav", delivery: "base64", seed: 1 });
  const bytes = Uint8Array.from(atob(reply.audio_base64), (c) => c.charCodeAt(0));
  await player.hear(await decoded(new Blob([bytes])));
}

async function rename(name) {
  const wanted = prompt(`A new name for ${name}`, name)?.trim();
  if (!wanted || wanted === name) return;
  const { sound, fields } = recordings.get(name);
  await addVoice(sound.wav(), { ...fields, name: wanted, overwrite: "" });
  await deleteVoice(name);
  recordings.set(wanted, { sound, fields: { ...fields, name: wanted } });
  recordings.delete(name);
  if (keptName === name) keptName = byId("name").value = wanted;
  await list();
  announce(`${name} is ${wanted} now`);
  byId("voice-list").querySelector(`[aria-label="${CSS.escape(`Rename ${wanted}`)}"]`)?.focus();
}

async function remove(name) {
  if (!confirm(`Delete the voice ${name}? Nobody can speak with it any more.`)) return;
  await deleteVoice(name);
  recordings.delete(name);
  await list();
  announce(`${name} is deleted`);
  byId("voice-list").querySelector("button")?.focus();
}

// Does it to a voice; what goes wrong is told beside it.
const doing = (action, name) => async (event) => {
  const item = event.target.closest("li");
  clear(item);
  try {
    await action(name);
  } catch (error) {
    if (!("code" in error)) throw error;
    if (!connection.tells(error)) tell(item, { ...error, message: error.message, param: null, details: [] });
  }
};

function about(voice) {
  if (voice.built_in) return "built in";
  if (voice.means) return `means ${voice.means}`;
  const agreed = voice.consent?.text;
  return [voice.verdict, voice.language, voice.duration && seconds(voice.duration), agreed && `agreed: ${agreed}`].filter(Boolean).join(", ");
}

function item(voice) {
  const { name } = voice;
  const use = () => document.dispatchEvent(new CustomEvent("use-voice", { detail: name }));
  const isOwn = !voice.built_in && !voice.means;
  return make(
    "li",
    { class: "card voice" },
    make("div", { class: "row" }, make("strong", { text: name }), make("span", { class: "hint", text: about(voice) })),
    voice.ref_text ? make("p", { class: "hint", dir: "auto", text: `“${voice.ref_text}”` }) : null,
    make(
      "div",
      { class: "row" },
      button("Listen", doing(listen, name), { class: "small", "aria-label": `Listen to ${name}` }),
      button("Speak with it", use, { class: "small", "aria-label": `Speak with ${name}` }),
      isOwn && recordings.has(name) ? button("Rename", doing(rename, name), { class: "small", "aria-label": `Rename ${name}` }) : null,
      isOwn ? button("Delete", doing(remove, name), { class: "small", "aria-label": `Delete ${name}` }) : null,
    ),
  );
}

// Asks for the voices, shows them, and tells everybody who offers them.
export async function list() {
  const found = await voices();
  const own = found.filter((voice) => !voice.built_in && !voice.means);
  const sorted = [...own, ...found.filter((voice) => !own.includes(voice))];
  byId("voice-list").replaceChildren(...sorted.map(item));
  document.dispatchEvent(new CustomEvent("voices", { detail: sorted.map(({ name }) => name) }));
}

byId("record").addEventListener("click", record);
byId("file").addEventListener("change", async () => {
  await take(byId("file").files[0]);
  byId("file").value = ""; // the same one may be chosen again
});
byId("drop").addEventListener("dragover", () => byId("drop").classList.add("over"));
for (const kind of ["dragleave", "drop"]) byId("drop").addEventListener(kind, () => byId("drop").classList.remove("over"));
byId("drop").addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
byId("from").addEventListener("input", () => trim(Number(byId("from").value), wave.chosen[1]));
byId("to").addEventListener("input", () => trim(wave.chosen[0], Number(byId("to").value)));
byId("hear-recording").addEventListener("click", () => (player.isHearing ? player.pause() : hear(...wave.chosen)));
player.addEventListener("change", () => (byId("hear-recording").textContent = player.isHearing ? "Stop the sound" : "Hear what is kept"));
form.addEventListener("submit", keep);
