import { listDurableObjectIds } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { endpoints } from "../../../src/routes/index.ts";
import { say } from "../../support/chat-client.ts";
import { toyServed } from "../../support/toy-served.ts";

beforeAll(async () => {
  await weights.get(async () => toyServed());
});
afterEach(() => {
  Object.assign(env, { API_KEYS: "", ALLOWED_ORIGINS: "" });
});

const fetchAs = (path: string, init?: RequestInit) => exports.default.fetch(`http://rivulet${path}`, init);
const digest = (key: string) => createHash("sha256").update(key).digest("hex");
/** A path with something in the place of its parameters. */
const filled = (path: string) => path.replaceAll(/\{.+?\}/g, "some-id");
const table = endpoints.map(
  ({ definition }) => [definition.method.toUpperCase(), definition.path, definition] as const,
);

describe("/openapi.json", () => {
  it("has every route, with a summary, a tag, a name of its own and a reply", async () => {
    const document = (await (await fetchAs("/openapi.json")).json()) as {
      openapi: string;
      paths: Record<
        string,
        Record<string, { operationId: string; summary: string; tags: string[]; responses: object }>
      >;
    };
    expect(document.openapi).toBe("3.1.0");
    const operations = table.map(([method, path]) => document.paths[path]?.[method.toLowerCase()]);
    for (const operation of operations)
      expect(operation).toMatchObject({ summary: expect.stringMatching(/\S/), tags: [expect.any(String)] });
    expect(new Set(operations.map((operation) => operation!.operationId)).size).toBe(table.length);
    expect(Object.values(document.paths).flatMap(Object.keys).length).toBe(table.length);
  });
});

describe("/openapi.json: every field and parameter", () => {
  type Node = { [key: string]: unknown };
  const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;
  /** Where each is, and what it says. */
  function* told(node: unknown, at = ""): Generator<[string, unknown]> {
    if (!isNode(node)) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "properties" && isNode(value))
        for (const [name, field] of Object.entries(value)) yield [`${at}.${name}`, (field as Node).description];
      if (key === "parameters" && Array.isArray(value))
        for (const { name, description, schema } of value) yield [`${at}?${name}`, description ?? schema?.description];
      yield* told(value, `${at}/${key}`);
    }
  }

  it("says what it is for", async () => {
    const all = [...told(await (await fetchAs("/openapi.json")).json())];
    expect(all.length).toBeGreaterThan(450);
    expect(all.filter(([, words]) => typeof words !== "string" || !/\S/.test(words)).map(([at]) => at)).toEqual([]);
  });
});

describe("A1: without a valid key", () => {
  it.each(table)("%s %s answers 401 and touches no object, unless it is open", async (method, path, { open }) => {
    Object.assign(env, { API_KEYS: `ann:${digest("key-a")}` });
    const before = (await listDurableObjectIds(env.CONVERSATION)).length;
    const keys = [undefined, "Bearer wrong", "Bearer key-a2", "Basic key-a"];
    for (const authorization of open ? [] : keys) {
      const response = await fetchAs(`${filled(path)}?key=key-a`, {
        method,
        headers: { "content-type": "application/json", ...(authorization ? { authorization } : {}) },
        ...(method === "POST" ? { body: "{" } : {}),
      });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: "unauthorized", param: "authorization" } });
    }
    expect((await listDurableObjectIds(env.CONVERSATION)).length).toBe(before);
  });
});

describe("H10: names that cannot be", () => {
  const named = table.filter(([, path]) => path.includes("{"));
  it.each(named)("%s %s refuses them, and keeps well", async (method, path) => {
    for (const name of ["%00", "%0D%0A", "%C3%A9", "%F0%9F%A6%84", "%zz", "..%2F..", "x".repeat(5000)]) {
      const body = { headers: { "content-type": "application/json" }, body: '{"turn":null}' };
      const init = { method, ...(method === "POST" ? body : {}) };
      const response = await fetchAs(path.replaceAll(/\{.+?\}/g, name), init);
      expect([400, 404]).toContain(response.status);
      // Anthropic's clients know what is not there by a type of its own.
      const isTheirs = path.startsWith("/v1/messages") && response.status === 404;
      const type = isTheirs ? "not_found_error" : "invalid_request_error";
      expect(await response.json()).toMatchObject({ error: { type } });
    }
  });

  it.each(["/v1/responses/resp_x", "/v1/conversations/c/items"])(
    "%s: what cannot be included is refused",
    async (path) => {
      for (const key of ["include", "include[]"]) {
        const response = await fetchAs(`${path}?${key}=everything`);
        expect([response.status, await response.json()]).toMatchObject([400, { error: { param: key } }]);
      }
    },
  );

  it("a prefix that is not there is named as the prefix", async () => {
    const body = JSON.stringify({ model: "tiny", messages: [say("x")], prefix: "none" });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    const response = await fetchAs("/v1/chat/completions", init);
    expect([response.status, await response.json()]).toMatchObject([404, { error: { param: "prefix" } }]);
  });
});

describe("H10: methods", () => {
  it.each(table)("%s %s: HEAD and OPTIONS answer, other methods are 405 with what is allowed", async (_, path) => {
    // A path without a parameter may be one of a path that has it.
    const isThis = (other: string) => new RegExp(`^${other.replaceAll(/\{.+?\}/g, "[^/]+")}$`).test(filled(path));
    const allowed = [...new Set(table.filter(([, other]) => isThis(other)).map(([method]) => method))];
    const refused = await fetchAs(filled(path), { method: "PATCH" });
    expect([refused.status, refused.headers.get("allow")?.split(", ").toSorted()]).toEqual([405, allowed.toSorted()]);
    const options = await fetchAs(filled(path), { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, refused.headers.get("allow")]);
    const head = await fetchAs(filled(path), { method: "HEAD" });
    expect(await head.text()).toBe("");
    expect(head.status === 405).toBe(!allowed.includes("GET"));
  });
});

describe("A10: other origins", () => {
  const origin = "https://app.example";
  const preflight = { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } };

  it("are let in when they are listed, to the letter", async () => {
    Object.assign(env, { ALLOWED_ORIGINS: `${origin}, https://b.example` });
    const asked = await fetchAs("/v1/chat/completions", preflight);
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe(origin);
    expect(asked.headers.get("access-control-allow-credentials")).toBeNull();
    // Clients send headers of their own: those of OpenAI's in a browser, with a key against repetition.
    const wanted =
      "authorization,content-type,idempotency-key,openai-beta,x-stainless-arch,x-stainless-retry-count,x-api-key";
    const headers = { ...preflight.headers, "access-control-request-headers": wanted };
    const given = (await fetchAs("/v1/chat/completions", { ...preflight, headers })).headers;
    expect(given.get("access-control-allow-headers")).toBe(wanted);
    const got = await fetchAs("/v1/models", { headers: { origin } });
    expect([got.headers.get("access-control-allow-origin"), got.headers.get("vary")]).toEqual([origin, "Origin"]);
  });

  it.each(["null", "https://app.example.evil", "http://app.example", "https://APP.example", "https://app.example:444"])(
    "%s gets no leave",
    async (other) => {
      Object.assign(env, { ALLOWED_ORIGINS: origin });
      for (const init of [
        { ...preflight, headers: { ...preflight.headers, origin: other } },
        { headers: { origin: other } },
      ]) {
        const response = await fetchAs("/v1/models", init);
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
        expect(response.headers.get("vary")).toBe("Origin");
      }
    },
  );
});

describe("every reply", () => {
  it.each(["/healthz", "/v1/models", "/nothing", "/v1/models/other"])("of %s is fenced off", async (path) => {
    const { headers } = await fetchAs(path);
    expect(headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get("request-id")).toBe(headers.get("x-request-id"));
  });
});

describe("H5: bodies", () => {
  const post = (body: BodyInit, headers: Record<string, string> = {}) =>
    fetchAs("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
  const codeOf = async (response: Response) =>
    [response.status, ((await response.json()) as { error: { code: string; param: string } }).error] as const;

  it("an endless body ends at the cap", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const [status, error] = await codeOf(await post(endless));
    expect([status, error.code]).toEqual([413, "body_too_large"]);
    // What it had still to send is thrown away for a while, so that it sees the refusal.
    expect(sent).toBeLessThan(20 << 20);
  });

  it("a packed body is not unpacked", async () => {
    const packed = new Response(
      new Response(JSON.stringify({ model: "tiny", messages: [say("x")] })).body!.pipeThrough(
        new CompressionStream("gzip"),
      ),
    );
    const [status, error] = await codeOf(await post(await packed.arrayBuffer(), { "content-encoding": "gzip" }));
    expect([status, error.param]).toEqual([400, "content-encoding"]);
  });

  it.each([
    ["H3: bytes that are not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    ["an overlong form", new Uint8Array([0x22, 0xc0, 0xaf, 0x22])],
    ["nothing", new Uint8Array(0)],
    ["1e5 lists", new TextEncoder().encode("[".repeat(1e5))],
  ])("%s is refused", async (_, body) => {
    expect((await codeOf(await post(body)))[1].code).toBe("request_invalid");
  });
});

describe("/docs", () => {
  it("shows every operation with its fields, and has nothing that a policy would have to allow", async () => {
    const response = await fetchAs("/docs");
    expect(response.headers.get("content-type")).toContain("text/html");
    const page = await response.text();
    for (const [method, path, { operationId }] of table) {
      expect(page).toContain(`<article id="${operationId}">`);
      expect(page).toMatch(new RegExp(`>${method}</code> <code>${path.replaceAll(/[{}.]/g, "\\$&")}</code>`));
    }
    for (const field of ["max_completion_tokens", "previous_response_id", "logit_bias"])
      expect(page).toContain(`<code>${field}</code>`);
    expect(page).not.toMatch(/<script|<style| style=| on\w+=|https?:/i);
    expect((await fetchAs("/docs.css")).headers.get("content-type")).toContain("text/css");
  });
});
