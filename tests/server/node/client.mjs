// Speaks with OpenAI's own client, and tells as JSON what came of it: node client.mjs ADDRESS KEY FILE
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import OpenAI from "openai";

const [baseURL, apiKey, file] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const models = [];
for await (const model of client.models.list()) models.push(model.id);

const wanted = { model: "tts-1", voice: "example-en", input: "Hello there.", response_format: "wav" };
const speech = await client.audio.speech.create({ ...wanted, nfe_step: 1, seed: 7 });
await pipeline(Readable.fromWeb(speech.body), createWriteStream(file));

const refused = await client.audio.speech.create({ ...wanted, voice: "nobody" }).catch((error) => error);
const { status, type, param, code, message, requestID } = refused;
const error = { isBadRequest: refused instanceof OpenAI.BadRequestError, status, type, param, code, message, requestID };
console.log(JSON.stringify({ models, type: speech.headers.get("content-type"), error }));
