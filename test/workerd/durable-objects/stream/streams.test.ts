import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { armFaults } from "../../../../durable-objects/platform/fault-points.ts";
import { http } from "../../../support/chat-client.ts";

afterEach(() => armFaults(undefined));

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await http(path, { method, body, headers });
  const text = await response.text();
  return {
    status: response.status,
    json: /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text,
    text,
  };
}

async function begin(fields: object = {}): Promise<string> {
  const { status, json } = await ask("POST", "/v1/streams", fields);
  expect(status, JSON.stringify(json)).toBe(200);
  return json.id;
}

const feed = (id: string, values: unknown[], fields: object = {}, headers = {}) =>
  ask("POST", `/v1/streams/${id}/values`, { values, ...fields }, headers);

const wave = (n: number, from = 0) =>
  Array.from({ length: n }, (_, i) => 20 + 5 * Math.sin((i + from) / 3) + (((i + from) * 7919) % 13) / 10);

const forecastOf = async (id: string) => {
  const { json } = await ask("GET", `/v1/streams/${id}/forecast?h=5&quantiles=0.05,0.5,0.95&paths=6`);
  return json.steps.map(({ values }: { values: number[] }) => values);
};

it("takes values, says how unlikely each was, and forecasts", async () => {
  const id = await begin({ name: "press 4", horizon: 3 });
  const { status, json } = await feed(id, wave(40), { forecast: true });
  expect(status, JSON.stringify(json)).toBe(200);
  expect(json.position).toBe(40);
  expect(json.values).toHaveLength(40);
  expect(json.values[0]).toMatchObject({ position: 0, tail_probability: null, expected: null });
  const last = json.values[39];
  expect(last.tail_probability).toBeGreaterThan(0);
  expect(last.expected.low).toBeLessThan(last.expected.high);
  expect(json.forecast.steps).toHaveLength(3);
  for (const { values } of json.forecast.steps)
    expect(values.toSorted((a: number, b: number) => a - b)).toEqual(values);
  const view = await ask("GET", `/v1/streams/${id}`);
  expect(view.json).toMatchObject({ name: "press 4", position: 40, horizon: 3 });
  const listed = await ask("GET", "/v1/streams");
  expect(listed.json.data.map((stream: { id: string }) => stream.id)).toContain(id);
});

it("stands at the same bits one by one, in batches, through a file and in a fork", async () => {
  const values = [...wave(150), null, ...wave(30, 151)];
  const [single, batched] = [await begin(), await begin()];
  const tails: (number | null)[] = [];
  for (const value of values) {
    const { json } = await feed(single, [value]);
    tails.push(json.values[0].tail_probability);
  }
  const { json } = await feed(batched, values);
  expect(json.values.map((v: { tail_probability: number }) => v.tail_probability)).toEqual(tails);
  const expected = await forecastOf(single);
  expect(await forecastOf(batched)).toEqual(expected);
  const file = await ask("GET", `/v1/streams/${single}/export`);
  const response = await http("/v1/streams/import", {
    headers: { "content-type": "application/vnd.rivulet.stream" },
    body: file.text,
  });
  const imported = (await response.json()) as { id: string; position: number };
  expect(imported.position).toBe(181);
  expect(await forecastOf(imported.id)).toEqual(expected);
  const fork = await ask("POST", `/v1/streams/${batched}/fork`, { name: "what if" });
  expect(fork.json).toMatchObject({ position: 181, forked_from: { stream: batched, position: 181 } });
  expect(await forecastOf(fork.json.id)).toEqual(expected);
  await feed(fork.json.id, [99, 98]);
  expect(await forecastOf(batched)).toEqual(expected);
  for (const id of [single, batched, imported.id]) await feed(id, wave(70, 9));
  expect(await forecastOf(imported.id)).toEqual(await forecastOf(single));
  expect(await forecastOf(batched)).toEqual(await forecastOf(single));
});

it("is where it was after a rewind, and refuses one that is too far", async () => {
  const [id, other] = [await begin(), await begin()];
  await feed(id, wave(100));
  const before = await forecastOf(id);
  await feed(id, wave(90, 500));
  const back = await ask("POST", `/v1/streams/${id}/rewind`, { position: 100 });
  expect(back.json.position).toBe(100);
  expect(await forecastOf(id)).toEqual(before);
  await feed(id, wave(30, 100));
  await feed(other, wave(130));
  expect(await forecastOf(id)).toEqual(await forecastOf(other));
  expect((await ask("POST", `/v1/streams/${id}/rewind`, { position: 999 })).json.error).toMatchObject({
    param: "position",
  });
  for (let n = 0; n < 3; n++) await feed(id, wave(2000, n));
  const { json } = await ask("GET", `/v1/streams/${id}`);
  expect(json.oldest_rewind).toBeGreaterThan(0);
  const refused = await ask("POST", `/v1/streams/${id}/rewind`, { position: json.oldest_rewind - 1 });
  expect(refused.json.error).toMatchObject({ code: "stream_conflict", param: "position" });
});

it("takes a batch with a key once, and no other batch under that key", async () => {
  const id = await begin();
  const first = await feed(id, wave(10), {}, { "idempotency-key": "batch-1" });
  const again = await feed(id, wave(10), {}, { "idempotency-key": "batch-1" });
  expect(again.json).toEqual({ ...first.json, repeated: true });
  const other = await feed(id, wave(11), {}, { "idempotency-key": "batch-1" });
  expect(other.status).toBe(422);
  expect(other.json.error.code).toBe("idempotency_mismatch");
  expect((await ask("GET", `/v1/streams/${id}`)).json.position).toBe(10);
});

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

it("fills times that are left out, knows doubles, refuses late values or replays them", async () => {
  const [id, other] = [await begin({ frequency: "1min" }), await begin({ frequency: "1min" })];
  const some = wave(20).map((value, i) => ({ time: at(i), value }));
  const { json } = await feed(id, [...some.slice(0, 12), ...some.slice(15)]);
  expect(json).toMatchObject({ position: 20, gaps_filled: 3 });
  expect((await feed(id, [some[4]])).json).toMatchObject({ duplicates: 1, position: 20 });
  const changed = await feed(id, [{ time: at(4), value: -1 }]);
  expect(changed.status).toBe(409);
  expect(changed.json.error).toMatchObject({ code: "stream_conflict", param: "values[0].time" });
  expect((await feed(id, [some[13]])).json.error).toMatchObject({ code: "stream_conflict" });
  const replayed = await feed(id, [some[13], some[12], some[14]], { late: "replay" });
  expect(replayed.json).toMatchObject({ position: 20, replayed: 8 });
  await feed(other, some);
  expect(await forecastOf(id)).toEqual(await forecastOf(other));
  const { json: forecast } = await ask("GET", `/v1/streams/${id}/forecast?h=2`);
  expect(forecast.steps.map(({ time }: { time: string }) => time)).toEqual([at(20), at(21)]);
});

it("stands where values in order would have led when the first comes last, gaps included", async () => {
  const [id, other] = [await begin({ frequency: "1min" }), await begin({ frequency: "1min" })];
  const some = wave(12).map((value, i) => ({ time: at(i + 4), value }));
  const first = { time: at(0), value: -0 };
  await feed(id, some);
  const late = await feed(id, [first], { late: "replay" });
  expect(late.json).toMatchObject({ position: 16, gaps_filled: 3, replayed: 12 });
  const inOrder = await feed(other, [first, ...some]);
  expect(inOrder.json).toMatchObject({ position: 16, gaps_filled: 3 });
  expect(await forecastOf(id)).toEqual(await forecastOf(other));
  const values = async (stream: string) => (await ask("GET", `/v1/streams/${stream}/values`)).json.data;
  expect(await values(id)).toEqual(await values(other));
  expect((await feed(id, [{ time: at(0), value: 0 }])).json).toMatchObject({ duplicates: 1, position: 16 });
});

it("names what a list of quantiles has to be", async () => {
  const id = await begin();
  await feed(id, wave(4));
  for (const wrong of ["1", "", "0.1,,0.5", "0.1;0.5"]) {
    const { status, json } = await ask("GET", `/v1/streams/${id}/forecast?quantiles=${wrong}`);
    expect(status).toBe(400);
    expect(json.error.message).toMatch(
      /^quantiles: expected 1 to 21 numbers between 0 and 1, separated by commas, got /,
    );
  }
});

it("tells alerts and everything else to whoever listens", async () => {
  const id = await begin({ alerts: [{ name: "hot", when: "above", threshold: 100, for: 2 }] });
  const response = await http(`/v1/streams/${id}/events?h=2`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  await feed(id, wave(5));
  const { json } = await feed(id, [101, 102, 103]);
  expect(json.alerts).toEqual([{ name: "hot", when: "above", position: 6, time: null, value: 102 }]);
  let text = "";
  while (!(text.includes("stream.alert") && text.includes("stream.forecast"))) text += (await reader.read()).value;
  await reader.cancel();
  expect(text).toContain('"position":8');
});

it.each<[string, unknown, string]>([
  ["text", ["NaN"], "values[0]"],
  ["a magnitude that nothing can be counted with", [1, 1e200], "values[1]"],
  ["a day that there is not", [{ time: "2026-02-30T00:00:00Z", value: 1 }], "values[0].time"],
  ["a time after the year 9999", [{ time: "9999-12-31T23:59:00-01:00", value: 1 }], "values[0].time"],
  ["a time without a zone", [{ time: "2026-01-01T00:00:00", value: 1 }], "values[0].time"],
  ["nothing", [], "values"],
  ["more than one request may have", Array(5000).fill(1), "values"],
])("refuses %s by name", async (_, values, param) => {
  const id = await begin();
  const { status, json } = await feed(id, values as unknown[]);
  expect(status).toBe(400);
  expect(json.error).toMatchObject({ code: "request_invalid", param });
});

it("has no times after the year 9999, however long the frequency", async () => {
  const id = await begin({ frequency: "999999999w" });
  const { json } = await feed(id, [{ time: "2024-02-29T00:00:00Z", value: 1 }], { forecast: 2 });
  expect(json.forecast.steps.map(({ time }: { time: string | null }) => time)).toEqual([null, null]);
  const refused = await feed(id, [2]);
  expect([refused.status, refused.json.error]).toMatchObject([400, { param: "values[0]" }]);
});

it("refuses a body of a million values, and numbers that JSON has not", async () => {
  const id = await begin();
  const million = await ask("POST", `/v1/streams/${id}/values`, `{"values":[${"1,".repeat(999_999)}1]}`);
  expect([400, 413]).toContain(million.status);
  for (const value of ["NaN", "Infinity", "1e999"]) {
    const { status } = await ask("POST", `/v1/streams/${id}/values`, `{"values":[${value}]}`);
    expect(status).toBe(400);
  }
  expect((await ask("GET", `/v1/streams/${id}`)).json.position).toBe(0);
});

it("has defined results for constant series, extremes and nothing but gaps", async () => {
  const id = await begin();
  expect((await ask("GET", `/v1/streams/${id}/forecast`)).status).toBe(400);
  await feed(id, [null, null]);
  expect((await ask("GET", `/v1/streams/${id}/forecast`)).status).toBe(400);
  const { json } = await feed(id, [...Array(1200).fill(7), 8], { forecast: 2 });
  expect(json.values[1100]).toMatchObject({ tail_probability: 1, expected: { low: 7, median: 7, high: 7 } });
  expect(json.values.at(-1)).toMatchObject({ anomaly: true });
  const extreme = await feed(id, [1e100, -1e100, 1e-300, 0], { forecast: 3 });
  expect(extreme.status).toBe(200);
  for (const { values } of extreme.json.forecast.steps) for (const v of values) expect(Number.isFinite(v)).toBe(true);
});

it("removes a stream, and knows none that is not the caller's", async () => {
  const id = await begin();
  await feed(id, wave(5));
  expect((await ask("DELETE", `/v1/streams/${id}`)).json).toMatchObject({ deleted: true });
  expect((await ask("GET", `/v1/streams/${id}`)).status).toBe(404);
  expect((await feed(id, [1])).status).toBe(404);
  expect((await ask("GET", `/v1/streams/stream_${"0".repeat(32)}`)).status).toBe(404);
  expect((await ask("GET", "/v1/streams")).json.data.map((s: { id: string }) => s.id)).not.toContain(id);
});

it.each(["stream.before-values", "stream.before-commit", "stream.after-commit"])(
  "takes a batch whole or not at all when its object is killed at %s, and a repeat finds it",
  async (point) => {
    const [id, other] = [await begin(), await begin()];
    await feed(id, wave(50));
    armFaults({ [point]: { action: "abort" } });
    const killed = await feed(id, wave(50, 50), {}, { "idempotency-key": "once" }).catch(() => ({ status: 500 }));
    expect(killed.status).toBeGreaterThanOrEqual(500);
    armFaults(undefined);
    const taken = (await ask("GET", `/v1/streams/${id}`)).json.position;
    expect(taken).toBe(point === "stream.after-commit" ? 100 : 50);
    const again = await feed(id, wave(50, 50), {}, { "idempotency-key": "once" });
    expect(again.json).toMatchObject({ position: 100, repeated: taken === 100 });
    await feed(other, wave(100));
    expect(await forecastOf(id)).toEqual(await forecastOf(other));
  },
);

it("goes on bit for bit after every object was killed between two values", async () => {
  const [id, other] = [await begin(), await begin()];
  for (const value of wave(70)) await feed(id, [value]);
  await abortAllDurableObjects();
  await feed(id, wave(5, 70));
  await feed(other, wave(75));
  expect(await forecastOf(id)).toEqual(await forecastOf(other));
});

it("writes at most four rows for a value, and keeps no more the longer it lasts", async () => {
  const written = async () => {
    const { text } = await ask("GET", "/metrics");
    return Number(/^rivulet_rows_written_total (\d+)/m.exec(text)?.[1] ?? 0);
  };
  const id = await begin();
  await feed(id, wave(640));
  for (const value of wave(66, 640)) {
    const before = await written();
    await feed(id, [value]);
    const rows = (await written()) - before;
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThanOrEqual(4);
  }
});

it("says that there is no forecaster, and counts nothing for a stream that was not begun", async () => {
  const { FORECAST_PACK_PATH: path } = env as { FORECAST_PACK_PATH?: string };
  const used = async () => /"conversations":[^}]*/.exec((await ask("GET", "/v1/usage")).text)?.[0];
  const before = await used();
  expect(before).toBeDefined();
  Object.assign(env, { FORECAST_PACK_PATH: "" });
  try {
    const { status, json } = await ask("POST", "/v1/streams", {});
    expect(status).toBe(503);
    expect(json.error.code).toBe("weights_unavailable");
    expect(await used()).toBe(before);
  } finally {
    Object.assign(env, { FORECAST_PACK_PATH: path });
  }
});

it("takes values of many streams in one request, each whole or not at all, as if they had come one by one", async () => {
  const [one, two, alone] = [await begin(), await begin({ frequency: "1min" }), await begin()];
  const together = (streams: object[], headers = {}) => ask("POST", "/v1/streams/values", { streams }, headers);
  const missing = `stream_${"0".repeat(32)}`;
  const { status, json } = await together([
    { id: one, values: wave(20) },
    { id: missing, values: [1] },
    { id: two, values: [{ time: at(5), value: 1 }] },
  ]);
  expect(status, JSON.stringify(json)).toBe(200);
  expect(json.data[0]).toMatchObject({ object: "stream.values", stream: one, position: 20 });
  expect(json.data[1]).toMatchObject({ object: "stream.refused", stream: missing, error: { code: "not_found" } });
  expect(json.data[2]).toMatchObject({ stream: two, position: 1 });
  await feed(alone, wave(20));
  expect(await forecastOf(one)).toEqual(await forecastOf(alone));

  // One that comes too early holds up nobody, and a key takes each batch once.
  const once = { "idempotency-key": "together-1" };
  const later = [
    { id: two, values: [{ time: at(1), value: 1 }] },
    { id: one, values: [7, 8] },
  ];
  for (const repeated of [false, true]) {
    const { json } = await together(later, once);
    expect(json.data[0]).toMatchObject({ object: "stream.refused", error: { code: "stream_conflict" } });
    expect(json.data[1]).toMatchObject({ position: 22, repeated });
  }
  const replayed = await together([{ ...later[0], late: "replay" }]);
  expect(replayed.json.data[0]).toMatchObject({ stream: two, replayed: 1 });

  // Another's streams are not there, and asking makes none.
  await ask("DELETE", `/v1/streams/${one}`);
  const gone = await together([{ id: one, values: [1] }]);
  expect(gone.json.data[0]).toMatchObject({ stream: one, error: { code: "not_found" } });
});

it.each<[string, (ids: string[]) => unknown, string]>([
  ["no stream", () => [], "streams"],
  ["a stream twice", ([one]) => [one, one].map((id) => ({ id, values: [1] })), "each stream once"],
  [
    "more values than one request may have",
    ([one, two]) => [
      { id: one, values: wave(4000) },
      { id: two, values: wave(97) },
    ],
    "at most 4096 values",
  ],
  ["what is no value", ([one]) => [{ id: one, values: ["x"] }], "streams[0].values[0]"],
  ["what is no stream's id", () => [{ id: "nobody", values: [1] }], "streams[0].id"],
])("takes nothing of a request for many streams with %s", async (_, streams, message) => {
  const ids = [await begin(), await begin()];
  const { status, text } = await ask("POST", "/v1/streams/values", { streams: streams(ids) });
  expect(status).toBe(400);
  expect(text).toContain(message);
  for (const id of ids) expect((await ask("GET", `/v1/streams/${id}`)).json.position).toBe(0);
});
