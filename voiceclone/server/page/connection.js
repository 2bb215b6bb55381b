// Whether the server can be asked: told as what it is, and watched until it can.

import { key, ping } from "./api.js";
import { announce, button, byId, make } from "./dom.js";

const AGAIN_MS = 2000;
const TOLD = {
  gone: "The server does not answer. Is voiceclone serve still running? This page asks again every two seconds.",
  loading: "The worker is still loading its model. This page goes on by itself as soon as it is ready.",
};

class Connection extends EventTarget {
  #watching = null;
  #again = null;

  // Whether an error is about the server and not about what was asked; then it is told. `again` repeats what failed.
  tells(error, again = null) {
    this.#again = again;
    if (error.code === "no_connection") this.#watch("gone");
    else if (error.code === "loading") this.#watch("loading");
    else if (error.status === 401) this.#locked();
    else if (error.status === 429) this.#full(error);
    else return false;
    return true;
  }

  #locked() {
    const why = key.get() ? "The server does not take this key: it is another one." : "The server wants a key: whoever runs it has set API_KEY.";
    this.#show(why, keyForm());
    if (key.get() && document.activeElement.matches("body, [role=tab]")) byId("asked-key").focus();
  }

  // An error that belongs to no field.
  explains({ message }, again) {
    this.#show(message, button("Try again", () => (this.hide(), again())));
  }

  hide() {
    byId("trouble").hidden = true;
  }

  #full(error) {
    const wait = error.retryAfter ? `in ${error.retryAfter} seconds` : "in a moment";
    const again = this.#again && button("Try again", () => (this.hide(), this.#again()));
    this.#show(`The server is full: as many requests wait as it takes. Try again ${wait}.`, again);
  }

  #show(text, ...more) {
    byId("trouble").hidden = false;
    byId("trouble").replaceChildren(make("p", { text }), ...more.filter(Boolean));
  }

  async #watch(state) {
    this.#show(TOLD[state] ?? state);
    if (this.#watching) return;
    this.#watching = state;
    for (;;) {
      const now = await ping();
      if (now.state === "ready") break;
      const text = now.state === "unfit" ? `The worker cannot speak: ${now.reason}` : TOLD[now.state];
      if (byId("trouble").textContent !== text) this.#show(text);
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    this.#watching = null;
    this.hide();
    announce("The server is ready");
    this.dispatchEvent(new Event("ready"));
  }
}

function keyForm() {
  const input = make("input", { type: "password", id: "asked-key", autocomplete: "off" });
  const send = (event) => {
    event.preventDefault();
    key.set(input.value.trim());
    connection.hide();
    document.querySelector("[role=tab][aria-selected=true]").focus();
    connection.dispatchEvent(new Event("ready"));
  };
  const label = make("label", { for: "asked-key", text: "Key (kept in this tab only)" });
  return make("form", { class: "row", on: { submit: send } }, label, input, make("button", { text: "Use it" }));
}

export const connection = new Connection();
