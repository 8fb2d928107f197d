import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { RELEASE } from "../../../src/core/release.ts";
import { http, send } from "../../support/chat-client.ts";
import { toyServed } from "../../support/toy-served.ts";

beforeAll(async () => {
  await weights.get(async () => toyServed());
});
afterEach(() => {
  Object.assign(env, { API_KEYS: "" });
  vi.restoreAllMocks();
});

const ask = (fields: object, headers: Record<string, string> = {}) =>
  send({ model: "tiny", messages: [{ role: "user", content: "hello" }], max_tokens: 5, ...fields }, headers);
async function numbers(): Promise<Map<string, number>> {
  const lines = (await (await http("/metrics")).text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

it("counts tokens, turns, rows, requests and failures", async () => {
  const before = await numbers();
  const first = (await (await ask({ conversation: "counted" })).json()) as { usage: { total_tokens: number } };
  await (await ask({ conversation: "counted" })).json();
  await ask({ temperature: 9 });
  const after = await numbers();
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grown("rivulet_completion_tokens_total")).toBe(10);
  expect(grown("rivulet_cached_tokens_total")).toBe(first.usage.total_tokens - 1);
  expect(grown("rivulet_prompt_tokens_total")).toBeGreaterThan(first.usage.total_tokens);
  expect(grown("rivulet_time_to_first_token_seconds_count")).toBe(2);
  expect(grown("rivulet_rows_written_total")).toBeGreaterThan(2);
  expect(grown('rivulet_errors_total{code="request_invalid"}')).toBe(1);
  expect(grown('rivulet_requests_total{method="POST",route="/v1/chat/completions",status="200"}')).toBe(2);
  expect(after.get("rivulet_live_generations")).toBe(0);
});

it("names the release and the packs that are served, and what the loaded models hold", async () => {
  await (await ask({ conversation: "held" })).json();
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    return (await http(path, { headers, body })).json() as Promise<{ id: string }>;
  };
  const { id } = await post("/v1/streams", {});
  await post(`/v1/streams/${id}/values`, { values: [1, 2, 3] });
  const known = await numbers();
  const labels = (name: string) => [...known.keys()].filter((key) => key.startsWith(`${name}{`));
  expect(labels("rivulet_build_info")).toEqual([`rivulet_build_info{version="${RELEASE.version}"}`]);
  expect(labels("rivulet_pack_info")[0]).toMatch(
    /^rivulet_pack_info\{model="[\w.-]+",fingerprint="[0-9a-f]{12}",dtype="\w+"\}$/,
  );
  expect(labels("rivulet_engine_memory_bytes")).toContain('rivulet_engine_memory_bytes{model="tiny"}');
  // The model of this test is a toy without a memory; the forecaster is a real one.
  const held = known.get('rivulet_engine_memory_bytes{model="forecaster"}');
  expect(held).toBeGreaterThan(10_000);
  expect(known.get("rivulet_engine_memory_limit_bytes")).toBeGreaterThan(held!);
  expect(known.get("rivulet_stream_values_total")).toBe(3);
});

it("counts a route by its pattern, not by names of conversations", async () => {
  await http("/v1/conversations/secret-name");
  const text = await (await http("/metrics")).text();
  expect(text).toContain('route="/v1/conversations/:id"');
  expect(text).not.toContain("secret-name");
});

it("needs a key where keys are configured", async () => {
  Object.assign(env, { API_KEYS: `ann:${createHash("sha256").update("a").digest("hex")}` });
  expect((await http("/metrics")).status).toBe(401);
});

it("H11: a request and a turn are one line of JSON each, without text, key or query, whatever stands in them", async () => {
  const lines: string[] = [];
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => void lines.push(parts.map(String).join(" ")));
  const secrets = ["prompt-canary", "key-canary", "user-canary", "query-canary", "name-canary"];
  const nasty = '\r\n{"level":"fake"}\u001b[31m';
  await (
    await ask(
      {
        messages: [{ role: "user", content: `${secrets[0]}${nasty}` }],
        stop: [`(a+)+${nasty}`],
        user: `${secrets[2]}${nasty}`,
      },
      { authorization: `Bearer ${secrets[1]}` },
    )
  ).text();
  await http(`/v1/models/${encodeURIComponent(nasty)}${"x".repeat(500)}?key=${secrets[3]}`);
  await http(`/v1/conversations/${secrets[4]}`);
  await http(`/${secrets[4]}`);
  expect(lines.length).toBeGreaterThanOrEqual(3);
  const events = lines.map((line) => JSON.parse(line) as { event: string; path?: string });
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["request", "turn"]));
  for (const line of lines) {
    for (const char of ["\r", "\n", "\u001b"]) expect(line).not.toContain(char);
    expect(line.length).toBeLessThan(2000);
    for (const secret of secrets) expect(line).not.toContain(secret);
  }
});
