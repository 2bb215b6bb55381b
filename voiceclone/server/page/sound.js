// Sound as samples: it grows, is cut, joined, written as WAV. Knows nothing of the page or the server.

const FADE_S = 0.01;

export class Sound {
  #samples;
  #length = 0;

  constructor(rate, samples = new Float32Array(0)) {
    this.rate = rate;
    this.#samples = samples;
    this.#length = samples.length;
  }

  get samples() {
    return this.#samples.subarray(0, this.#length);
  }

  get seconds() {
    return this.#length / this.rate;
  }

  add(more) {
    if (this.#length + more.length > this.#samples.length) {
      const larger = new Float32Array(2 * (this.#length + more.length));
      larger.set(this.samples);
      this.#samples = larger;
    }
    this.#samples.set(more, this.#length);
    this.#length += more.length;
  }

  // From one place to another, in seconds.
  part(from, to) {
    return new Sound(this.rate, this.samples.slice(Math.round(from * this.rate), Math.round(to * this.rate)));
  }

  // Everything as it is, but for one part that is replaced; the seams are faded over.
  replaced(from, to, other) {
    const old = this.samples;
    const [start, end] = [from, to].map((s) => Math.min(Math.round(s * this.rate), old.length));
    const made = new Float32Array(start + other.samples.length + old.length - end);
    made.set(old.subarray(0, start));
    made.set(other.samples, start);
    made.set(old.subarray(end), start + other.samples.length);
    const fade = Math.round(FADE_S * this.rate);
    const seam = start + other.samples.length;
    for (let i = 0; i < fade; i++) {
      const share = i / fade;
      if (start > 0 && start + i < end) made[start + i] = share * made[start + i] + (1 - share) * old[start + i];
      const [at, was] = [seam - fade + i, end - fade + i];
      if (end < old.length && at >= start && was >= 0) made[at] = (1 - share) * made[at] + share * old[was];
    }
    return new Sound(this.rate, made);
  }

  // A WAV file of 16 bits.
  wav() {
    const data = new DataView(new ArrayBuffer(44 + 2 * this.#length));
    const text = (at, letters) => [...letters].forEach((c, i) => data.setUint8(at + i, c.charCodeAt(0)));
    text(0, "RIFF");
    data.setUint32(4, 36 + 2 * this.#length, true);
    text(8, "WAVEfmt ");
    data.setUint32(16, 16, true);
    data.setUint16(20, 1, true);
    data.setUint16(22, 1, true);
    data.setUint32(24, this.rate, true);
    data.setUint32(28, 2 * this.rate, true);
    data.setUint16(32, 2, true);
    data.setUint16(34, 16, true);
    text(36, "data");
    data.setUint32(40, 2 * this.#length, true);
    this.samples.forEach((x, i) => data.setInt16(44 + 2 * i, Math.round(Math.max(-1, Math.min(1, x)) * 32767), true));
    return new Blob([data.buffer], { type: "audio/wav" });
  }
}

// Decoded by the browser, mixed down. Fails where the browser does not know the format.
export async function decoded(file, rate = 24000) {
  const buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await file.arrayBuffer());
  const mixed = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    buffer.getChannelData(channel).forEach((x, i) => (mixed[i] += x / buffer.numberOfChannels));
  }
  return new Sound(rate, mixed);
}
