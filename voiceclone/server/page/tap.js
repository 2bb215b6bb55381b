// In the browser's audio thread: hands over what the microphone hears.

class Tap extends AudioWorkletProcessor {
  process([[channel]]) {
    if (channel) this.port.postMessage(channel.slice());
    return true;
  }
}

registerProcessor("tap", Tap);
