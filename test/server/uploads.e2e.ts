/**
 * What a refused upload sees: the refusal, however much it still had to send. And who the server of a machine answers.
 */
import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { start } from "../support/start-server.ts";
import { type ToyServer, toyServer } from "../support/toy-server.ts";

let server: ToyServer;
beforeAll(async () => {
  server = await toyServer();
});
afterAll(() => server?.stop());

interface Sent {
  path: string;
  headers?: Record<string, string>;
  body?: Buffer | undefined;
  /** Sends this much and leaves. */
  leaveAfter?: number;
}

/** Status and code of the answer; rejects when the connection is reset before it. */
function send({ path, headers = {}, body, leaveAfter }: Sent): Promise<[number, string]> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const method = body || leaveAfter !== undefined ? "POST" : "GET";
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve([response.statusCode!, text && (JSON.parse(text).error?.code ?? "")]));
      response.on("error", reject);
    });
    sent.on("error", reject);
    if (leaveAfter === undefined) return void sent.end(body);
    sent.write(Buffer.alloc(leaveAfter, 32), () => sent.destroy());
  });
}

const MEGABYTE = 1 << 20;
const json = { "content-type": "application/json" };
const file = { "content-type": "application/vnd.rivulet.conversation" };
const cases: [what: string, sent: Sent, expected: [number, string]][] = [
  ["a body that is too large, declared", { path: "/v1/chat/completions", headers: json }, [413, "body_too_large"]],
  [
    "a body that is too large, in chunks",
    { path: "/v1/chat/completions", headers: { ...json, "transfer-encoding": "chunked" } },
    [413, "body_too_large"],
  ],
  ["a file that is none", { path: "/v1/conversations/import", headers: file }, [422, "import_refused"]],
  [
    "another media type",
    { path: "/v1/chat/completions", headers: { "content-type": "text/csv" } },
    [400, "request_invalid"],
  ],
  ["no such path", { path: "/v1/nothing", headers: json }, [404, "not_found"]],
];
it.each(cases)("%s: the refusal arrives, every time", async (_, sent, expected) => {
  for (const megabytes of [2, 6]) {
    const body = Buffer.alloc(megabytes * MEGABYTE, 32);
    const answers = await Promise.all(Array.from({ length: 4 }, () => send({ ...sent, body })));
    expect(answers, `${megabytes} MiB`).toEqual(answers.map(() => expected));
  }
});

it("an upload that breaks off is nobody's bug, and the next request is answered", async () => {
  for (const path of ["/v1/chat/completions", "/v1/conversations/import"]) {
    const headers = { ...(path.endsWith("import") ? file : json), "content-length": String(MEGABYTE - 1) };
    for (let n = 0; n < 5; n++) await send({ path, headers, leaveAfter: 100_000 }).catch(() => {});
  }
  expect(await send({ path: "/healthz" })).toEqual([200, ""]);
  expect(server.started.output()).not.toContain("bug");
});

it("answers this machine's names and no other", async () => {
  const { port } = new URL(server.url);
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
    expect((await send({ path: "/healthz", headers: { host } }))[0], host).toBe(200);
  for (const host of ["evil.example", `evil.example:${port}`])
    expect(await send({ path: "/healthz", headers: { host } }), host).toEqual([403, "host_refused"]);
});

it("refuses to start with one line when keys are written wrongly or a shard is missing", async () => {
  const refused = await start(["--port", "0"], { API_KEYS: "ann:secret" });
  expect(await refused.ended).toBe(2);
  expect(refused.output().trim()).toMatch(/^API_KEYS: entry 1: [^\n]+$/);
  expect(refused.output()).not.toContain("secret");
});
