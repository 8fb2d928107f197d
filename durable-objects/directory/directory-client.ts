/** A tenant's directory, as others ask it. */
import { createHmac } from "node:crypto";
import type { DirectoryEntry, DirectoryPage } from "../../src/api/conversations/directory-entry.ts";
import { answerOf } from "../../src/api/shared/error-body.ts";
import { UNKEYED } from "../../src/api/shared/ids.ts";
import { tenantsOf } from "../../src/api/shared/keys.ts";
import { Failure } from "../../src/core/failure.ts";
import { directoryNamed } from "../platform/peers.ts";
import type { PageRequest } from "./directory-store.ts";
import type { Quota, QuotaAnswer, QuotaRequest } from "./quota.ts";

type Bindings = Pick<Env, "DIRECTORY" | "SESSION_KEY">;

/**
 * Publishes an entry. Resolves, when the directory has written it down, to the revision that stands: a higher
 * one where the clock was put back.
 */
export async function publishEntry(env: Bindings, tenant: string, entry: DirectoryEntry): Promise<number> {
  const { revision } = await ask<{ revision: number }>(env, tenant, "/entry", entry);
  // A clock that was put back: its changes are new all the same.
  return revision > entry.revision ? publishEntry(env, tenant, { ...entry, revision: revision + 1 }) : revision;
}

/** A page of a list, as its endpoint's query asks for it. */
type PageQuery = Pick<PageRequest, "kind"> & { [Name in "limit" | "order" | "after"]?: PageRequest[Name] | undefined };

/** The newest 20, unless the query says otherwise. Fails with `not_found` when `after` names nothing. */
export const listDirectory = (
  env: Bindings,
  tenant: string,
  { kind, limit = 20, order = "desc", after }: PageQuery,
): Promise<DirectoryPage> => ask<DirectoryPage>(env, tenant, "/list", { kind, limit, order, after });

/**
 * Counts a request, a turn or a socket, or says which limit refuses it. Fails with
 * `quota_unavailable` when nobody can say.
 */
export const admit = (env: Bindings, tenant: string, request: QuotaRequest): Promise<QuotaAnswer> =>
  ask<QuotaAnswer>(env, tenant, "/admit", request).catch(away);

/**
 * Fails with `storage_full` where that is so: the platform hides why an object that could not store anything was reset,
 * and the directory is asked to write a row.
 */
export async function requireRoom(env: Bindings, tenant: string): Promise<void> {
  await ask(env, tenant, "/write", {}).catch((thrown: unknown) => {
    const failure = Failure.from(thrown);
    if (failure.code === "storage_full") throw failure;
  });
}

/** How many tenants are asked for where nobody's request shows that nothing can be stored. */
const ASKED_MAX = 8;

/**
 * Fails with `storage_full` where that is so and no tenant asks. A directory that was never made cannot be made then,
 * which says nothing: those of tenants that have keys are asked, one after another.
 */
export async function requireRoomForAny(env: Bindings & Pick<Env, "API_KEYS">): Promise<void> {
  for (const tenant of tenantsOf(env).slice(0, ASKED_MAX)) await requireRoom(env, tenant);
}

/** What another object of the tenant's answers. Fails with `storage_full` where it fails because of that. */
export const orStorageFull = <T>(env: Bindings, tenant: string, asked: Promise<T>): Promise<T> =>
  asked.catch(async (thrown: unknown) => {
    await requireRoom(env, tenant);
    throw thrown;
  });

/** How many bytes an object stores; null when it stores nothing any more. */
export interface StoredBytes {
  object: string;
  bytes: number | null;
}

/** A turn or a socket has ended, and its object stores so much. Fails as `ask` does; then its lease ends by itself. */
export const settle = (
  env: Bindings,
  tenant: string,
  lease: string,
  tokens = 0,
  stored?: StoredBytes,
): Promise<unknown> => ask(env, tenant, "/settle", { lease, tokens, ...(stored ? { stored } : {}) });

/** Tokens that were computed without a lease. `key`: as in `QuotaRequest`. Fails as `ask` does. */
export const spend = (env: Bindings, tenant: string, key: string, tokens: number): Promise<unknown> =>
  ask(env, tenant, "/spend", { key, tokens });

/** Which of these objects of the tenant's may hold something: asking an object itself would make one. */
export const knownObjects = async (env: Bindings, tenant: string, objects: readonly string[]): Promise<string[]> =>
  (await ask<{ known: string[] }>(env, tenant, "/knows", { objects }).catch(away)).known;

/** Before an object first holds something. */
export const beginObject = (
  env: Bindings,
  tenant: string,
  request: Omit<QuotaRequest, "kind"> & { object: string },
): Promise<{ isNew: boolean; refused?: QuotaAnswer["refused"] }> =>
  ask<{ isNew: boolean; refused?: QuotaAnswer["refused"] }>(env, tenant, "/begin", request).catch(away);

/** A change of the stored size below this is not worth a row in the directory. */
export const STORED_CHANGE_BYTES = 256 * 1024;

/** Reports how many bytes an object stores. */
export const publishStored = (env: Bindings, tenant: string, stored: StoredBytes): Promise<unknown> =>
  ask(env, tenant, "/stored", stored);

export const usageOf = (env: Bindings, tenant: string, key: string) =>
  ask<ReturnType<Quota["usage"]>>(env, tenant, "/usage", { key }).catch(away);

/** A directory that does not answer counts nothing, so the request is refused. */
function away(cause: unknown): never {
  const failure = Failure.from(cause);
  if (failure.code !== "bug" && failure.code !== "storage_unavailable") throw failure;
  const message = "the object that counts what this tenant uses did not answer; try again";
  throw new Failure("quota_unavailable", message, { cause });
}

/** Names of directories by secret and tenant: every request asks for one. */
const names = new Map<string, string>();
const NAMES_MAX = 1000;

function nameOf(secret: string, tenant: string): string {
  const key = JSON.stringify([secret, tenant]);
  const known = names.get(key);
  if (known !== undefined) return known;
  const name = createHmac("sha256", secret)
    .update(JSON.stringify(["directory", tenant, ""]))
    .digest("hex");
  if (names.size >= NAMES_MAX) names.clear();
  names.set(key, name);
  return name;
}

async function ask<T>(env: Bindings, tenant: string, path: string, body: object): Promise<T> {
  const response = await directoryNamed(env, nameOf(env.SESSION_KEY || UNKEYED, tenant)).fetch(
    `http://directory${path}`,
    {
      method: "POST",
      headers: { "x-rivulet-tenant": tenant },
      body: JSON.stringify(body),
    },
  );
  return answerOf<T>(response);
}
