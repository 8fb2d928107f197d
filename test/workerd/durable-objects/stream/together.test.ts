/**
 * Values of many streams in one request, which the tenant's ledger writes in one commit: the same
 * promises as for a stream alone.
 */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Directory } from "../../../../durable-objects/directory/directory.ts";
import { armFaults, type FaultPlan } from "../../../../durable-objects/platform/fault-points.ts";
import { StreamLedger } from "../../../../durable-objects/stream/stream-ledger.ts";
import { StreamStore } from "../../../../durable-objects/stream/stream-store.ts";
import { objectName } from "../../../../src/api/shared/ids.ts";
import { streamObject } from "../../../../src/api/streams/names.ts";
import { http } from "../../../support/chat-client.ts";

const realFetch = Directory.prototype.fetch;

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;

let ids: string[] = [];
beforeEach(async () => {
  ids = [];
  for (let n = 0; n < 5; n++) ids.push((await ask("POST", "/v1/streams", {})).json.id);
  // The first time each stream writes its own row, and says in it that the ledger may have more.
  await together(1, 0);
});
afterEach(() => {
  vi.useRealTimers();
  armFaults(undefined);
});

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await http(path, { method, body, headers });
  const text = await response.text();
  const json: Json = /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
  return { status: response.status, json, text };
}

/** The value of each stream at a position. */
const valueAt = (n: number, at: number): number => 20 + n + 5 * Math.sin(at / 3) + ((at * 7919) % 13) / 10;
const run = (n: number, count: number, from: number) => Array.from({ length: count }, (_, i) => valueAt(n, from + i));

/** So many values of each, from a position on. */
async function together(count: number, from: number, headers: Record<string, string> = {}): Promise<Json[]> {
  const streams = ids.map((id, n) => ({ id, values: run(n, count, from) }));
  const { status, json, text } = await ask("POST", "/v1/streams/values", { streams }, headers);
  expect(status, text).toBe(200);
  return json.data;
}

const forecastOf = async (id: string) => {
  const { json, text } = await ask("GET", `/v1/streams/${id}/forecast?h=5&quantiles=0.05,0.5,0.95&paths=6`);
  expect(json.position, text).toBeGreaterThan(0);
  return { position: json.position, steps: json.steps };
};
const viewOf = async (id: string) => (await ask("GET", `/v1/streams/${id}`)).json;

/** A stream that nothing happened to, alone. */
async function undisturbed(n: number, count: number): Promise<string> {
  const { id } = (await ask("POST", "/v1/streams", {})).json;
  await ask("POST", `/v1/streams/${id}/values`, { values: run(n, count, 0) });
  return id;
}
async function expectUndisturbed(count: number): Promise<void> {
  for (const [n, id] of ids.entries()) {
    const other = await undisturbed(n, count);
    expect(await forecastOf(id)).toEqual(await forecastOf(other));
    const [own, wanted] = await Promise.all(
      [id, other].map(async (which) => (await ask("GET", `/v1/streams/${which}/values?limit=500`)).json.data),
    );
    expect(own).toEqual(wanted);
  }
}

const ledger = () => env.STREAM_LEDGER.getByName(objectName(env, "local", "streams: ledger"));
/** Of these streams, erased ones too. */
const ledgerRows = () =>
  runInDurableObject(ledger(), (_, { storage }) => {
    if (storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'owed'").toArray().length === 0) return 0;
    const own = new Set(ids.map((id) => env.STREAM.idFromName(streamObject(env, "local", id)).toString()));
    const rows = storage.sql.exec("SELECT stream FROM owed").toArray();
    return rows.filter(({ stream }) => own.has(String(stream))).length;
  });
/** What a stream's own row has. */
const ownPosition = (id: string) =>
  runInDurableObject(env.STREAM.getByName(streamObject(env, "local", id)), (_, { storage }) =>
    Number(JSON.parse(String(storage.sql.exec("SELECT record FROM stream").one().record)).moment.position),
  );

it("writes nothing in a stream's own database until its state is kept, and stands where it would alone, killed or not", async () => {
  for (let at = 1; at < 40; at++) await together(1, at);
  expect(await ledgerRows()).toBe(5);
  expect(await ownPosition(ids[0]!)).toBe(1);
  await abortAllDurableObjects();
  expect(await viewOf(ids[1]!)).toMatchObject({ position: 40 });
  expect(await ownPosition(ids[1]!)).toBe(1);
  for (let at = 40; at < 70; at++) await together(1, at);
  expect(await ownPosition(ids[0]!)).toBe(64);
  await abortAllDurableObjects();
  await together(3, 70);
  await expectUndisturbed(73);
});

it("writes one row for a value", async () => {
  const written = async () =>
    Number(/^rivulet_rows_written_total (\d+)/m.exec((await ask("GET", "/metrics")).text)?.[1]);
  await together(1, 1);
  const before = await written();
  for (let at = 2; at < 12; at++) await together(1, at);
  expect((await written()) - before).toBe(5 * 10);
});

it.each(["alone", "rewound", "changed"])("a stream that is %s in between writes its own row", async (how) => {
  await together(2, 1);
  const [id] = ids as [string];
  let count = 3;
  if (how === "alone") {
    await ask("POST", `/v1/streams/${id}/values`, { values: run(0, 1, 3) });
    for (const [n, other] of ids.entries())
      if (n > 0) await ask("POST", `/v1/streams/${other}/values`, { values: run(n, 1, 3) });
    count = 4;
  } else if (how === "rewound") {
    for (const each of ids) expect((await ask("POST", `/v1/streams/${each}/rewind`, { position: 2 })).status).toBe(200);
    count = 2;
  } else await ask("POST", `/v1/streams/${id}`, { name: "other" });
  expect(await ownPosition(id)).toBe(count);
  // What the ledger has now is older than that row, and says nothing.
  await abortAllDurableObjects();
  expect(await viewOf(id)).toMatchObject({ position: count });
  await together(2, count);
  await abortAllDurableObjects();
  await expectUndisturbed(count + 2);
  if (how === "changed") expect(await viewOf(id)).toMatchObject({ name: "other" });
});

it("is in a file, a fork and a list of values what it is with what the ledger has", async () => {
  for (let at = 1; at < 6; at++) await together(1, at);
  await abortAllDurableObjects();
  const [id] = ids as [string];
  const fork = (await ask("POST", `/v1/streams/${id}/fork`, {})).json;
  expect(fork).toMatchObject({ position: 6 });
  await abortAllDurableObjects();
  const file = (await ask("GET", `/v1/streams/${id}/export`)).text;
  const imported = await http("/v1/streams/import", {
    headers: { "content-type": "application/vnd.rivulet.stream" },
    body: file,
  });
  const { id: copy } = (await imported.json()) as { id: string };
  await abortAllDurableObjects();
  for (const which of [fork.id, copy]) expect(await forecastOf(which)).toEqual(await forecastOf(id));
  await expectUndisturbed(6);
});

const points: [keyof FaultPlan, FaultPlan, number][] = [
  ["stream.before-commit", { "stream.before-commit": { action: "abort", from: 3 } }, 1],
  ["stream.before-ledger", { "stream.before-ledger": { action: "abort", from: 2 } }, 1],
  ["stream.after-commit", { "stream.after-commit": { action: "abort", from: 4 } }, 1],
];
it.each(points)(
  "of a batch whose stream is killed at %s it has all or nothing, and a repeat finds it",
  async (point, plan) => {
    await together(2, 1);
    armFaults(plan);
    const answers = await together(4, 3, { "idempotency-key": "once" });
    armFaults(undefined);
    const refused = answers.filter(({ object }) => object === "stream.refused");
    expect(refused).toHaveLength(1);
    const stands = (await viewOf(refused[0].stream)).position;
    expect(stands).toBe(point === "stream.after-commit" ? 7 : 3);
    const again = await together(4, 3, { "idempotency-key": "once" });
    for (const { stream, position, repeated } of again)
      expect([position, repeated]).toEqual([7, stream !== refused[0].stream || stands === 7]);
    await abortAllDurableObjects();
    expect((await together(4, 3, { "idempotency-key": "once" })).every(({ repeated }) => repeated)).toBe(true);
    await expectUndisturbed(7);
  },
);

it.each<[string, FaultPlan]>([
  ["is killed", { "ledger.before-commit": { action: "abort", times: 9 } }],
  ["fails", { "ledger.before-commit": { action: "throw", times: 9 } }],
])("takes values all the same when the ledger %s: each stream writes its own row", async (_, plan) => {
  await together(2, 1);
  armFaults(plan);
  for (const { position } of await together(2, 3)) expect(position).toBe(5);
  armFaults(undefined);
  for (const id of ids) expect(await ownPosition(id)).toBe(5);
  await abortAllDurableObjects();
  await together(1, 5);
  await expectUndisturbed(6);
});

it("stands where a restart would leave it when neither the ledger's answer nor its own row comes through", async () => {
  await together(2, 1);
  const put = StreamLedger.prototype.put;
  vi.spyOn(StreamLedger.prototype, "put").mockImplementationOnce(async function (this: StreamLedger, rows) {
    await put.call(this, rows);
    throw new Error("the answer was lost");
  });
  vi.spyOn(StreamStore.prototype, "commit").mockImplementationOnce(() => {
    throw new Error("the disk is full");
  });
  const refused = (await together(1, 3)).find(({ object }) => object === "stream.refused");
  vi.restoreAllMocks();
  const { position } = await viewOf(refused.stream);
  await abortAllDurableObjects();
  expect(await viewOf(refused.stream)).toMatchObject({ position });
});

it("answers nothing, rather than something old, while the ledger does not answer", async () => {
  await together(2, 1);
  await abortAllDurableObjects();
  armFaults({ "ledger.asked": { action: "throw", times: 99 } });
  const [id] = ids as [string];
  for (const [method, path, body] of [
    ["GET", "", undefined],
    ["GET", "/forecast", undefined],
    ["GET", "/values", undefined],
    ["GET", "/export", undefined],
    ["POST", "/values", { values: [1] }],
    ["POST", "/rewind", { position: 1 }],
    ["DELETE", "", undefined],
  ] as const) {
    const { status, json } = await ask(method, `/v1/streams/${id}${path}`, body);
    expect([status, json.error.code], `${method} ${path}`).toEqual([500, "storage_unavailable"]);
  }
  armFaults(undefined);
  await abortAllDurableObjects();
  await expectUndisturbed(3);
});

it("leaves nothing of a deleted stream in the ledger, nor of one that has expired", async () => {
  await together(2, 1);
  expect(await ledgerRows()).toBe(5);
  expect((await ask("DELETE", `/v1/streams/${ids[0]}`)).status).toBe(200);
  expect(await ledgerRows()).toBe(4);
  const [, id] = ids as [string, string];
  await ask("POST", `/v1/streams/${id}`, { ttl_seconds: 60 });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
  expect(await runDurableObjectAlarm(env.STREAM.getByName(streamObject(env, "local", id)))).toBe(true);
  expect(await ledgerRows()).toBe(3);
  for (const other of ids.slice(2)) await ask("DELETE", `/v1/streams/${other}`);
  expect(await ledgerRows()).toBe(0);
});

it("deletes streams that are deleted at the same moment, the last ones of the ledger too", async () => {
  await together(2, 1);
  const deleted = await Promise.all(ids.map((id) => ask("DELETE", `/v1/streams/${id}`)));
  expect(deleted.map(({ status, text }) => [status, text])).toEqual(
    ids.map((id) => [200, JSON.stringify({ id, object: "stream.deleted", deleted: true })]),
  );
  expect(await ledgerRows()).toBe(0);
});

it("loses nothing of a stream whose deletion was cut off", async () => {
  await together(2, 1);
  const [id] = ids as [string];
  armFaults({ "ledger.before-erase": { action: "throw" } });
  expect((await ask("DELETE", `/v1/streams/${id}`)).status).toBe(500);
  armFaults(undefined);
  expect(await ownPosition(id)).toBe(3);
  await abortAllDurableObjects();
  await together(1, 3);
  await expectUndisturbed(4);
});

it("tells who listens, and takes two requests for the same streams one after the other", async () => {
  const response = await http(`/v1/streams/${ids[0]}/events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const same = await Promise.all(Array.from({ length: 3 }, () => together(1, 1)));
  expect(same.map(([{ position }]) => position).toSorted()).toEqual([2, 3, 4]);
  let text = "";
  while (!text.includes('"position":4')) text += (await reader.read()).value;
  await reader.cancel();
  await abortAllDurableObjects();
  for (const id of ids) expect(await viewOf(id)).toMatchObject({ position: 4 });
});

it("is listed no more once it is deleted, also where the directory did not answer the first time", async () => {
  const [id] = ids as [string];
  const listed = async () => (await ask("GET", "/v1/streams?limit=100")).json.data.map((one: Json) => one.id);
  const directory = vi.spyOn(Directory.prototype, "fetch").mockImplementation(async function (
    this: Directory,
    request,
  ) {
    if (new URL(request.url).pathname === "/entry") throw new Error("the directory is away");
    return realFetch.call(this, request);
  });
  expect((await ask("DELETE", `/v1/streams/${id}`)).status).toBeGreaterThanOrEqual(500);
  directory.mockRestore();
  expect(await listed()).toContain(id);
  expect((await ask("DELETE", `/v1/streams/${id}`)).status).toBe(200);
  expect(await listed()).not.toContain(id);
  expect((await ask("GET", `/v1/streams/${id}`)).status).toBe(404);
});
