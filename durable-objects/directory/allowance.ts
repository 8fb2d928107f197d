/**
 * Allowance: what a caller may begin, asked of the tenant's directory before anything is done.
 *
 * Whoever wants a turn takes a lease, which the object that computes it settles. Whoever wants an object
 * that holds something already asks whether it does, for an object that is asked begins to exist; whoever
 * wants a new one says so first.
 */
import { MAIN } from "../../src/api/shared/ids.ts";
import { limitsOf } from "../../src/api/shared/quota-limits.ts";
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import { Failure } from "../../src/core/failure.ts";
import { modelCards } from "../model/model-card.ts";
import { noSuchResponse } from "../storage/turn-tree.ts";
import { tokensAtMost } from "../turn/tokens-at-most.ts";
import { admit, beginObject, knownObjects, publishStored, type StoredBytes, settle } from "./directory-client.ts";
import type { QuotaAnswer, QuotaRequest } from "./quota.ts";

/** Who is counted. */
export interface Counted {
  tenant: string;
  /** Of the caller's key; "" where nobody needs one. */
  digest: string;
}

type QuotaEnv = Env & { LIMITS?: string };

/** Counts one request, a turn or a socket. The answer says which limit refuses it. Fails with `quota_unavailable`. */
export const ask = (
  env: QuotaEnv,
  counted: Counted,
  kind: QuotaRequest["kind"],
  lease?: string,
  tokens?: number,
): Promise<QuotaAnswer> =>
  admit(env, counted.tenant, {
    ...requestOf(env, counted, kind, lease),
    ...(tokens === undefined ? {} : { tokens }),
  });

/** Which key is counted, by its digest. */
export const keyOf = (digest: string): string => digest.slice(0, 16);

const requestOf = (env: QuotaEnv, { tenant, digest }: Counted, kind: QuotaRequest["kind"], lease?: string) => ({
  key: keyOf(digest),
  kind,
  limits: limitsOf(env.LIMITS, tenant, digest),
  ...(lease === undefined ? {} : { lease }),
});

/** Fails with `rate_limit_exceeded`. */
export function refuse(refused: QuotaAnswer["refused"]): void {
  if (!refused) return;
  const { limit, of, most, afterSeconds } = refused;
  const message = `${limit}: the limit of ${most} is reached for this ${of}; GET /v1/usage shows what is used`;
  throw new Failure("rate_limit_exceeded", message, { param: limit, afterSeconds });
}

/** A turn's lease: the object that computes it, and its id there. */
export const turnLease = (object: string, turn: string): string => `${object} ${turn}`;

/**
 * Fails as `ask` and `refuse` do. `tokens`: the most that a turn can compute. Resolves to
 * what it may, where that is less.
 */
export async function takeLease(
  env: Env,
  counted: Counted,
  kind: "turn" | "socket",
  lease: string,
  tokens?: number,
): Promise<number | undefined> {
  const { refused, granted } = await ask(env, counted, kind, lease, tokens);
  refuse(refused);
  return granted;
}

/** Whether it was. Never rejects: a lease that nobody settles ends by itself. */
export const settleLease = (
  env: Env,
  tenant: string,
  lease: string,
  tokens = 0,
  stored?: StoredBytes,
): Promise<boolean> =>
  settle(env, tenant, lease, tokens, stored).then(
    () => true,
    (thrown: unknown) => {
      console.warn(`a lease was not settled: ${Failure.from(thrown).message}`);
      return false;
    },
  );

/** Objects that held something when this isolate last asked; the newest stay. */
const known = new Set<string>();
const KNOWN_MAX = 10_000;

function remember(object: string): void {
  known.delete(object);
  known.add(object);
  if (known.size > KNOWN_MAX) known.delete(known.values().next().value!);
}
export const forgetObject = (object: string): void => void known.delete(object);

/** What nothing is kept in needs no leave to be asked. */
const keepsNothing = (object: string): boolean => object.startsWith("stateless-");

/** Fails with `missing` unless the object may hold something of the tenant's, and with `quota_unavailable`. */
export async function requireObject(env: Env, tenant: string, object: string, missing: () => Failure): Promise<void> {
  if (keepsNothing(object) || known.has(object)) return;
  if ((await knownObjects(env, tenant, [object])).length === 0) throw missing();
  remember(object);
}

/** Those of the tenant's objects that may hold something, asked all at once. Fails with `quota_unavailable`. */
export async function knownAmong(env: Env, tenant: string, objects: readonly string[]): Promise<Set<string>> {
  const asked = objects.filter((object) => !known.has(object));
  const found = asked.length > 0 ? await knownObjects(env, tenant, asked) : [];
  for (const object of found) remember(object);
  const those = new Set(found);
  return new Set(objects.filter((object) => those.has(object) || known.has(object)));
}

export interface Begun {
  /**
   * It was refused, with this status; where that says that nothing was stored, the object is forgotten. Never rejects.
   */
  undo(status: number): Promise<unknown>;
  /** Of the turn's request: how many tokens it may compute, where that is less than it asks for. */
  grant: Pick<TurnRequest, "grantedTokens">;
}

/** A conflict, or a failure of ours, may leave something behind. */
const storedNothing = (status: number): boolean => status < 500 && status !== 409;

/** Before the object first holds something. Fails as `ask` and `refuse` do. */
export async function beginWith(env: Env, counted: Counted, object: string): Promise<Begun> {
  const nothing = { undo: async () => {}, grant: {} };
  if (keepsNothing(object) || known.has(object)) return nothing;
  const { kind: _, ...request } = requestOf(env, counted, "conversation");
  const { isNew, refused } = await beginObject(env, counted.tenant, { ...request, object });
  refuse(refused);
  remember(object);
  if (!isNew) return nothing;
  const undo = async (status: number) => {
    if (!storedNothing(status)) return;
    forgetObject(object);
    await publishStored(env, counted.tenant, { object, bytes: null }).catch(() => {});
  };
  return { undo, grant: {} };
}

/**
 * Everything that a turn needs leave for. `model`: the name it is served under. Fails with `not_found` where
 * what it goes on from is not there.
 */
export async function allowTurn(
  env: Env,
  counted: Counted,
  object: string,
  turn: string,
  request: Pick<TurnRequest, "persistent" | "parent" | "head" | "conversation"> & Parameters<typeof tokensAtMost>[0],
  model: string | undefined,
): Promise<Begun> {
  const { persistent, parent, head = MAIN, conversation } = request;
  // What is thrown away may name a conversation that is not there yet, and begins none.
  const isFree = !persistent && conversation !== undefined;
  const goesOn = typeof parent === "string" || head !== MAIN || (!persistent && !isFree);
  const missing = typeof parent === "string" ? noSuchResponse : head !== MAIN ? noSuchFork : noSuchPrefix;
  const lease = turnLease(object, turn);
  if (goesOn) await requireObject(env, counted.tenant, object, missing);
  const granted = await takeLease(env, counted, "turn", lease, tokensAtMost(request, await contextOf(env, model)));
  try {
    const begun = goesOn || isFree ? undefined : await beginWith(env, counted, object);
    return {
      grant: granted === undefined ? {} : { grantedTokens: granted },
      undo: async (status) => {
        await settleLease(env, counted.tenant, lease);
        await begun?.undo(status);
      },
    };
  } catch (thrown) {
    await settleLease(env, counted.tenant, lease);
    throw thrown;
  }
}

/** Of the model that a request names; of the default one where it names none. */
async function contextOf(env: Env, model: string | undefined): Promise<number> {
  const cards = await modelCards(env);
  return (cards.find(({ id }) => id === model) ?? cards[0]!).contextLength;
}

const noSuchFork = () => new Failure("not_found", "conversation: no such fork", { param: "conversation" });
const noSuchPrefix = () => nothingKept("prefix");
export const nothingKept = (param: string) =>
  new Failure("not_found", `${param}: nothing is kept under this name`, { param });
