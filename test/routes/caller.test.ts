import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { objectName } from "../../src/api/shared/ids.ts";
import { checkScope, identityOf, identityOfDigest, parseKeys } from "../../src/api/shared/keys.ts";
import { idempotencyKeyOf, sessionOf } from "../../src/routes/caller.ts";

const digest = (key: string) => createHash("sha256").update(key).digest("hex");
const API_KEYS = `ann:${digest("key-a")}, bob:${digest("key-b")}\n`;
const tenantOf = (request: Request, keys: { API_KEYS: string }) => identityOf(request, keys).tenant;
const asking = (headers: Record<string, string>) => new Request("http://rivulet/", { headers });

it("lets everybody in as one tenant while no keys are configured", () => {
  expect(tenantOf(asking({}), { API_KEYS: "" })).toBe("local");
  expect(tenantOf(asking({ authorization: "Bearer anything" }), { API_KEYS: " " })).toBe("local");
});

it("lets nobody in where keys were meant and none is there, as of variables that are not set", () => {
  for (const API_KEYS of [",", " , \n,"])
    for (const request of [asking({}), asking({ authorization: "Bearer anything" })])
      expect(() => tenantOf(request, { API_KEYS })).toThrow(/^API_KEYS: entry 1: expected|^authorization: /);
  expect(() => parseKeys(",")).toThrow("API_KEYS: entry 1: expected tenant:sha256 in hex, got nothing");
});

it("knows tenants by their keys", () => {
  expect(tenantOf(asking({ authorization: "Bearer key-a" }), { API_KEYS })).toBe("ann");
  expect(tenantOf(asking({ authorization: "bearer  key-b" }), { API_KEYS })).toBe("bob");
});

it("knows them by the headers of other clients too, `api-key` only where there is no authorization", () => {
  expect(tenantOf(asking({ "api-key": "key-a" }), { API_KEYS })).toBe("ann");
  expect(tenantOf(asking({ "x-api-key": "key-b", "api-key": "key-a" }), { API_KEYS })).toBe("bob");
  expect(tenantOf(asking({ authorization: "Bearer key-b", "api-key": "key-a" }), { API_KEYS })).toBe("bob");
  for (const headers of [
    { "api-key": "key-c" },
    { authorization: "Basic eDp5", "api-key": "key-a" },
    { authorization: "Bearer key-c", "api-key": "key-a" },
  ] as Record<string, string>[])
    expect(() => tenantOf(asking(headers), { API_KEYS })).toThrow(expect.objectContaining({ code: "unauthorized" }));
});

it("A1, A2: refuses every other key, of any length, without a throw of another kind", () => {
  const lengths = [0, 1, 31, 32, 33, 64, 4096].map((length) => `Bearer ${"k".repeat(length)}`);
  for (const authorization of [
    ...lengths,
    "",
    "key-a",
    "Basic key-a",
    "Bearer key-a key-b",
    `Bearer ${digest("key-a")}`,
    "Bearer key-A",
  ]) {
    expect(() => tenantOf(asking({ authorization }), { API_KEYS }), authorization).toThrow(
      expect.objectContaining({ code: "unauthorized" }),
    );
  }
  expect(() => tenantOf(asking({}), { API_KEYS })).toThrow(expect.objectContaining({ code: "unauthorized" }));
});

it("lets nobody in when no keys are configured, not even none", () => {
  for (const request of [asking({}), asking({ authorization: "Bearer x" })])
    expect(() => identityOf(request, { API_KEYS: undefined })).toThrow(expect.objectContaining({ code: "bug" }));
});

it("lets nobody in when the keys are written wrongly", () => {
  for (const wrong of ["ann", `ann:${digest("key-a").slice(1)}`, `${API_KEYS},x`]) {
    expect(() => tenantOf(asking({ authorization: "Bearer key-a" }), { API_KEYS: wrong })).toThrow(
      expect.objectContaining({ code: "bug" }),
    );
  }
});

it("takes the session of the body before that of a header", () => {
  expect(sessionOf(asking({ "x-session-id": "h" }), "b")).toBe("b");
  expect(sessionOf(asking({ "x-session-id": "h" }), { id: "b" })).toBe("b");
  expect(sessionOf(asking({ "x-session-id": "h", session_id: "i" }), null)).toBe("h");
  expect(sessionOf(asking({}), undefined)).toBeUndefined();
  expect(() => sessionOf(asking({ "x-session-id": "" }), undefined)).toThrow("x-session-id");
});

it("names of objects differ by tenant, session and secret, and show none of them", () => {
  const names = [
    objectName({ SESSION_KEY: "s" }, "ann", "one"),
    objectName({ SESSION_KEY: "s" }, "bob", "one"),
    objectName({ SESSION_KEY: "s" }, "ann", "two"),
    objectName({ SESSION_KEY: "t" }, "ann", "one"),
    objectName({ SESSION_KEY: "s" }, 'ann","one', ""),
  ];
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
});

it("knows a key again by its digest, as long as it is configured", () => {
  const { tenant, digest: known } = identityOf(asking({ authorization: "Bearer key-a" }), { API_KEYS });
  expect([tenant, known]).toEqual(["ann", digest("key-a")]);
  expect(identityOfDigest(known, { API_KEYS })?.tenant).toBe("ann");
  expect(identityOfDigest(known, { API_KEYS: `bob:${digest("key-b")}` })).toBeUndefined();
  for (const wrong of ["", "zz", known.slice(1), `${known}0`.slice(1)])
    expect(identityOfDigest(wrong, { API_KEYS })).toBeUndefined();
  expect(identityOf(asking({}), { API_KEYS: "" })).toEqual({ tenant: "local", digest: "", scopes: ["admin"] });
});

it("takes an idempotency key bare or as a structured field, and no other", () => {
  expect(idempotencyKeyOf(asking({ "idempotency-key": "abc-1" }))).toBe("abc-1");
  expect(idempotencyKeyOf(asking({ "idempotency-key": '"abc-1"' }))).toBe("abc-1");
  expect(idempotencyKeyOf(asking({}))).toBeUndefined();
  for (const wrong of ["", '""', "a b", "k".repeat(257)])
    expect(() => idempotencyKeyOf(asking({ "idempotency-key": wrong }))).toThrow("idempotency-key");
  expect(idempotencyKeyOf(asking({ "idempotency-key": "k".repeat(256) }))).toHaveLength(256);
});

it("A1: a key ends when it was to end, and may do what it was given", () => {
  const line = (more: string) => ({ API_KEYS: `ann:${digest("key-a")}${more}` });
  const scopesOf = (more: string) => identityOfDigest(digest("key-a"), line(more))?.scopes;
  expect(scopesOf("")).toEqual(["read", "write"]);
  expect(scopesOf(";expires=2999-12-31;scopes=read")).toEqual(["read"]);
  expect(scopesOf(";expires=2020-01-31")).toBeUndefined();
  const today = new Date().toISOString();
  expect(scopesOf(`;expires=${today.slice(0, 10)}`), "to the end of the day").toBeDefined();
  expect(scopesOf(`;expires=${new Date(Date.now() - 60_000).toISOString().slice(0, 19)}Z`)).toBeUndefined();
  for (const [given, needed, fails] of [
    [["read"], "write", true],
    [["read", "write"], "metrics", true],
    [["metrics"], "read", true],
    [["admin"], "metrics", false],
    [["read"], "read", false],
  ] as const) {
    const check = () => checkScope(given, needed);
    if (fails) expect(check).toThrow(expect.objectContaining({ code: "scope_missing" }));
    else check();
  }
});

it("A1: keys that are written wrongly are refused with one line that names the entry and not its digest", () => {
  const good = `ann:${digest("key-a")}`;
  for (const wrong of [
    "ann",
    `${good};scopes=`,
    `${good};scopes=read+fly`,
    `${good};expires=soon`,
    `${good};expires=2027-02-31x`,
    `${good};colour=red`,
  ]) {
    const parse = () => parseKeys(`bob:${digest("b")},${wrong}`);
    expect(parse, wrong).toThrow(/^API_KEYS: entry 2: [^\n]+$/);
    expect(parse).not.toThrow(digest("key-a"));
  }
});
