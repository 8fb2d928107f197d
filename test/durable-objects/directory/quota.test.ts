import { expect, it } from "vitest";
import { type Later, Quota, type QuotaRequest } from "../../../durable-objects/directory/quota.ts";
import { limitsOf, parseLimits } from "../../../src/api/shared/quota-limits.ts";
import { durationOf } from "../../../src/routes/admission-control.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOON = 20_000 * DAY + DAY / 2;

const atOnce = (write: () => void) => write();

function opened(storage = sqliteStorage(), later: Later = atOnce) {
  const quota = new Quota((query, ...bindings) => storage.sql.exec(query, ...bindings).toArray(), later);
  const ask = (kind: QuotaRequest["kind"], limits: object, nowMs = NOON, fields: Partial<QuotaRequest> = {}) =>
    quota.admit({ key: "", kind, limits: { tenant: limits, key: {} }, ...fields }, nowMs);
  return { quota, storage, ask };
}

it("A6: requests are counted by the minute, and what is left goes with every answer", () => {
  const { ask } = opened();
  const limits = { requests_per_minute: 3 };
  const left = [0, 1, 2].map(() => ask("request", limits, NOON + 1000).requests.remaining);
  expect(left).toEqual([2, 1, 0]);
  expect(ask("request", limits, NOON + 1000).refused).toEqual({
    ...{ limit: "requests_per_minute", of: "tenant", most: 3, afterSeconds: 59 },
  });
  expect(ask("request", limits, NOON + MINUTE).requests).toEqual({ limit: 3, remaining: 2, resetMs: MINUTE });
});

it("A6: a turn holds a lease until it is settled, once; one that nobody settles lapses", () => {
  const { quota, ask } = opened();
  const limits = { concurrent_turns: 2 };
  for (const lease of ["a", "b"]) expect(ask("turn", limits, NOON, { lease }).refused).toBeUndefined();
  expect(ask("turn", limits, NOON, { lease: "c" }).refused?.limit).toBe("concurrent_turns");
  quota.settle("a", 10, NOON);
  quota.settle("a", 10, NOON);
  quota.settle("never taken", -5, NOON);
  expect(quota.usage("", NOON).tenant).toMatchObject({ concurrent_turns: 1, tokens_per_day: 10 });
  expect(ask("turn", limits, NOON, { lease: "c" }).refused).toBeUndefined();
  expect(quota.usage("", NOON + 16 * MINUTE).tenant.concurrent_turns).toBe(0);
});

it("A6: counters outlive a restart, and cannot go below zero", () => {
  const { quota, storage, ask } = opened();
  ask("request", {});
  ask("turn", {}, NOON, { lease: "a" });
  quota.settle("a", 70, NOON);
  ask("turn", {}, NOON, { lease: "b" });
  quota.grow({ conversations: 2, bytes: 100 });
  quota.grow({ conversations: -5, bytes: -1000 });
  const again = opened(storage).quota.usage("", NOON).tenant;
  expect(again).toMatchObject({ requests_per_minute: 1, tokens_per_day: 70, concurrent_turns: 1 });
  expect([again.conversations, again.stored_bytes]).toEqual([0, 0]);
});

it("A6: counts that an earlier release did not write stand at zero, and limits hold on them", () => {
  const { storage, ask } = opened();
  ask("turn", {});
  const stored = { tenant: { minute: NOON / MINUTE, day: NOON / DAY - 0.5 }, keys: { k: { day: NOON / DAY - 0.5 } } };
  storage.sql.exec("UPDATE quota SET record = ?", JSON.stringify(stored));
  const again = opened(storage);
  const of = (kind: QuotaRequest["kind"]) =>
    again.ask(kind, { requests_per_minute: 1, tokens_per_day: 1 }, NOON, { key: "k", lease: kind });
  expect([of("request"), of("request")].map(({ refused }) => refused?.limit)).toEqual([
    ...[undefined, "requests_per_minute"],
  ]);
  again.quota.spend("k", 1, NOON);
  expect(of("turn").refused?.limit).toBe("tokens_per_day");
  expect(again.quota.usage("k", NOON).key).toMatchObject({ tokens_per_day: 1, concurrent_turns: 0 });
});

it("turns that come close together are written as one row, and a row that must be written takes them with it", () => {
  const storage = sqliteStorage();
  const due: (() => void)[] = [];
  const { quota, ask } = opened(storage, (write) => void due.push(write));
  let rows = 0;
  const { exec } = storage.sql;
  storage.sql.exec = (query, ...bindings) => {
    if (/^(INSERT|UPDATE|DELETE)/.test(query)) rows++;
    return exec.call(storage.sql, query, ...bindings);
  };
  const turns = (names: string[]) => {
    for (const lease of names) ask("turn", {}, NOON, { lease });
    for (const lease of names) quota.settle(lease, 10, NOON);
  };
  const used = () => opened(storage).quota.usage("", NOON).tenant;
  turns(["a", "b", "c"]);
  expect([rows, due.length]).toEqual([0, 1]);
  for (const write of due.splice(0)) write();
  expect([rows, used().tokens_per_day]).toEqual([1, 30]);
  turns(["d"]);
  ask("turn", {}, NOON, { lease: "e" });
  expect(due.length, "what comes after a row is due again").toBe(1);
  quota.grow({ bytes: 7 });
  expect([rows, used()]).toMatchObject([2, { tokens_per_day: 40, concurrent_turns: 1, stored_bytes: 7 }]);
  for (const write of due.splice(0)) write();
  expect(rows, "nothing has changed since").toBe(2);
});

it("A8: a turn reserves what it can compute, is granted no more than the day leaves, and gives back what it did not compute", () => {
  const { quota, storage, ask } = opened();
  const limits = { tokens_per_day: 100 };
  const turn = (lease: string, tokens: number) => ask("turn", limits, NOON, { lease, tokens });
  expect(turn("a", 70)).toMatchObject({ tokens: { limit: 100, remaining: 30 } });
  expect(turn("a", 0).granted, "what it asked for").toBeUndefined();
  quota.settle("a", 0, NOON);
  expect(turn("a", 70).granted).toBeUndefined();
  expect(turn("b", 70)).toMatchObject({ granted: 30, tokens: { remaining: 0 } });
  // Not until tomorrow: what is reserved is seldom all computed.
  expect(turn("c", 1).refused).toEqual({ limit: "tokens_per_day", of: "tenant", most: 100, afterSeconds: 1 });
  const again = opened(storage);
  expect(again.quota.usage("", NOON).tenant.tokens_per_day).toBe(0);
  expect(again.ask("turn", limits, NOON, { lease: "c", tokens: 1 }).refused?.afterSeconds, "after a restart").toBe(1);
  quota.settle("a", 40, NOON);
  quota.settle("b", 30, NOON);
  quota.settle("b", 30, NOON);
  expect(turn("c", 50)).toMatchObject({ granted: 30, tokens: { remaining: 0 } });
  // Nobody settles it.
  const later = NOON + 16 * MINUTE;
  expect(ask("turn", limits, later, { lease: "d", tokens: 30 })).toMatchObject({ tokens: { remaining: 0 } });
  quota.settle("d", 45, later);
  expect(quota.usage("", later).tenant.tokens_per_day).toBe(115);
  const refused = ask("turn", limits, later, { lease: "e", tokens: 1 });
  expect(refused).toMatchObject({
    refused: { afterSeconds: (DAY / 2 - 16 * MINUTE) / 1000 },
    tokens: { remaining: 0 },
  });
});

it("A8: a key's day and its tenant's both bound a turn", () => {
  const { ask } = opened();
  const limits = { tenant: { tokens_per_day: 100 }, key: { tokens_per_day: 60 } };
  const turn = (lease: string, key: string) => ask("turn", {}, NOON, { lease, key, tokens: 50, limits });
  expect(["a", "b"].map((lease) => turn(lease, "k1").granted)).toEqual([undefined, 10]);
  expect(turn("c", "k2").granted).toBe(40);
  expect(turn("d", "k1").refused?.of).toBe("tenant");
});

it("A6: a key has limits of its own within its tenant's", () => {
  const { ask } = opened();
  const of = (key: string) =>
    ask("request", {}, NOON, { key, limits: { tenant: { requests_per_minute: 3 }, key: { requests_per_minute: 2 } } });
  expect([of("k1"), of("k1"), of("k1"), of("k2"), of("k2")].map(({ refused }) => refused?.of)).toEqual([
    ...[undefined, undefined, "key", undefined, "tenant"],
  ]);
});

it.each([
  ["tokens_per_day", "turn"],
  ["stored_bytes", "turn"],
  ["stored_bytes", "conversation"],
  ["conversations", "conversation"],
  ["sockets", "socket"],
] as const)("A6: %s bounds a %s", (limit, kind) => {
  const { quota, ask } = opened();
  ask("turn", {}, NOON, { lease: "t" });
  quota.settle("t", 5, NOON);
  ask("socket", {}, NOON, { lease: "s" });
  quota.grow({ conversations: 1, bytes: 5 });
  expect(ask(kind, { [limit]: 6 }, NOON, { lease: "x" }).refused).toBeUndefined();
  expect(ask(kind, { [limit]: 1 }, NOON, { lease: "y" }).refused).toMatchObject({ limit, most: 1 });
});

it("L4: a clock that jumps leaves no negative count and no lease for ever", () => {
  const { quota, ask } = opened();
  ask("turn", {}, NOON + 3650 * DAY, { lease: "far" });
  quota.settle("far", 5, NOON + 3650 * DAY);
  ask("turn", {}, NOON + 3650 * DAY, { lease: "left" });
  for (const nowMs of [NOON, NOON - 60 * MINUTE, NOON + DAY]) {
    const { tenant } = quota.usage("", nowMs);
    expect([tenant.concurrent_turns, tenant.tokens_per_day, tenant.requests_per_minute]).toEqual([0, 0, 0]);
    expect(ask("turn", { concurrent_turns: 1 }, nowMs, { lease: "now" }).requests.remaining).toBeNull();
    quota.settle("now", 0, nowMs);
  }
});

it("the limits of a tenant and of a key stand over the usual ones; null lifts one", () => {
  const digest = "a".repeat(64);
  const text = JSON.stringify({
    ...{ tenant: { sockets: 5, conversations: 7 }, tenants: { ann: { conversations: null } } },
    ...{ key: { concurrent_turns: 3 }, keys: { [digest.slice(0, 16)]: { concurrent_turns: 1 } } },
  });
  const ann = limitsOf(text, "ann", digest);
  expect([ann.tenant.sockets, ann.tenant.conversations, ann.key.concurrent_turns]).toEqual([5, Infinity, 1]);
  const bob = limitsOf(text, "bob", "b".repeat(64));
  expect([bob.tenant.conversations, bob.key.concurrent_turns, bob.key.sockets]).toEqual([7, 3, Infinity]);
  expect(limitsOf(text, "constructor", "").tenant.conversations).toBe(7);
  expect(() => parseLimits('{"tenant":{"sockets":-1}}')).toThrow("LIMITS: tenant.sockets: expected at least 0, got -1");
  expect(() => parseLimits('{"tenants":{"ann":7}}')).toThrow("LIMITS: tenants.ann: expected an object, got 7");
  expect(() => parseLimits("[]")).toThrow("LIMITS: expected an object, got a list");
  for (const wrong of ["{", "[]", '{"tenant":{"speed":1}}', '{"tenant":{"sockets":-1}}', '{"keys":{"ann":{}}}'])
    expect(() => parseLimits(wrong), wrong).toThrow(/^LIMITS: [^\n]+$/);
});

it("writes durations as OpenAI does", () => {
  expect([20, 1000, 59_001, 360_000, 86_400_000].map(durationOf)).toEqual(["20ms", "1s", "1m0s", "6m0s", "24h0m0s"]);
});
