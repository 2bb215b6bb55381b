// What was asked, as code for elsewhere. Pure functions; the key is never in it.

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// Fields of a request as OpenAI's dialect has them.
function body({ text, ...request }) {
  return { ...(text == null ? {} : { input: text }), ...request, response_format: "mp3" };
}

function python(value) {
  return JSON.stringify(value, null, 4).replace(/\btrue\b(?=,?$)/gm, "True").replace(/\bfalse\b(?=,?$)/gm, "False").replace(/\bnull\b(?=,?$)/gm, "None");
}

function asCurl(request, server, hasKey) {
  const key = hasKey ? ` \\\n  -H "Authorization: Bearer $API_KEY"` : "";
  const sent = shell(JSON.stringify(body(request)));
  return `curl --fail ${server}v1/audio/speech${key} \\\n  -H "Content-Type: application/json" \\\n  -d ${sent} \\\n  -o speech.mp3`;
}

function asPython(request, server, hasKey) {
  const key = hasKey ? `\n    headers={"Authorization": "Bearer " + os.environ["API_KEY"]},` : "";
  const sent = python(body(request)).replaceAll("\n", "\n    ");
  return `${hasKey ? "import os\n" : ""}import requests

answer = requests.post(
    "${server}v1/audio/speech",${key}
    json=${sent},
)
answer.raise_for_status()
with open("speech.mp3", "wb") as file:
    file.write(answer.content)`;
}

function asJavaScript(request, server, hasKey) {
  const key = hasKey ? `, Authorization: \`Bearer \${process.env.API_KEY}\`` : "";
  return `import { writeFile } from "node:fs/promises";

const answer = await fetch("${server}v1/audio/speech", {
  method: "POST",
  headers: { "Content-Type": "application/json"${key} },
  body: JSON.stringify(${JSON.stringify(body(request), null, 2).replaceAll("\n", "\n  ")}),
});
if (!answer.ok) throw new Error(await answer.text());
await writeFile("speech.mp3", Buffer.from(await answer.arrayBuffer()));`;
}

export const FORMS = { curl: asCurl, Python: asPython, JavaScript: asJavaScript, job: (request) => JSON.stringify({ input: request }, null, 2) };
