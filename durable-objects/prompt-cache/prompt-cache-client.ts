/** A tenant's prompt cache, as others ask it. What fails there costs a turn its saving, never its reply. */
import { createHash, createHmac } from "node:crypto";
import { UNKEYED } from "../../src/api/shared/ids.ts";
import { frontOf } from "../platform/peers.ts";
import type { PromptCache, PromptCacheSize } from "./prompt-cache.ts";
import { type PromptCacheSettings, promptCacheLimits } from "./prompt-cache-limits.ts";
import { DIGEST_BYTES, type NewState } from "./prompt-cache-store.ts";

/** Bytes that are on their way between two objects. */
const CHUNK_BYTES = 256 * 1024;

/** How a cache is asked, in this process or in another. */
export type PromptCacheCalls = Pick<DurableObjectStub<PromptCache>, "find" | "keep" | "size" | "drop" | "clear">;

type Bindings = Pick<Env, "SESSION_KEY"> & PromptCacheSettings & { PROMPT_CACHE?: DurableObjectNamespace<PromptCache> };

/** The tenant's object; undefined where nothing is to be kept. */
function cacheOf(env: Bindings, tenant: string): PromptCacheCalls | undefined {
  // A deployment whose configuration is of an earlier release binds none.
  if (promptCacheLimits(env).ttlMs === 0 || !env.PROMPT_CACHE) return undefined;
  const name = keyed(env, ["prompt-cache", tenant]).toString("hex");
  const there = frontOf(env);
  return there ? (there.promptCache(name) as PromptCacheCalls) : env.PROMPT_CACHE.getByName(name);
}

const keyed = ({ SESSION_KEY }: Bindings, of: readonly unknown[]): Buffer =>
  createHmac("sha256", SESSION_KEY || UNKEYED)
    .update(JSON.stringify(of))
    .digest();

/**
 * Digests of what lies before each border of a prompt: each slice's ids with the digest before them, those of its
 * template's prelude with the first. They differ for every tenant, every model and every size of slices, so what
 * they name is found by nobody else.
 */
export function bordersOf(
  env: Bindings,
  { tenant, fingerprint, slice, prelude }: { tenant: string; fingerprint: string; slice: number; prelude: number },
  ids: Uint32Array,
): Uint8Array<ArrayBuffer> {
  // The last id is always read again: its logits are kept nowhere.
  const count = Math.floor((ids.length - 1 - prelude) / slice);
  const borders = new Uint8Array(Math.max(0, count) * DIGEST_BYTES);
  let before: Uint8Array = keyed(env, ["border", tenant, fingerprint, slice]);
  for (let n = 0; n < count; n++) {
    const from = n === 0 ? 0 : prelude + n * slice;
    const bytes = new Uint8Array(ids.slice(from, prelude + (n + 1) * slice).buffer);
    before = createHash("sha256").update(before).update(bytes).digest();
    borders.set(before.subarray(0, DIGEST_BYTES), n * DIGEST_BYTES);
  }
  return borders;
}

interface FoundPrompt {
  id: number;
  slices: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Undefined where the cache is off. */
export async function findPrompt(
  env: Bindings,
  tenant: string,
  borders: Uint8Array,
): Promise<{ state: FoundPrompt | undefined; shared: number } | undefined> {
  const cache = cacheOf(env, tenant);
  if (!cache) return undefined;
  const { state, shared } = await cache.find(borders);
  if (!state) return { state: undefined, shared };
  const { id, slices } = state;
  const bytes = new Uint8Array(await new Response(state.bytes).arrayBuffer());
  return { state: { id, slices, bytes }, shared };
}

/** Resolves when it is kept, or is not. */
export async function keepPrompt(env: Bindings, tenant: string, state: NewState, bytes: Uint8Array): Promise<void> {
  await cacheOf(env, tenant)?.keep(state, bytes.length, inChunks(bytes));
}

export const promptCacheSize = async (env: Bindings, tenant: string): Promise<PromptCacheSize> =>
  (await cacheOf(env, tenant)?.size()) ?? { states: 0, bytes: 0 };

/** Resolves when nothing of the tenant's is left there. Fails when nobody can say. */
export const clearPromptCache = async (env: Bindings, tenant: string): Promise<void> =>
  void (await cacheOf(env, tenant)?.clear());

/** The same for what came from prompts that this object keeps. */
export const dropPrompts = async (env: Bindings, tenant: string, owner: string): Promise<void> =>
  void (await cacheOf(env, tenant)?.drop(owner));

function inChunks(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + CHUNK_BYTES));
      at += CHUNK_BYTES;
    },
  });
}
