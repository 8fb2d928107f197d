/**
 * npm run test:prefix -- [--tokens 4000] [--pack <folder>]
 *
 * A long document with the default model on the real server, as a newcomer has it: read once as a shared prefix, asked
 * about by a chat and a response, exported, imported and gone on with, also after a restart. Its state is some
 * megabytes, in many rows, where the models of other tests have small ones. Exit code 1 names what does not hold. It
 * takes about 16 seconds of processor time.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { commandLine } from "../../scripts/command-line.ts";
import { packFolder } from "../../scripts/serve-pack.ts";
import { KillableServer } from "../kill/killable-server.ts";

const { values } = commandLine({ tokens: { type: "string", default: "4000" }, pack: { type: "string" } });
const work = mkdtempSync(join(tmpdir(), "rivulet-long-prefix-"));
const server = new KillableServer({ folder: join(work, "server"), pack: packFolder(values.pack) });

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;

async function fetched(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`${server.url}${path}`, init);
  if (!response.ok) assert.fail(`${path}: ${response.status} ${await response.text()}`);
  return response;
}
async function ask(path: string, body?: object): Promise<Json> {
  const sent = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return (await fetched(path, sent)).json();
}

/** No two lines are alike, so that a state with a part of another place gives other replies. */
const line = (n: number): string =>
  `Pump ${n} stands in hall ${(n * 7) % 31} and was checked on day ${(n * 13) % 365}. `;
async function document(tokens: number): Promise<string> {
  const counted = async (lines: number) => {
    const text = Array.from({ length: lines }, (_, n) => line(n)).join("");
    return { text, count: (await ask("/tokenize", { content: text })).count as number };
  };
  const { count } = await counted(100);
  return (await counted(Math.floor((100 * tokens) / count))).text;
}

let model = "";
/** Drawn from many tokens: replies differ wherever states do. */
const drawing = { temperature: 0.8, seed: 1 };
const chat = (conversation: string, content: string, more: object = {}) =>
  ask("/v1/chat/completions", {
    ...{ model, conversation, max_tokens: 24, ...drawing, ...more },
    messages: [{ role: "user", content }],
  });
const saidBy = ({ choices }: Json): string => choices[0].message.content;
const reused = ({ usage }: Json): number => usage.prompt_tokens_details.cached_tokens;

try {
  await server.start();
  model = (await ask("/v1/models")).data[0].id;
  const text = await document(Number(values.tokens));
  let prefix = await ask("/v1/prefixes", { name: "manual", text });
  while (prefix.status === "in_progress") {
    await after(500);
    prefix = await ask("/v1/prefixes/manual");
  }
  assert.equal(prefix.status, "completed");
  console.log(`a prefix of ${prefix.tokens} tokens, ${prefix.state_bytes} bytes of state`);

  const first = await chat("asked", "Where does pump 7 stand?", { prefix: "manual" });
  assert.equal(reused(first), prefix.tokens, "a chat reuses the whole prefix");
  const response = await ask("/v1/responses", {
    ...{ model, input: "Where does pump 9 stand?", prefix: "manual", max_output_tokens: 24, ...drawing },
  });
  assert.equal(response.usage.input_tokens_details.cached_tokens, prefix.tokens, "a response reuses the whole prefix");

  const file = await (await fetched("/v1/conversations/asked/export")).arrayBuffer();
  const imported = await fetched("/v1/conversations/import?id=copy", {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
  await imported.json();
  console.log(`exported and imported: ${file.byteLength} bytes`);

  await server.end();
  await server.start();
  const [original, copy] = [await chat("asked", "And pump 8?"), await chat("copy", "And pump 8?")];
  for (const reply of [original, copy]) {
    assert.ok(reused(reply) > prefix.tokens, `expected more than ${prefix.tokens} reused tokens, got ${reused(reply)}`);
    assert.equal(reply.timings.state, "resumed");
  }
  assert.equal(saidBy(copy), saidBy(original), "the copy says what the original says");
  console.log("the copy goes on as the original does, after a restart of the server");
} catch (thrown) {
  console.error((thrown as Error).message);
  process.exitCode = 1;
} finally {
  await server.end();
  rmSync(work, { recursive: true, force: true });
}
