// The server's addresses: jobs, voices, speech that comes while it is made. Knows nothing of the page.

import { store, stored } from "./storage.js";

const BASE = new URL("..", import.meta.url);

// Why there is no answer. `details`: [{field, message}] by the caller's names.
export class Refused extends Error {
  constructor(message, { status = 0, code = "", param = null, details = [], retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, param, details, retryAfter });
  }
}

// Of the server, where it wants one. It stays in this tab, and is gone with it.
let ownKey = stored("key") ?? "";
export const key = {
  get: () => ownKey,
  set: (value) => store("key", (ownKey = value)),
};

export const address = (path) => new URL(path, BASE).href;

async function answer(path, { body, headers = {}, ...how } = {}) {
  if (key.get()) headers.authorization = `Bearer ${key.get()}`;
  let found;
  try {
    found = await fetch(address(path), { body, headers, cache: "no-store", ...how });
  } catch (error) {
    throw lost(error);
  }
  if (found.ok) return found;
  const told = (await found.json().catch(() => ({}))).error ?? {};
  const retryAfter = Number(found.headers.get("retry-after")) || null;
  throw new Refused(told.message ?? `the server answered ${found.status}`, { status: found.status, ...told, retryAfter });
}

function lost(error) {
  if (error.name === "AbortError") return error;
  return new Refused("the server does not answer", { code: "no_connection" });
}

function posted(value) {
  return { method: "POST", body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}

// How the worker is: "ready", "loading", "unfit" with its reason, "gone".
export async function ping() {
  try {
    const found = await fetch(address("ping"), { cache: "no-store" });
    if (found.status === 204) return { state: "loading" };
    return found.ok ? { state: "ready" } : { state: "unfit", reason: (await found.json()).reason };
  } catch {
    return { state: "gone" };
  }
}

// Does a job that does not stream, and returns its output.
export async function job(input, signal) {
  let news = await (await answer("runsync", { ...posted({ input }), signal })).json();
  while (news.status === "IN_QUEUE" || news.status === "IN_PROGRESS") {
    await new Promise((done) => setTimeout(done, 500));
    news = await (await answer(`status/${news.id}`, { signal })).json();
  }
  if (news.status === "COMPLETED") return news.output;
  const { error_code: code, details = [] } = news.output ?? {};
  const message = (news.error ?? "the job was cancelled").replace(`${code}: `, "");
  throw new Refused(message, { code, details, param: details[0]?.field });
}

export const voices = async () => (await (await answer("v1/audio/voices")).json()).voices;

// Keeps a recording as a voice; `fields`: name, ref_text, consent, language, overwrite.
export async function addVoice(recording, fields) {
  const body = new FormData();
  body.append("audio_sample", recording, "recording");
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  return (await answer("v1/audio/voices", { method: "POST", body })).json();
}

export const deleteVoice = (name) => answer(`v1/audio/voices/${encodeURIComponent(name)}`, { method: "DELETE" });

// Speaks; 16-bit sound and words are handed over as they come. Returns what is told of the whole.
export async function speech({ format, ...request }, { signal, onSound, onWords }) {
  const wanted = { ...request, stream_format: "sse", response_format: "pcm" };
  const body = (await answer("v1/audio/speech", { ...posted(wanted), signal })).body;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => Promise.reject(lost(error)));
    if (done) throw new Refused("the speech broke off: speak it again", { code: "broke_off" });
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events.map((each) => JSON.parse(each.replace(/^data: /, "")))) {
      if (event.type === "speech.audio.delta") onSound(samples(event.audio));
      else if (event.type === "speech.audio.words") onWords(event.words);
      else if (event.type === "speech.audio.done") return event.speech;
      else if (event.type === "error") throw new Refused(event.error.message, event.error);
    }
  }
}

function samples(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true) / 32768);
}
