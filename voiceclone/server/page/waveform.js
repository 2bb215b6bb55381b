// A waveform on a canvas: what was said, where it is, what is marked, what is chosen by hand.

const NAMES = ["--line", "--mark", "--accent", "--wave", "--text", "--font"];

// The page's colours as they are now: to ask for each column is dear.
function styles() {
  const now = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, now.getPropertyValue(name)]));
}

export class Waveform {
  sound = null;
  position = null; // seconds
  marks = []; // {start, end, label}
  chosen = null; // [from, to] in seconds, where a part can be chosen
  #peaks = null;
  #drawn = "";

  // `onPlace(s)`: somebody points at a place; `onChoose(from, to)`: drags over a part.
  constructor(canvas, { onPlace, onChoose } = {}) {
    this.canvas = canvas;
    let from = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.sound?.seconds) return;
      canvas.setPointerCapture(event.pointerId);
      from = this.#seconds(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      const to = this.#seconds(event);
      if (from !== null && onChoose && Math.abs(to - from) > 0.05) onChoose(Math.min(from, to), Math.max(from, to));
    });
    canvas.addEventListener("pointerup", (event) => {
      if (from !== null && Math.abs(this.#seconds(event) - from) <= 0.05) onPlace?.(from);
      from = null;
    });
    canvas.addEventListener("pointercancel", () => (from = null)); // the page is scrolled
    new ResizeObserver(() => this.draw(true)).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(true));
  }

  #seconds(event) {
    const { left, width } = this.canvas.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * (this.sound?.seconds ?? 0);
  }

  show(sound) {
    this.sound = sound;
    this.draw(true);
  }

  // The loudest of each column; computed anew only for another sound, width or length.
  #columns(width) {
    const samples = this.sound.samples;
    const wanted = `${width} ${samples.length}`;
    if (this.#peaks?.of !== this.sound || this.#peaks.wanted !== wanted) {
      const step = Math.max(1, samples.length / width);
      const stride = Math.max(1, Math.floor(step / 200));
      const peaks = Float32Array.from({ length: width }, (_, x) => {
        let peak = 0;
        for (let i = Math.floor(x * step); i < (x + 1) * step && i < samples.length; i += stride) {
          peak = Math.max(peak, Math.abs(samples[i]));
        }
        return peak;
      });
      this.#peaks = { of: this.sound, wanted, peaks };
    }
    return this.#peaks.peaks;
  }

  draw(anew = false) {
    const scale = devicePixelRatio;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const x = (s) => (width * s) / (this.sound?.seconds || 1);
    const at = this.position === null ? -1 : Math.round(x(this.position));
    const now = `${at} ${this.sound?.samples.length} ${this.chosen}`;
    if (!width || (!anew && now === this.#drawn)) return;
    this.#drawn = now;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = styles();
    if (!this.sound?.samples.length) {
      pen.fillStyle = style["--line"];
      pen.fillRect(0, height / 2, width, 1);
      return;
    }
    for (const { start, end } of this.marks) {
      pen.fillStyle = style["--mark"];
      pen.fillRect(x(start), 0, Math.max(4, x(end) - x(start)), height);
    }
    const columns = Math.floor(width / 3);
    this.#columns(columns).forEach((peak, i) => {
      const s = ((i + 0.5) / columns) * this.sound.seconds;
      const isOut = this.chosen && (s < this.chosen[0] || s > this.chosen[1]);
      pen.fillStyle = style[isOut ? "--line" : 3 * i <= at ? "--accent" : "--wave"];
      const tall = Math.max(1, peak * (height - 4));
      pen.fillRect(3 * i, (height - tall) / 2, 2, tall);
    });
    pen.font = `bold 12px ${style["--font"]}`;
    for (const { start, label } of this.marks) {
      pen.fillStyle = style["--text"];
      pen.fillText(label, Math.min(x(start) + 3, width - 12), 12);
    }
    pen.fillStyle = style["--text"];
    if (at >= 0) pen.fillRect(Math.min(at, width - 2), 0, 2, height);
    for (const edge of this.chosen ?? []) pen.fillRect(Math.min(x(edge), width - 2), 0, 2, height);
  }
}
