// The check-up of a recording as a card: each finding, and the place that it is about where it has one.

import { button, make } from "./dom.js";

const WINDOW_S = 0.25;
const NEAR_PEAK = 0.98;
const NAMES = {
  duration: "Length",
  clipping: "Clipping",
  level: "Loudness",
  "signal to noise": "Above the noise",
  "speech rate": "Pace",
  "one voice": "One person",
  language: "Language",
  transcript: "Transcript",
};

// Of every window of the sound: [start in seconds, measure of its samples].
function measured(sound, measure) {
  const size = Math.round(WINDOW_S * sound.rate);
  const found = [];
  for (let i = 0; i + size <= sound.samples.length; i += size / 2) {
    found.push([i / sound.rate, measure(sound.samples.subarray(i, i + size))]);
  }
  return found;
}

const power = (samples) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;

// The part of the recording that a finding is about, [start, end] in seconds; null where it is about all of it.
export function place({ what, verdict }, sound) {
  if (verdict === "good" || sound.seconds < 2 * WINDOW_S) return null;
  const peak = sound.samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const clipped = (samples) => samples.reduce((sum, x) => sum + (Math.abs(x) >= NEAR_PEAK * peak), 0);
  const chosen = {
    clipping: () => measured(sound, clipped),
    "signal to noise": () => measured(sound, (samples) => -power(samples)), // where nobody speaks, only noise is heard
    level: () => measured(sound, power),
  }[what]?.();
  if (!chosen) return null;
  const [start] = chosen.reduce((best, each) => (each[1] > best[1] ? each : best));
  return [start, start + WINDOW_S];
}

// `hear(start, end)` plays a part. Returns the card, and marks for the waveform.
export function card({ verdict, findings }, sound, hear) {
  const marks = [];
  const rows = findings.map((finding) => {
    const found = sound && place(finding, sound);
    const label = found && String(marks.push({ start: found[0], end: found[1], label: String(marks.length + 1) }));
    const told = `${finding.value} ${finding.unit}`.trim();
    return make(
      "li",
      { class: "finding" },
      make("span", { class: `verdict ${finding.verdict}`, text: finding.verdict }),
      make("span", { class: "what", text: NAMES[finding.what] ?? finding.what }),
      make("span", { class: "hint", text: told }),
      finding.advice ? make("p", { text: finding.advice.replaceAll("`ref_text`", "the transcript").replaceAll("`language`", "the language") }) : null,
      found ? button(`Hear place ${label}`, () => hear(...found), { class: "small" }) : null,
    );
  });
  const heading = make("h3", { text: "Check-up: " }, make("span", { class: `verdict ${verdict}`, text: verdict }));
  return { marks, element: make("div", { class: "card" }, heading, make("ul", { class: "plain" }, ...rows)) };
}
