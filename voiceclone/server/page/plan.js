// What would be said, asked while somebody types: chunks, their length, characters that the model lacks.

import { job } from "./api.js";
import { make, seconds } from "./dom.js";
import { clear, tell } from "./fields.js";
import { connection } from "./connection.js";
import { placed } from "./times.js";

const STILL_MS = 400;

// Where the chunks of a request are expected to lie; nothing where that is not to be had.
export async function expected({ seed, timestamps, verify, made_with, ...request }, signal) {
  try {
    return placed(await job({ ...request, action: "check", streamed: true }, signal));
  } catch {
    return []; // the speech itself tells what is wrong
  }
}

export class Plan {
  #timer = null;
  #asked = null;

  // `request()` returns what to check, null where there is nothing yet.
  constructor(root, shown, request) {
    Object.assign(this, { root, shown, request, empty: [...shown.childNodes] });
  }

  changed() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#timer = setTimeout(() => this.#ask(), STILL_MS);
  }

  async #ask() {
    const request = this.request();
    if (!request) {
      clear(this.root);
      this.shown.replaceChildren(...this.empty);
      return;
    }
    const own = (this.#asked = new AbortController());
    try {
      const { seed, timestamps, verify, ...asked } = request;
      const check = await job({ ...asked, action: "check", streamed: true }, own.signal);
      clear(this.root);
      this.#show(check);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!("code" in error)) throw error;
      if (error.status === 429) {
        const text = "The server is full: what will be said is not known just now.";
        this.shown.replaceChildren(make("p", { class: "hint", text }));
      } else if (!connection.tells(error)) tell(this.root, error, false);
    }
  }

  #show({ chunks, predicted, unknown_characters: unknown, warnings }) {
    const many = chunks.length === 1 ? "1 chunk" : `${chunks.length} chunks`;
    const cost = predicted.synthesis === null ? "" : `, about ${seconds(predicted.synthesis)} to make`;
    this.shown.replaceChildren(
      make("p", { class: "hint", text: `${many}, ${seconds(predicted.duration)} of speech${cost}.` }),
      unknown.length ? make("p", { class: "notice", text: `The model cannot say: ${unknown.join(" ")}. Write it otherwise, or tell how it is said.` }) : "",
      make("ol", { class: "plain chunks" }, ...chunks.map(({ text, duration }) => make("li", {}, make("span", { class: "hint", text: seconds(duration) }), make("span", { text })))),
      make("ul", {}, ...warnings.filter((each) => !/vocabulary lacks/.test(each)).map((text) => make("li", { class: "hint", text }))),
    );
  }
}
