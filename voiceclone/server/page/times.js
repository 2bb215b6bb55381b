// When words are said, and subtitles of it. Pure functions.

const LINE = 42;
// Scripts without spaces.
const WIDE = "[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\u30fc]";
const SIGNS = "[^\\p{L}\\p{N}\\s]*";
const BETWEEN = new RegExp(`\\s+|(?<=${WIDE}${SIGNS})(?=[\\p{L}\\p{N}])|(?<=[\\p{L}\\p{N}]${SIGNS})(?=${WIDE})`, "u");
const ENDS_WIDE = new RegExp(`${WIDE}${SIGNS}$`, "u");

// A text in words, as the server divides it: at spaces, and at every letter of a script without them.
export const divided = (text) => text.split(BETWEEN).filter(Boolean);

// Spreads words over the time of their chunk, by their letters.
function spread({ text, start, end }) {
  const words = divided(text);
  const weights = words.map((word) => word.length + 1 + (/[.,;:!?。，；：！？]$/.test(word) ? 3 : 0));
  const whole = weights.reduce((sum, each) => sum + each, 0);
  let at = start;
  return words.map((word, i) => {
    const from = at;
    at += ((end - start) * weights[i]) / whole;
    return { word, start: from, end: at };
  });
}

// Estimated times of the words of chunks that have a start and an end.
export const estimated = (chunks) => chunks.flatMap(spread);

// Chunks of a check, which tells only how long each is, with their places.
export function placed(check) {
  const sum = check.chunks.reduce((s, chunk) => s + chunk.duration, 0);
  const gap = check.chunks.length > 1 ? (check.predicted.duration - sum) / (check.chunks.length - 1) : 0;
  let at = 0;
  return check.chunks.map((chunk) => {
    const start = at;
    at += chunk.duration + gap;
    return { ...chunk, start, end: start + chunk.duration };
  });
}

// The index of the word that is said at a moment, -1 before the first.
export function wordAt(words, s) {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle].start <= s) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function cues(words) {
  const found = [];
  for (const { word, start, end } of words) {
    const last = found.at(-1);
    const fits = last && last.text.length + word.length < 2 * LINE && !/[.!?。！？]$/.test(last.text) && start - last.end < 1;
    const space = last && ENDS_WIDE.test(last.text) && ENDS_WIDE.test(word) ? "" : " ";
    if (fits) Object.assign(last, { text: last.text + space + word, end });
    else found.push({ text: word, start, end });
  }
  return found;
}

function clock(s, comma) {
  const ms = Math.round(1000 * s);
  const two = (n) => String(n).padStart(2, "0");
  const whole = [Math.floor(ms / 3600000), Math.floor(ms / 60000) % 60, Math.floor(ms / 1000) % 60].map(two).join(":");
  return `${whole}${comma}${String(ms % 1000).padStart(3, "0")}`;
}

export function srt(words) {
  return cues(words)
    .map(({ text, start, end }, i) => `${i + 1}\n${clock(start, ",")} --> ${clock(end, ",")}\n${text}\n`)
    .join("\n");
}

export function vtt(words) {
  const told = cues(words).map(({ text, start, end }) => `${clock(start, ".")} --> ${clock(end, ".")}\n${text}\n`);
  return ["WEBVTT\n", ...told].join("\n");
}
