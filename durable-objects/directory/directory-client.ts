/** A tenant's directory, as others ask it. */
import { createHmac } from "node:crypto";
import type { DirectoryEntry, DirectoryPage } from "../../src/api/conversations/directory-entry.ts";
import { Failure } from "../../src/core/failure.ts";
import type { PageRequest } from "./directory-store.ts";

type Bindings = Pick<Env, "DIRECTORY" | "SESSION_KEY">;

/** Tells it, and resolves when it has written that down: the revision that stands, above `entry.revision` when an older clock told it. */
export async function publishEntry(env: Bindings, tenant: string, entry: DirectoryEntry): Promise<number> {
  const { revision } = await ask<{ revision: number }>(env, tenant, "/entry", entry);
  // A clock that was put back: its changes are new all the same.
  return revision > entry.revision ? publishEntry(env, tenant, { ...entry, revision: revision + 1 }) : revision;
}

/** Fails with `not_found` when `after` names nothing. */
export const listDirectory = (env: Bindings, tenant: string, page: PageRequest): Promise<DirectoryPage> =>
  ask<DirectoryPage>(env, tenant, "/list", page);

async function ask<T>({ DIRECTORY, SESSION_KEY }: Bindings, tenant: string, path: string, body: object): Promise<T> {
  const name = createHmac("sha256", SESSION_KEY || "rivulet")
    .update(JSON.stringify(["directory", tenant, ""]))
    .digest("hex");
  const response = await DIRECTORY.getByName(name).fetch(`http://directory${path}`, {
    method: "POST",
    headers: { "x-rivulet-tenant": tenant },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as T & { error?: { code: string; message: string; param: string | null } };
  if (answer.error) throw Failure.from(answer.error);
  return answer;
}
