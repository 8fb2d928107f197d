import { evictAllDurableObjects, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it } from "vitest";
import type { Conversation } from "../../../../durable-objects/conversation/conversation.ts";
import { identityOf, PORTABLE_SCHEMA } from "../../../../durable-objects/conversation/export-file.ts";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { weights } from "../../../../durable-objects/model/served-model.ts";
import { Database } from "../../../../durable-objects/storage/database.ts";
import { Failure } from "../../../../src/core/failure.ts";
import { type FileHeader, type FileRecord, fileKeys, RECORD_MAX_BYTES } from "../../../../src/portable/file-format.ts";
import { readConversationFile } from "../../../../src/portable/read-file.ts";
import { conversationFile } from "../../../../src/portable/write-file.ts";
import { askObject, contentOf, converse, named, refused, stub, told } from "../../../support/object.ts";
import { type Toy, toyServed } from "../../../support/toy-served.ts";

/** As text: modules of the runtime read no file. */
// @ts-expect-error: the bundler's
const fixtures: Record<string, string> = import.meta.glob("../../../fixtures/conversation-1.base64", {
  query: "?raw",
  import: "default",
  eager: true,
});
const [earlier] = Object.values(fixtures);
let toy: Toy;
beforeAll(async () => {
  env.SESSION_KEY = "a secret" as never;
  // A state of more bytes than the largest record has.
  toy = toyServed({ ballast: RECORD_MAX_BYTES + 1000 });
  await weights.get(async () => toy);
});
afterEach(async () => {
  expect([admission.live, toy.live.size], "memory slots and sequences left").toEqual([0, 0]);
  await reset();
});

const bytesOf = async (asked: Promise<Response>) => {
  const response = await asked;
  expect(response.status, response.ok ? "" : await response.clone().text()).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
};
const exported = (conversation: string, head = "main") => bytesOf(askObject(named(conversation), `/export/${head}`));
const imported = (conversation: string, body: Uint8Array<ArrayBuffer>, tenant = "local") =>
  askObject(named(conversation, tenant), "/import", { conversation, body, tenant });
const inside = <R>(conversation: string, work: (instance: Conversation, state: DurableObjectState) => R | Promise<R>) =>
  runInDurableObject(stub(conversation) as never, work as never) as Promise<R>;
const rows = (conversation: string, query: string) =>
  inside(conversation, (_, { storage }) => storage.sql.exec(query).toArray());
const tables = (conversation: string) =>
  rows(conversation, "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'");

const sampled = { sampling: { temperature: 0.9 } };

it("an imported conversation goes on to the same tokens as the original, and feeds only its own", async () => {
  await converse("ada", "one", { ...sampled, seed: 1 });
  await converse("ada", "two", sampled);
  const file = await exported("ada");
  const view = await told(imported("copy", file));
  expect(view).toMatchObject({ id: "main", conversation: "copy", turns: 2 });
  await evictAllDurableObjects();
  for (const content of ["three", "four"]) {
    const [original, copy] = [await converse("ada", content, sampled), await converse("copy", content, sampled)];
    expect(contentOf(copy)).toBe(contentOf(original));
    expect(copy.usage).toEqual(original.usage);
    expect(copy.timings).toMatchObject({ state: "resumed", prefill_tokens: original.timings.prefill_tokens });
  }
});

it("V3: a file of an earlier release is imported, and goes on from its state to the tokens that followed there", async () => {
  // Two turns, exported before states shared rows; the third turn drew these letters there.
  const small = toyServed({ ballast: 2000 });
  weights.forget();
  await weights.get(async () => small);
  const file = Uint8Array.from(Buffer.from(earlier!, "base64"));
  expect(await told(imported("copy", file))).toMatchObject({ conversation: "copy", turns: 2 });
  const next = await converse("copy", "three", sampled);
  expect(contentOf(next)).toBe("wxracjws");
  expect(next.timings).toMatchObject({ state: "resumed", rebuilt_tokens: 0 });
  weights.forget();
  await weights.get(async () => toy);
});

it("a file whose records are as long as they may be is imported, state and all", async () => {
  await converse("ada", "one", { ...sampled, seed: 1 });
  const keys = fileKeys("a secret", "local");
  const body = new Response(await exported("ada")).body!;
  const model = identityOf(toy);
  let header: FileHeader | undefined;
  const records: FileRecord[] = [];
  for await (const part of readConversationFile(body, { keys, model, schema: PORTABLE_SCHEMA }))
    if ("kind" in part) records.push(part);
    else header = part;
  const state = Buffer.concat(records.filter(({ kind }) => kind === "state").map(({ bytes }) => bytes));
  const long = [0, RECORD_MAX_BYTES].map((at): FileRecord => {
    return { kind: "state", bytes: Uint8Array.from(state.subarray(at, at + RECORD_MAX_BYTES)) };
  });
  expect(long.map(({ bytes }) => bytes.length)).toEqual([RECORD_MAX_BYTES, state.length - RECORD_MAX_BYTES]);
  const recut = conversationFile(header!, [...records.filter(({ kind }) => kind !== "state"), ...long], keys);
  expect(await told(imported("copy", new Uint8Array(await new Response(recut).arrayBuffer())))).toMatchObject({
    turns: 1,
  });
  const [original, copy] = [await converse("ada", "two", sampled), await converse("copy", "two", sampled)];
  expect(contentOf(copy)).toBe(contentOf(original));
  expect(copy.timings).toMatchObject({ state: "resumed", rebuilt_tokens: 0 });
});

it("needs the state in the file: without it the copy is rebuilt from the log, and says so", async () => {
  await converse("ada", "one");
  await converse("ada", "two");
  await rows("ada", "UPDATE pieces SET bytes = zeroblob(length(bytes))");
  await told(imported("copy", await exported("ada")));
  expect(await rows("copy", "SELECT * FROM pieces")).toEqual([]);
  const [original, copy] = [await converse("ada", "three"), await converse("copy", "three")];
  expect(contentOf(copy)).toBe(contentOf(original));
  expect(copy.timings.state).toBe("rebuilt");
});

it("exports a fork, at its own place", async () => {
  await converse("ada", "one");
  const fork = await told<{ id: string; conversation: string }>(
    askObject(named("ada"), "/head", { conversation: "ada", body: {} }),
  );
  await converse("ada", "two");
  const view = await told(imported("copy", await exported("ada", fork.id)));
  expect(view).toMatchObject({ turns: 1, conversation: "copy" });
});

it("A12: refuses a file of another tenant, and a damaged one, and leaves nothing behind", async () => {
  await converse("ada", "one");
  const file = await exported("ada");
  expect(await refused(imported("copy", file, "eve"))).toMatchObject({ code: "import_refused", param: "key" });
  const damaged = file.slice();
  damaged[damaged.length - 40_000]! ^= 1;
  expect(await refused(imported("copy", damaged))).toMatchObject({ code: "import_refused", param: "file" });
  expect(await refused(imported("copy", file.subarray(0, -1)))).toMatchObject({
    code: "import_refused",
    param: "file",
  });
  expect(await tables("copy")).toEqual([]);
  expect(await refused(askObject(named("copy"), "/head/main"))).toMatchObject({ code: "not_found" });
  await told(imported("copy", file));
});

it("A12: refuses the file of another model, with what differs", async () => {
  await converse("ada", "one");
  const file = await exported("ada");
  const { fingerprint } = toy;
  Object.assign(toy, { fingerprint: "1".repeat(64) });
  try {
    expect(await refused(imported("copy", file))).toMatchObject({ code: "import_refused", param: "model" });
  } finally {
    Object.assign(toy, { fingerprint });
  }
});

it("imports into no conversation that exists", async () => {
  await converse("ada", "one");
  const file = await exported("ada");
  expect(await refused(imported("ada", file))).toMatchObject({ code: "conversation_conflict", param: "id" });
  await told(imported("copy", file));
  expect(await refused(imported("copy", file))).toMatchObject({ code: "conversation_conflict" });
});

it("what an import left that broke off is removed by the alarm", async () => {
  await converse("ada", "one");
  const file = await exported("ada");
  // The instance ends while it waits for the rest of the file.
  const never = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(file.subarray(0, -100)) });
  const broken = askObject(named("copy"), "/import", { conversation: "copy", body: never }).catch(() => undefined);
  const staged = () => rows("copy", "SELECT * FROM staging").catch(() => []);
  await expect.poll(async () => (await staged()).length).toBeGreaterThan(0);
  await inside("copy", (_, ctx) => ctx.abort("gone")).catch(() => {});
  await broken;
  await runDurableObjectAlarm(stub("copy"));
  expect(await tables("copy")).toEqual([]);
});

/** The n-th statement of the object fails, once. */
const arm = (conversation: string, n: number) =>
  inside(conversation, ({ store: { database } }) => {
    const plan = { left: n, failed: false };
    database.exec = (...args) => {
      plan.left--;
      plan.failed ||= plan.left === 0;
      if (plan.left === 0) throw new Failure("storage_unavailable", "by plan");
      return Database.prototype.exec.apply(database, args);
    };
    return plan;
  });

it("C6: an import that fails at any statement leaves nothing or everything, and can be done again", async () => {
  await converse("ada", "one");
  const file = await exported("ada");
  const expected = contentOf(await converse("ada", "two"));
  const outcomes = new Set<boolean>();
  for (let failAt = 1; ; failAt++) {
    const plan = await arm("copy", failAt);
    const response = await imported("copy", file);
    const text = await response.text();
    if (!plan.failed) {
      expect(response.status, text).toBe(200);
      return expect([failAt > 10, outcomes.size]).toEqual([true, 2]);
    }
    if (!response.ok) expect(text).toContain("storage_unavailable");
    // After the commit only the answer can fail.
    const isThere = (await askObject(named("copy"), "/head/main")).ok;
    outcomes.add(isThere);
    if (isThere) {
      expect(contentOf(await converse("copy", "two"))).toBe(expected);
      await told(askObject(named("copy"), "/head/main", { method: "DELETE" }));
    }
    await runDurableObjectAlarm(stub("copy"));
    expect(await tables("copy"), `after statement ${failAt}`).toEqual([]);
  }
});
