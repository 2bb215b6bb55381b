// What is heard: one take at a time, from its first piece on while it is still made. Web Audio.

const RATE = 24000;
const AHEAD_S = 0.03;
const WAKING_MS = 3000;

class Player extends EventTarget {
  take = null;
  context = null;
  output = null; // everything that is heard goes through here
  isPlaying = false;
  #at = 0;
  #until = Infinity;
  #zero = 0; // the context's time at which the take's first sample was, or would have been
  #scheduled = 0;
  #sources = new Set();
  #heard = null; // ends what is heard that is not of the take
  #grown = () => this.#more();

  // Browsers let a page sound only after a click or a key.
  async wake() {
    if (!this.context) {
      this.context = new AudioContext({ sampleRate: RATE });
      this.output = this.context.createGain();
      this.output.connect(this.context.destination);
    }
    if (this.context.state === "running") return;
    const late = setTimeout(() => this.#tell("silent"), WAKING_MS); // without a sound device some browsers wait for ever
    await this.context.resume();
    clearTimeout(late);
  }

  load(take) {
    this.pause();
    this.take?.removeEventListener("sound", this.#grown);
    this.take = take;
    take.addEventListener("sound", this.#grown);
    this.#at = 0;
    this.#tell("load");
  }

  get position() {
    if (!this.isPlaying) return this.#at;
    return Math.min(Math.max(this.context.currentTime - this.#zero, this.#at), this.#scheduled);
  }

  // From a place to another of the take, in seconds.
  async play(from = this.#at, until = Infinity) {
    if (!this.take) return;
    const take = this.take;
    await this.wake();
    if (take !== this.take) return;
    this.#silence();
    this.#at = take.isWhole && from >= take.sound.seconds - 0.01 ? 0 : from;
    this.#until = until;
    this.#scheduled = this.#at;
    this.#zero = this.context.currentTime + AHEAD_S - this.#at;
    this.isPlaying = true;
    this.#more();
    this.#tell("change");
  }

  pause() {
    this.#at = this.position;
    this.isPlaying = false;
    this.#silence();
    this.#tell("change");
  }

  async seek(s) {
    if (this.isPlaying) await this.play(s);
    else {
      this.#at = s;
      this.#tell("change");
    }
  }

  get isHearing() {
    return this.#heard !== null;
  }

  // Another sound than the take's, once: a recording, another take of a chunk. Resolves when it ends.
  async hear(sound, from = 0, until = sound.seconds) {
    this.pause();
    await this.wake();
    this.#silence(); // what somebody chose meanwhile
    await new Promise((done) => {
      this.#heard = done;
      this.#tell("change");
      this.#start(sound.part(from, until), this.context.currentTime + AHEAD_S, () => this.pause());
    });
  }

  #start(sound, when, ended) {
    if (!sound.samples.length) return ended();
    const buffer = this.context.createBuffer(1, sound.samples.length, sound.rate);
    buffer.copyToChannel(sound.samples, 0);
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.output);
    source.onended = () => {
      this.#sources.delete(source);
      ended();
    };
    this.#sources.add(source);
    source.start(Math.round(when * RATE) / RATE); // between two samples it would be interpolated
  }

  #more() {
    if (!this.isPlaying) return;
    const { sound, isWhole } = this.take;
    const end = Math.min(sound.seconds, this.#until);
    if (end > this.#scheduled) {
      const late = this.context.currentTime + AHEAD_S - (this.#zero + this.#scheduled);
      if (late > 0) this.#zero += late; // the sound was not there in time: all that follows comes later
      const from = this.#scheduled;
      this.#scheduled = end;
      this.#start(sound.part(from, end), this.#zero + from, () => this.#more());
    } else if (!this.#sources.size && (isWhole || end === this.#until)) {
      this.pause();
      this.#at = end;
      this.#tell("change");
    }
  }

  #silence() {
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
    }
    this.#sources.clear();
    this.#heard?.();
    this.#heard = null;
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}

export const player = new Player();
