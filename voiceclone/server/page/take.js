// What was spoken: sound, words, chunks, and how it came about. Takes of this tab are kept here.

import { speech } from "./api.js";
import { Sound } from "./sound.js";
import { store, stored } from "./storage.js";
import { estimated } from "./times.js";

const RATE = 24000;
const KEPT = "takes";
const MOST = 30;

const STEPS = { 7: "fast", 16: "balanced", 32: "best" };

// A recipe tells the steps, a request the quality.
export const qualityOf = ({ quality, nfe_step }) => quality ?? STEPS[nfe_step] ?? "best";

export class Take extends EventTarget {
  sound = new Sound(RATE);
  isWhole = false;
  isExact = false; // whether words were timed by ear
  reply = null;
  firstSoundS = null;
  takenS = null;
  speaking = new Set(); // indices of chunks that are being spoken again
  spoken = []; // of each chunk the takes there are, and which is kept; made when chunks are repaired
  #first = null; // as it came
  #chosen = []; // of each chunk the take that stands in its place

  chunks = []; // as they were spoken
  words = [];
  made = new Date();

  constructor(request) {
    super();
    this.request = request;
  }

  // Chunks as they are planned, with start and end: until the words are known.
  expect(chunks) {
    if (this.reply || this.words.length) return;
    this.words = estimated(chunks);
    if (this.isWhole) this.#cut();
    this.#tell("words");
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
    if (!this.reply) this.#cut();
    this.#tell("words");
    this.#tell("sound");
  }

  // What broke off has words as far as it has sound.
  #cut() {
    this.words = this.words.filter((word) => word.start < this.sound.seconds);
  }

  // Puts another take of a chunk into its place, or with null the one that was there first: nothing else is changed.
  choose(index, other) {
    this.#first ??= { sound: this.sound, words: this.words, chunks: this.chunks };
    this.#chosen[index] = other;
    Object.assign(this, this.#first);
    for (let i = this.chunks.length - 1; i >= 0; i--) if (this.#chosen[i]) this.#replace(i, this.#chosen[i]);
    const takes = this.chunks.map(({ text, seed }) => ({ text, seed }));
    this.reply = { ...this.reply, recipe: { ...this.reply.recipe, takes }, duration: this.sound.seconds };
    this.#tell("words");
    this.#tell("sound");
  }

  // All behind it moves with its end.
  #replace(index, { sound, seed, wer }) {
    const chunk = this.chunks[index];
    const [before, after] = [this.chunks[index - 1], this.chunks[index + 1]];
    const from = before?.end > chunk.start ? (before.end + chunk.start) / 2 : chunk.start;
    const to = after?.start < chunk.end ? (chunk.end + after.start) / 2 : chunk.end;
    this.sound = this.sound.replaced(from, to, sound.part(from - chunk.start, sound.seconds - (chunk.end - to)));
    const end = chunk.start + sound.seconds;
    const moved = (each) => ({ ...each, start: each.start + end - chunk.end, end: each.end + end - chunk.end });
    const own = { ...chunk, end, seed, wer };
    this.chunks = [...this.chunks.slice(0, index), own, ...this.chunks.slice(index + 1).map(moved)];
    const middle = (word) => (word.start + word.end) / 2;
    const earlier = this.words.filter((word) => middle(word) < from);
    this.words = [...earlier, ...estimated([own]), ...this.words.filter((word) => middle(word) >= to).map(moved)];
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}

class Takes extends EventTarget {
  all = [];
  current = null;
  earlier = stored(KEPT) ?? []; // before the tab was loaded again

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
    const told = [...this.all, ...this.earlier].map(({ request, recipe, made }) => ({ request, recipe, made })).slice(0, MOST);
    while (!store(KEPT, told) && told.length) told.pop(); // the oldest go first where there is no more room
    this.dispatchEvent(new Event("change"));
  }
}

export const takes = new Takes();
