// From a request to a take that is heard while it comes. Used by all who speak.

import { announce, byId } from "./dom.js";
import { clear, tell } from "./fields.js";
import { connection } from "./connection.js";
import { expected } from "./plan.js";
import { player } from "./player.js";
import { Take, takes } from "./take.js";

let running = null;

function busy(is) {
  for (const shown of document.querySelectorAll("[data-busy]")) shown.hidden = !is;
}

function stop() {
  running?.abort();
}

// Speaks; errors are told at the fields of `root`. Returns the take, or null.
export async function speak(root, request) {
  clear(root);
  stop();
  const own = (running = new AbortController());
  const take = new Take(request);
  const begin = () => {
    takes.add(take);
    player.play();
    byId("listen").scrollIntoView({ block: "nearest" });
  };
  take.addEventListener("sound", begin, { once: true });
  busy(true);
  try {
    player.wake(); // while the browser still knows of the click; one without a sound device never wakes
    announce("Speaking");
    expected(request, own.signal).then((chunks) => take.expect(chunks));
    await take.speak(own.signal);
    takes.keep();
    announce(`Done: ${take.sound.seconds.toFixed(1)} seconds`);
    return take;
  } catch (error) {
    take.removeEventListener("sound", begin);
    take.end();
    if (takes.all.includes(take)) takes.keep();
    if (error.name === "AbortError") return null;
    if (!("code" in error)) throw error;
    if (error.code === "model_unavailable" && /recogniser/.test(error.message)) {
      error.param = request.timestamps ? "timestamps" : "verify";
    }
    if (!connection.tells(error, () => speak(root, request))) tell(root, error);
    return null;
  } finally {
    if (running === own) {
      running = null;
      busy(false);
    }
  }
}

for (const each of document.querySelectorAll("[data-stop]")) {
  each.addEventListener("click", () => {
    stop();
    player.pause();
  });
}
