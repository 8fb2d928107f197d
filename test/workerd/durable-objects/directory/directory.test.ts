import { evictAllDurableObjects, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it } from "vitest";
import { listDirectory, publishEntry } from "../../../../durable-objects/directory/directory-client.ts";
import type { DirectoryEntry } from "../../../../src/api/conversations/directory-entry.ts";
import { newObjects } from "../../../support/new-objects.ts";

// Names of objects that no other file has, as the list has those that are gone as well.
beforeAll(() => void Object.assign(env, { SESSION_KEY: "of the directory's tests" }));
afterEach(reset);

const page = { kind: "conversation", limit: 10, order: "asc" } as const;
const entry = (id: string, revision: number): DirectoryEntry => ({
  kind: "conversation",
  id,
  createdMs: revision,
  revision,
  info: {},
});
const idsOf = async (tenant: string) => (await listDirectory(env, tenant, page)).entries.map(({ id }) => id);

it("lists what a tenant's objects told it, after an eviction too; A3, A5: each tenant has its own, whose name tells nothing", async () => {
  const made = await newObjects(env.DIRECTORY);
  await publishEntry(env, "ann", entry("one", 1));
  await publishEntry(env, "ann", entry("two", 2));
  await publishEntry(env, "bob", entry("three", 3));
  await evictAllDurableObjects();
  expect([await idsOf("ann"), await idsOf("bob"), await idsOf("eve")]).toEqual([["one", "two"], ["three"], []]);
  const ids = await made();
  expect(new Set(ids.map(String)).size).toBe(3);
  expect(ids.map(({ name }) => name ?? "").join()).not.toMatch(/ann|bob|eve/);
});

it("L4: a clock that was put back does not make changes go unheard", async () => {
  const future = Date.now() + 3_600_000;
  await publishEntry(env, "ann", { ...entry("one", future), deleted: true });
  expect(await publishEntry(env, "ann", entry("one", Date.now()))).toBe(future + 1);
  expect(await idsOf("ann")).toEqual(["one"]);
});

it("hands on a refusal with its code", async () => {
  await expect(listDirectory(env, "ann", { ...page, after: "none" })).rejects.toMatchObject({
    code: "not_found",
    param: "after",
  });
});
