/**
 * Two tenants on a real server, every route of its /openapi.json: what one of them says is in no byte of what the other
 * is given, of the log, and after deletion of any file.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Operation, operationsOf, type Schema, sampleOf } from "../support/openapi-sample.ts";
import { servedPack } from "../support/served-pack.ts";
import { type Started, start } from "../support/start-server.ts";
import { tinyForecaster } from "../support/tiny-forecaster.ts";

const CANARY = "zqcanaryqz";
const work = mkdtempSync(join(tmpdir(), "rivulet-canary-"));
const folder = join(work, "persist");
const digest = (key: string) => createHash("sha256").update(key).digest("hex");
/** Ids and names that ann's requests were given, by the path that gave them. */
const made: { path: string; id: string }[] = [];
let server: Started;
let api: Schema;
let operations: Operation[];

beforeAll(async () => {
  const pack = await servedPack("tiny", work);
  const forecaster = await tinyForecaster(work);
  const keys = ["ann", "bob"].map((name) => `${name}:${digest(name)};scopes=read+write`);
  server = await start(["--port", "0", "--persist-to", folder, "--pack", pack, "--forecaster", forecaster], {
    API_KEYS: keys.join(),
  });
  expect(server.url, server.output()).not.toBe("");
  api = await (await fetch(`${server.url}/openapi.json`)).json();
  // A call that only listens never ends.
  operations = operationsOf(api).filter(({ operationId }) => operationId !== "listenToStream");
});
afterAll(async () => {
  server?.supervisor.kill("SIGTERM");
  await server?.ended;
  rmSync(work, { recursive: true, force: true });
});

interface Reply {
  status: number;
  /** Headers and body, every byte. */
  bytes: Buffer;
  json: Schema;
}

async function ask(as: "ann" | "bob", method: string, path: string, body?: string, more: Record<string, string> = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${as}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...more,
    },
    ...(body === undefined ? {} : { body }),
  });
  const received = Buffer.from(await response.arrayBuffer());
  let json: Schema;
  try {
    json = JSON.parse(received.toString());
  } catch {
    json = undefined;
  }
  const head = [...response.headers].map((pair) => pair.join(": ")).join("\n");
  return { status: response.status, bytes: Buffer.concat([Buffer.from(head), received]), json } as Reply;
}

/** The operation with `ids` in its path and a body that fits its schema. */
function call(
  as: "ann" | "bob",
  { method, path, parameters, body }: Operation,
  ids: (name: string) => string,
  text: string,
) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(ids(name)));
  const query = parameters.filter((one) => one.in === "query" && one.required).map(({ name }) => `${name}=the`);
  const fixed = { model: "tiny", role: "user", max_tokens: 16, name: "a-name", turn: null };
  const whole =
    body?.type === "application/json"
      ? JSON.stringify(sampleOf(api, body.schema, text, fixed))
      : body && Buffer.from(text).toString("latin1");
  const type: Record<string, string> = body && body.type !== "application/json" ? { "content-type": body.type } : {};
  return ask(as, method, filled + (query.length > 0 ? `?${query.join("&")}` : ""), whole, type);
}

const chat = (conversation: string, content: string, more: object = {}) =>
  JSON.stringify({ model: "tiny", max_tokens: 4, conversation, messages: [{ role: "user", content }], ...more });

/** Of ann's things, the one that this operation is about; anything of hers where nothing fits. */
const known: Record<string, string> = {};
const annsId = (path: string) => (name: string) => {
  if (name === "model") return "tiny";
  if (known[name]) return known[name];
  const family = path.slice(0, path.indexOf("/{"));
  return made.find((one) => one.path === family)?.id ?? "mine";
};

it("A3, A4: what a tenant says is in no byte of another's replies, of the log, or, once deleted, of any file", async () => {
  const post = (path: string, body: object | string, headers: Record<string, string> = {}) =>
    ask("ann", "POST", path, typeof body === "string" ? body : JSON.stringify(body), headers);
  // Ann says it everywhere.
  await post("/v1/chat/completions", chat("mine", `${CANARY} the first`, { metadata: { note: CANARY } }), {
    "idempotency-key": CANARY,
  });
  await post("/v1/chat/completions", chat("mine", `${CANARY} the second`));
  await post("/v1/chat/completions", chat(`${CANARY}-named`, CANARY));
  await post("/v1/conversations/mine", { metadata: { note: CANARY } });
  const given = { model: "tiny", input: CANARY, instructions: CANARY, max_output_tokens: 16 };
  made.push({ path: "/v1/responses", id: (await post("/v1/responses", given)).json.id });
  const stored = chat("", CANARY, { conversation: undefined, store: true });
  made.push({ path: "/v1/chat/completions", id: (await post("/v1/chat/completions", stored)).json.id });
  const prefix = await post("/v1/prefixes", { name: `${CANARY}-prefix`, text: `${CANARY} is shared` });
  expect(prefix.status).toBeLessThan(300);
  made.push({ path: "/v1/prefixes", id: `${CANARY}-prefix` });
  const alerts = [{ name: CANARY, when: "gap" }];
  const stream = await post("/v1/streams", { name: CANARY, metadata: { note: CANARY }, alerts });
  expect(stream.status, stream.bytes.toString()).toBeLessThan(300);
  made.push({ path: "/v1/streams", id: stream.json.id });
  expect((await post(`/v1/streams/${stream.json.id}/values`, { values: [1, 2, null, 3] })).status).toBe(200);
  // In the ledger, under a key of hers, between streams that stay until the end.
  const together: string[] = [];
  for (let n = 0; n < 5; n++) together.push((await post("/v1/streams", { name: `${CANARY} ${n}` })).json.id);
  for (let n = 0; n < 3; n++) {
    const streams = together.map((id) => ({ id, values: [n, null] }));
    const fed = await post("/v1/streams/values", { streams }, { "idempotency-key": `${CANARY}-${n}` });
    expect(fed.json.data.map(({ position }: { position: number }) => position)).toEqual(Array(5).fill(2 * n + 2));
  }
  made.push(...together.map((id) => ({ path: "/v1/streams", id })));
  // Longer, and shorter again.
  await post(`/v1/streams/${stream.json.id}`, { metadata: { note: CANARY.repeat(50), more: CANARY.repeat(50) } });
  await post(`/v1/streams/${stream.json.id}`, { metadata: { note: CANARY } });
  known.item = (await ask("ann", "GET", "/v1/conversations/mine/items")).json.data[0].id;

  let answered = 0;
  let telling = 0;
  for (const operation of operations) {
    // She takes nothing away yet.
    if (operation.method === "DELETE") continue;
    const { status, bytes, json } = await call("ann", operation, annsId(operation.path), CANARY);
    expect(status, `${operation.operationId}: ${bytes}`).toBeLessThan(500);
    if (status < 300) answered++;
    if (status < 300 && bytes.includes(CANARY)) telling++;
    if (status < 300 && operation.method === "POST" && typeof (json?.id ?? json?.name) === "string")
      made.push({ path: operation.path, id: json.id ?? json.name });
  }
  expect(answered).toBeGreaterThan(operations.length / 2);
  expect(telling).toBeGreaterThan(8);

  // Bob asks for everything of hers, and for the same of his own.
  await ask("bob", "POST", "/v1/chat/completions", chat("mine", "the other"));
  const told: Buffer[] = [];
  for (const operation of [...operations, ...operations.filter(({ method }) => method !== "DELETE")]) {
    const hers = operation.path.replace(/\{(\w+)\}/g, (_, name) => annsId(operation.path)(name));
    const about = hers.includes(CANARY) ? "her-secret-name" : undefined;
    const { status, bytes } = await call("bob", operation, (name) => about ?? annsId(operation.path)(name), "the");
    expect(status, `${operation.operationId}: ${bytes}`).toBeLessThan(500);
    told.push(bytes);
  }
  for (const { path, id } of made) {
    if (id.includes(CANARY)) continue;
    for (const method of ["GET", "DELETE"])
      told.push((await ask("bob", method, `${path}/${encodeURIComponent(id)}`)).bytes);
  }
  told.push((await ask("bob", "GET", "/v1/conversations/mine/export")).bytes);
  told.push((await ask("bob", "GET", "/v1/conversations")).bytes, (await ask("bob", "GET", "/v1/prefixes")).bytes);
  for (const bytes of told) expect(bytes.includes(CANARY), bytes.toString().slice(0, 2000)).toBe(false);
  // Nothing of hers was taken away by him.
  expect((await ask("ann", "GET", "/v1/conversations/mine/items")).bytes.includes(CANARY)).toBe(true);
  expect(server.output()).not.toContain(CANARY);

  // She deletes everything, by every way that deletes.
  const ways = operations.filter(({ method }) => method === "DELETE").map(({ path }) => path);
  const gone = async (collection: string, id: string) => {
    if (ways.some((path) => path.replace(/\/\{\w+\}$/, "") === collection))
      expect((await ask("ann", "DELETE", `${collection}/${encodeURIComponent(id)}`)).status).toBeLessThan(500);
  };
  for (const { path, id } of made.toReversed()) {
    await gone(path, id);
    await gone("/v1/responses", id);
    await gone("/v1/conversations", id);
  }
  for (const collection of ways
    .filter((path) => path.split("{").length === 2)
    .map((path) => path.replace(/\/\{\w+\}$/, ""))) {
    const listing = await ask("ann", "GET", `${collection}?limit=100`);
    for (const { id, name } of listing.json?.data ?? []) await gone(collection, id ?? name);
  }
  await gone("/v1/conversations", `${CANARY}-named`);
  await gone("/v1/conversations", "mine");
  server.supervisor.kill("SIGTERM");
  await server.ended;
  expect(server.output()).not.toContain(CANARY);
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  const holders = files.filter((file) => statSync(file).isFile() && readFileSync(file).includes(CANARY));
  expect(holders).toEqual([]);
});
