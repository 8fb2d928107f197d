/** Who may do what: origins, hosts, media types, scopes of keys. */

import { env, exports } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { endpoints } from "../../../src/routes/index.ts";
import { toyServed } from "../../support/toy-served.ts";

const digest = (key: string) => createHash("sha256").update(key).digest("hex");
const ask = (path: string, init: RequestInit = {}) => exports.default.fetch(`http://rivulet${path}`, init);
const as = (key: string, path: string, method = "GET", body?: object) =>
  ask(path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
const codeOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { error: { code: string } }).error.code,
];

beforeAll(async () => {
  await weights.get(async () => toyServed());
});
beforeEach(() => {
  Object.assign(env, { API_KEYS: "", ALLOWED_ORIGINS: "", ALLOWED_HOSTS: "" });
});

describe("A10: a page of another origin", () => {
  const foreign = ["http://evil.example", "null", "http://rivulet.evil.example", "http://rivulet:81", "not a url"];
  it.each(foreign)("%s is refused on every method and path, before anything is done", async (origin) => {
    for (const method of ["GET", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"])
      for (const path of ["/", "/healthz", "/v1/conversations/c", "/v1/prefixes?name=a", "/nothing"]) {
        const body = method === "POST" ? { body: "some text" } : {};
        const response = await ask(path, { method, headers: { origin, "content-type": "text/plain" }, ...body });
        expect(await codeOf(response), `${method} ${path}`).toEqual([403, "origin_refused"]);
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
      }
  });

  it("may talk when it is the server's own, also behind a proxy that ends TLS, or when it is listed", async () => {
    Object.assign(env, { ALLOWED_ORIGINS: "https://app.example" });
    for (const origin of ["http://rivulet", "https://rivulet", "https://app.example"])
      expect((await ask("/healthz", { headers: { origin } })).status, origin).toBe(200);
    expect((await ask("/healthz", { headers: { origin: "http://app.example" } })).status).toBe(403);
  });
});

describe("a host", () => {
  const at = (host: string) => exports.default.fetch(`http://${host}/healthz`);
  it("that is not the server's is refused, so that no name leads a browser here", async () => {
    Object.assign(env, { ALLOWED_HOSTS: "localhost,127.0.0.1,[::1],chat.example" });
    for (const host of ["localhost:8787", "LOCALHOST", "127.0.0.1:1", "[::1]:8787", "chat.example"])
      expect((await at(host)).status, host).toBe(200);
    for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0"])
      expect(await codeOf(await at(host)), host).toEqual([403, "host_refused"]);
  });

  it("may be any address where the server listens on all of them", async () => {
    Object.assign(env, { ALLOWED_HOSTS: "localhost,address" });
    expect((await at("10.0.0.1:8787")).status).toBe(200);
    expect((await at("evil.example")).status).toBe(403);
    expect((await at("address.example")).status).toBe(403);
  });
});

const posts = endpoints.filter(({ definition: { method } }) => method === "post").map(({ definition }) => definition);
it.each(posts.map((definition) => [definition.path, definition] as const))(
  "A10: POST %s does nothing with a body of a type that a page may send without asking",
  async (path, { body }) => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      if (body && "media" in body && body.media === type) continue;
      const init = { method: "POST", headers: { "content-type": type }, body: "x" };
      const response = await ask(path.replaceAll(/\{.+?\}/g, "a"), init);
      const { error } = (await response.json()) as { error: { code: string; param: string } };
      expect([response.status, error.code, error.param]).toEqual([400, "request_invalid", "content-type"]);
    }
  },
);

describe("A1: a key", () => {
  const keys = [
    `ann:${digest("read")};scopes=read`,
    `ann:${digest("write")};scopes=write`,
    `ann:${digest("counts")};scopes=metrics`,
    `ann:${digest("admin")};scopes=admin`,
    `ann:${digest("usual")}`,
    `ann:${digest("old")};expires=2020-01-01`,
  ];
  const routes = endpoints.filter(({ definition }) => !definition.open).map(({ definition }) => definition);
  it.each(routes.map((definition) => [definition.method, definition.path, definition] as const))(
    "may %s %s only with the scope for it",
    async (method, path, { scope = method === "get" ? "read" : "write" }) => {
      Object.assign(env, { API_KEYS: keys.join(",") });
      const given = { read: ["read"], write: ["write"], counts: ["metrics"], usual: ["read", "write"] };
      for (const [key, scopes] of Object.entries(given)) {
        if (scopes.includes(scope)) continue;
        const response = await as(key, path.replaceAll(/\{.+?\}/g, "a"), method.toUpperCase());
        expect(await codeOf(response), key).toEqual([403, "scope_missing"]);
      }
      expect(await codeOf(await as("old", path.replaceAll(/\{.+?\}/g, "a"), method.toUpperCase()))).toEqual([
        401,
        "unauthorized",
      ]);
    },
  );

  it("of an admin alone reads the totals of tenants; without keys nobody does", async () => {
    const chat = { model: "tiny", messages: [{ role: "user", content: "hello" }], max_tokens: 2 };
    Object.assign(env, { API_KEYS: keys.join(",") });
    await (await as("usual", "/v1/chat/completions", "POST", chat)).text();
    const text = async (key: string) => (await as(key, "/metrics")).text();
    expect(await text("admin")).toMatch(/^rivulet_tenant_tokens_total\{tenant="ann"\} \d+$/m);
    expect(await text("counts")).not.toContain("ann");
    expect((await as("usual", "/metrics")).status).toBe(403);
    Object.assign(env, { API_KEYS: "" });
    expect(await (await ask("/metrics")).text()).not.toContain("ann");
  });

  it("learns nothing from an unknown previous_response_id, another tenant's, and one that was deleted: byte by byte", async () => {
    Object.assign(env, { API_KEYS: `ann:${digest("a")},bob:${digest("b")}` });
    const respond = (key: string, previous?: string) =>
      as(key, "/v1/responses", "POST", {
        ...{ model: "tiny", input: "hello", max_output_tokens: 2 },
        ...(previous ? { previous_response_id: previous } : {}),
      });
    const { id } = (await (await respond("a")).json()) as { id: string };
    const named = (await (
      await as("a", "/v1/responses", "POST", { model: "tiny", input: "x", conversation: "c", max_output_tokens: 2 })
    ).json()) as { id: string };
    const bodies = new Set<string>();
    const unknown = [`resp_${"0".repeat(48)}`, `${id.slice(0, -16)}${"1".repeat(16)}`, `${named.id.slice(0, -4)}ffff`];
    for (const previous of [id, named.id, ...unknown]) {
      const response = await respond("b", previous);
      expect(response.status).toBe(404);
      bodies.add(await response.text());
    }
    await (await as("a", `/v1/responses/${id}`, "DELETE")).text();
    for (const previous of [id, ...unknown]) bodies.add(await (await respond("a", previous)).text());
    expect([...bodies]).toHaveLength(1);
  });
});
