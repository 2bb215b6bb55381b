// In the browser's audio thread: hands over what the microphone hears, some blocks at once.

const SIZE = 2048;

class Tap extends AudioWorkletProcessor {
  #samples = new Float32Array(SIZE);
  #length = 0;

  process([[channel]]) {
    if (channel) {
      this.#samples.set(channel, this.#length);
      this.#length += channel.length;
      if (this.#length === SIZE) {
        this.port.postMessage(this.#samples.slice());
        this.#length = 0;
      }
    }
    return true;
  }
}

registerProcessor("tap", Tap);
