// The microphone, sample by sample, without what browsers do to speech for telephones.

import { Sound } from "./sound.js";

const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export class Recorder {
  sound = null;
  #context = null;
  #stream = null;
  #tap = null;

  get isRecording() {
    return this.#context !== null;
  }

  // `onSound` is called with each piece. Throws an Error that says what to do.
  async start(onSound) {
    if (!navigator.mediaDevices) {
      throw new Error("a browser lets a page record over https or on this machine only: drop a file instead");
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
    } catch (error) {
      const denied = error.name === "NotAllowedError";
      throw new Error(
        denied
          ? "the browser may not use the microphone: allow it beside the address, or drop a file"
          : "no microphone is found: plug one in, or drop a file",
      );
    }
    this.#context = new AudioContext();
    await this.#context.audioWorklet.addModule(new URL("tap.js", import.meta.url));
    const tap = (this.#tap = new AudioWorkletNode(this.#context, "tap", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" }));
    this.sound = new Sound(this.#context.sampleRate);
    tap.port.onmessage = ({ data }) => {
      this.sound.add(data);
      onSound();
    };
    this.#context.createMediaStreamSource(this.#stream).connect(tap);
  }

  // Returns what was heard.
  stop() {
    this.#tap.port.onmessage = null;
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close();
    this.#context = null;
    return this.sound;
  }
}
