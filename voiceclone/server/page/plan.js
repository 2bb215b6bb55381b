// What would be said, asked while somebody types: chunks, their length, characters that the model lacks.

import { job } from "./api.js";
import { announce, make, seconds } from "./dom.js";
import { clear, tell } from "./fields.js";
import { connection } from "./connection.js";
import { placed } from "./times.js";

const STILL_MS = 400;

// Asks without what only a recogniser can do: there may be none, which is told when it is to be spoken.
const checked = ({ timestamps, verify, ...request }, signal) => job({ ...request, action: "check", streamed: true }, signal);

// Where the chunks of a request are expected to lie; nothing where that is not to be had.
export function expected(request, signal) {
  return checked(request, signal).then(placed, () => []); // the speech itself tells what is wrong
}

export class Plan {
  #timer = null;
  #asked = null;
  #unknown = "";

  // `request()` returns what to check, null where there is nothing yet.
  constructor(root, shown, request) {
    Object.assign(this, { root, shown, request, hint: [...shown.childNodes] });
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
      this.#nothing();
      return;
    }
    const own = (this.#asked = new AbortController());
    try {
      const check = await checked(request, own.signal);
      clear(this.root);
      this.#show(check);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!("code" in error)) throw error;
      if (error.status === 429) {
        const text = "The server is full: what will be said is not known just now.";
        this.shown.replaceChildren(make("p", { class: "hint", text }));
      } else if (!connection.tells(error)) {
        tell(this.root, error, false);
        this.#nothing(); // what was shown is of another text
      }
    }
  }

  #nothing() {
    this.shown.replaceChildren(...this.hint);
  }

  #show({ chunks, predicted, unknown_characters: unknown, warnings }) {
    const many = chunks.length === 1 ? "1 chunk" : `${chunks.length} chunks`;
    const cost = predicted.synthesis === null ? "" : `, about ${seconds(predicted.synthesis)} to make`;
    const lacks = unknown.length ? `The model cannot say: ${unknown.join(" ")}. Write it otherwise, or tell how it is said.` : "";
    if (lacks && lacks !== this.#unknown) announce(lacks);
    this.#unknown = lacks;
    this.shown.replaceChildren(
      make("p", { class: "hint", text: `${many}, ${seconds(predicted.duration)} of speech${cost}.` }),
      lacks ? make("p", { class: "notice", text: lacks }) : "",
      make("ol", { class: "plain chunks", tabindex: 0, "aria-label": "Chunks" }, ...chunks.map(({ text, duration }) => make("li", {}, make("span", { class: "hint", text: seconds(duration) }), make("span", { dir: "auto", text })))),
      make("ul", {}, ...warnings.filter((each) => !/vocabulary lacks/.test(each)).map((text) => make("li", { class: "hint", text }))),
    );
  }
}
