// What was spoken: sound, words, chunks, and how it came about. Takes of this tab are kept here.

import { speech } from "./api.js";
import { Sound } from "./sound.js";
import { estimated } from "./times.js";

const RATE = 24000;
const KEPT = "takes";
const MOST = 30;

export class Take extends EventTarget {
  sound = new Sound(RATE);
  isWhole = false;
  isExact = false; // whether words were timed by ear
  reply = null;
  firstSoundS = null;
  takenS = null;
  spoken = []; // of each chunk the takes there are, and which is kept; made when chunks are repaired

  // `chunks`: as they are planned, with start and end.
  constructor(request, chunks) {
    super();
    this.request = request;
    this.chunks = chunks;
    this.words = estimated(chunks);
    this.made = new Date();
  }

  get text() {
    return this.request.text ?? this.request.segments.map((segment) => segment.text).join(" ");
  }

  get recipe() {
    return this.reply?.recipe ?? this.request;
  }

  async speak(signal) {
    const began = performance.now();
    const since = () => (performance.now() - began) / 1000;
    const heard = [];
    this.reply = await speech(this.request, {
      signal,
      onSound: (samples) => {
        this.firstSoundS ??= since();
        this.sound.add(samples);
        this.#tell("sound");
      },
      onWords: (words) => {
        heard.push(...words);
        const until = heard.at(-1).end;
        this.words = [...heard, ...this.words.slice(heard.length).map((w) => ({ ...w, start: Math.max(w.start, until) }))];
        this.#tell("words");
      },
    });
    this.takenS = since();
    this.chunks = this.reply.chunks;
    this.isExact = Boolean(this.reply.words?.length);
    this.words = this.isExact ? this.reply.words : estimated(this.chunks);
    this.end();
  }

  // No more sound comes, be it because it is whole or because it broke off.
  end() {
    this.isWhole = true;
    this.#tell("words");
    this.#tell("sound");
  }

  // Puts another take of a chunk into its place: nothing else is changed.
  replace(index, sound, seed, wer) {
    const chunk = this.chunks[index];
    const [before, after] = [this.chunks[index - 1], this.chunks[index + 1]];
    const from = before && before.end > chunk.start ? (before.end + chunk.start) / 2 : chunk.start;
    const to = after && chunk.end > after.start ? (chunk.end + after.start) / 2 : chunk.end;
    const other = sound.part(from - chunk.start, sound.seconds - (chunk.end - to));
    this.sound = this.sound.replaced(from, to, other);
    const longer = sound.seconds - (chunk.end - chunk.start);
    const moved = (each) => ({ ...each, start: each.start + longer, end: each.end + longer });
    const own = estimated([{ ...chunk, end: chunk.start + sound.seconds }]);
    const earlier = this.words.filter((word) => (word.start + word.end) / 2 < from);
    const later = this.words.filter((word) => (word.start + word.end) / 2 >= to);
    this.words = this.isExact
      ? [...earlier, ...own, ...later.map(moved)]
      : estimated(this.chunks.map((each, i) => (i < index ? each : i > index ? moved(each) : { ...chunk, end: chunk.start + sound.seconds })));
    this.chunks = this.chunks.map((each, i) => (i > index ? moved(each) : each));
    this.chunks[index] = { ...chunk, end: chunk.start + sound.seconds, seed, wer };
    const seeds = this.chunks.map((each) => each.seed);
    this.reply = { ...this.reply, recipe: { ...this.reply.recipe, seeds }, duration: this.sound.seconds };
    this.#tell("words");
    this.#tell("sound");
    this.#tell("replaced");
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}

class Takes extends EventTarget {
  all = [];
  current = null;

  add(take) {
    this.all.unshift(take);
    this.all.length = Math.min(this.all.length, MOST);
    this.show(take);
    this.keep();
  }

  show(take) {
    this.current = take;
    this.dispatchEvent(new Event("show"));
  }

  // Recipes outlive a reload of the tab, the sound does not.
  keep() {
    const told = this.all.map(({ request, recipe, made }) => ({ request, recipe, made }));
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(told));
    } catch {
      sessionStorage.removeItem(KEPT); // longer than a tab may keep
    }
    this.dispatchEvent(new Event("change"));
  }

  // What this tab spoke before it was loaded again.
  earlier() {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  }
}

export const takes = new Takes();
