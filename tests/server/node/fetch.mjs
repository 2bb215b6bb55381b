// Asks as a page's script would, and tells as JSON what came of it: node fetch.mjs ADDRESS ORIGIN KEY
// A line of its own says when the first sound is there.
const [address, origin, key] = process.argv.slice(2);
const asked = { "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" };
const preflight = await fetch(address, { method: "OPTIONS", headers: { origin, ...asked } });
const body = { input: "One two three four five six seven. ".repeat(8), voice: "example-en", nfe_step: 1, response_format: "pcm" };
const answer = await fetch(address, {
  method: "POST",
  headers: { origin, authorization: `Bearer ${key}`, "content-type": "application/json" },
  body: JSON.stringify(body),
});
const sizes = [];
for await (const piece of answer.body) {
  sizes.push(piece.length);
  if (sizes.length === 1) console.log("sound");
}
const headers = ({ headers }) => Object.fromEntries(headers);
console.log(JSON.stringify({ preflight: headers(preflight), status: answer.status, answer: headers(answer), sizes }));
