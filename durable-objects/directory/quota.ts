/**
 * Quota: how much a tenant and each of its keys have used, against what they may.
 *
 * All counts stand in one row. What comes and goes with every turn, its lease and its settlement, is counted in memory
 * at once and written with the next row that must be, or `LATER_MS` after: no turn waits for this row, and turns that
 * come close together share one. A directory that dies forgets that much. Turns and sockets hold leases: a lease that
 * was never settled, because its holder crashed, ends by itself. A turn's lease reserves the tokens that the turn can
 * compute at most, so that turns that run at once cannot pass the day's limit together; what was not computed is free
 * again when the lease ends. No count goes below zero, even when a report comes twice or too late.
 */
import type { QuotaLimits, QuotaName } from "../../src/api/shared/quota-limits.ts";
import { Failure } from "../../src/core/failure.ts";
import type { Row, SqlValue } from "../storage/schema.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A lease of a turn ends after this if nobody settles it; of a socket, after an hour. */
const LEASE_MS = { turn: 15 * MINUTE_MS, socket: 60 * MINUTE_MS };
/** Keys that are remembered; of more, those that came longest ago begin anew. */
const KEYS_MAX = 1000;

interface Used {
  minute: number;
  requests: number;
  day: number;
  tokens: number;
}

interface Lease {
  key: string;
  kind: "turn" | "socket";
  untilMs: number;
  /** Of the day's tokens, which nobody else may compute meanwhile. */
  reserved?: number;
}

interface State {
  tenant: Used;
  keys: Record<string, Used>;
  leases: Record<string, Lease>;
  /** Conversations and prefixes, and bytes of all objects. */
  conversations: number;
  bytes: number;
}

export interface QuotaRequest {
  /** First digits of the key's digest; "" where there is none. */
  key: string;
  /**
   * What is asked for: a request, one with values for a stream, a turn or a socket with the name of
   * its lease, or a new conversation.
   */
  kind: "request" | "values" | "turn" | "socket" | "conversation";
  lease?: string;
  /** The most that a turn can compute. Absent: nothing is reserved for it. */
  tokens?: number;
  limits: { tenant: Partial<QuotaLimits>; key: Partial<QuotaLimits> };
}

export interface QuotaAnswer {
  /** Which limit is reached, of whom, and in how many seconds it may be worth asking again. */
  refused?: { limit: QuotaName; of: "tenant" | "key"; most: number; afterSeconds: number };
  /** What is left of the day for the turn, where that is less than it asked for. It may compute so many tokens. */
  granted?: number;
  /** What is left, for the headers. */
  requests: { limit: number | null; remaining: number | null; resetMs: number };
  tokens: { limit: number | null; remaining: number | null; resetMs: number };
}

type Exec = (query: string, ...bindings: SqlValue[]) => Row[];
/** Runs `write` in a while. */
export type Later = (write: () => void) => void;

/** What a directory that dies may forget of turns' leases and tokens. */
const LATER_MS = 5000;
const later: Later = (write) => void setTimeout(write, LATER_MS);

const TABLE = "CREATE TABLE IF NOT EXISTS quota (id INTEGER PRIMARY KEY CHECK (id = 1), record TEXT NOT NULL) STRICT";
const unused = (): Used => ({ minute: 0, requests: 0, day: 0, tokens: 0 });

export class Quota {
  readonly #exec: Exec;
  readonly #later: Later;
  #known: State | undefined;
  /** What has changed since the row was written will be written. */
  #isDue = false;

  constructor(exec: Exec, inAWhile: Later = later) {
    this.#exec = exec;
    this.#later = inAWhile;
  }

  /**
   * Counts what is asked for unless a limit refuses it. Requests alone are written with what comes next, for
   * a row costs more than a count.
   */
  admit({ key, kind, lease, tokens: most = 0, limits }: QuotaRequest, nowMs: number): QuotaAnswer {
    const state = this.#state();
    this.#sweep(state, nowMs);
    const [tenant, own] = this.#used(state, key, nowMs);
    const refused = this.#refusal(state, { key, kind, limits }, nowMs);
    const unreserved = Math.min(
      (limits.tenant.tokens_per_day ?? Infinity) - tenant.tokens - reserved(state),
      (limits.key.tokens_per_day ?? Infinity) - own.tokens - reserved(state, key),
    );
    const granted = Math.min(most, Math.max(0, unreserved));
    if (!refused) {
      const isRequest = kind === "request" || kind === "values";
      for (const used of isRequest ? new Set([tenant, own]) : []) used.requests++;
      if ((kind === "turn" || kind === "socket") && lease !== undefined)
        state.leases[lease] = {
          key,
          kind,
          untilMs: nowMs + LEASE_MS[kind],
          ...(kind === "turn" && granted > 0 ? { reserved: granted } : {}),
        };
      // A socket's lease holds for an hour.
      if (kind === "socket") this.#write(state);
      else if (!isRequest) this.#writeLater(state);
    }
    const left = (name: "requests_per_minute" | "tokens_per_day", field: "requests" | "tokens", windowMs: number) => {
      const most = Math.min(limits.tenant[name] ?? Infinity, limits.key[name] ?? Infinity);
      const remaining = Math.min(
        (limits.tenant[name] ?? Infinity) - tenant[field],
        (limits.key[name] ?? Infinity) - own[field],
      );
      const finite = (value: number) => (Number.isFinite(value) ? Math.max(0, value) : null);
      return { limit: finite(most), remaining: finite(remaining), resetMs: windowMs - (nowMs % windowMs) };
    };
    return {
      ...(refused ? { refused } : granted < most ? { granted } : {}),
      requests: left("requests_per_minute", "requests", MINUTE_MS),
      tokens: {
        ...left("tokens_per_day", "tokens", DAY_MS),
        remaining: Number.isFinite(unreserved) ? Math.max(0, unreserved - (refused ? 0 : granted)) : null,
      },
    };
  }

  /**
   * A turn or a socket has ended, and computed so many tokens. Once: a lease that is gone was settled, or has lapsed.
   */
  settle(lease: string, tokens: number, nowMs: number): void {
    const state = this.#state();
    const held = state.leases[lease];
    if (!held) return;
    delete state.leases[lease];
    this.spend(held.key, tokens, nowMs);
  }

  /** So many tokens were computed. */
  spend(key: string, tokens: number, nowMs: number): void {
    const state = this.#state();
    for (const used of new Set(this.#used(state, key, nowMs))) used.tokens += Math.max(0, tokens);
    this.#writeLater(state);
  }

  /** More or fewer conversations, more or fewer bytes. */
  grow(by: { conversations?: number; bytes?: number }): void {
    const state = this.#state();
    state.conversations = Math.max(0, state.conversations + (by.conversations ?? 0));
    state.bytes = Math.max(0, state.bytes + (by.bytes ?? 0));
    this.#write(state);
  }

  /** What has been used, of the tenant and of one key. */
  usage(key: string, nowMs: number) {
    const state = this.#state();
    this.#sweep(state, nowMs);
    const [tenant, own] = this.#used(state, key, nowMs);
    const view = (used: Used, of: string | undefined): Record<QuotaName, number> => ({
      requests_per_minute: used.requests,
      concurrent_turns: count(state, "turn", of),
      tokens_per_day: used.tokens,
      stored_bytes: state.bytes,
      conversations: state.conversations,
      sockets: count(state, "socket", of),
    });
    return { tenant: view(tenant, undefined), key: view(own, key) };
  }

  #refusal(state: State, { key, kind, limits }: QuotaRequest, nowMs: number): QuotaAnswer["refused"] {
    const minute = Math.ceil((MINUTE_MS - (nowMs % MINUTE_MS)) / 1000);
    const day = Math.ceil((DAY_MS - (nowMs % DAY_MS)) / 1000);
    for (const whose of ["tenant", "key"] as const) {
      const used = whose === "tenant" ? state.tenant : this.#keyOf(state, key);
      const mine = whose === "tenant" ? undefined : key;
      const wanted: Record<QuotaRequest["kind"], [QuotaName, number, number][]> = {
        request: [["requests_per_minute", used.requests, minute]],
        values: [
          ["requests_per_minute", used.requests, minute],
          ["tokens_per_day", used.tokens, day],
          ["stored_bytes", state.bytes, 60],
        ],
        turn: [
          ["concurrent_turns", count(state, "turn", mine), 1],
          ["tokens_per_day", used.tokens, day],
          // All that is left is reserved for turns that run, which seldom compute all of it.
          ["tokens_per_day", used.tokens + reserved(state, mine), 1],
          ["stored_bytes", state.bytes, 60],
        ],
        socket: [["sockets", count(state, "socket", mine), 5]],
        conversation: [
          ["conversations", state.conversations, 60],
          ["stored_bytes", state.bytes, 60],
        ],
      };
      for (const [limit, value, afterSeconds] of wanted[kind]) {
        const most = limits[whose][limit] ?? Number.POSITIVE_INFINITY;
        if (value >= most) return { limit, of: whose, most, afterSeconds };
      }
    }
    return undefined;
  }

  /** What the tenant and the key have used in the windows of now. */
  #used(state: State, key: string, nowMs: number): [tenant: Used, own: Used] {
    const own = this.#keyOf(state, key);
    for (const used of [state.tenant, own]) turnOver(used, nowMs);
    return [state.tenant, own];
  }

  /** Where nobody has a key, key and tenant are one. */
  #keyOf(state: State, key: string): Used {
    if (key === "") return state.tenant;
    const known = state.keys[key] ?? unused();
    delete state.keys[key];
    state.keys[key] = known;
    const keys = Object.keys(state.keys);
    if (keys.length > KEYS_MAX) delete state.keys[keys[0]!];
    return known;
  }

  #sweep(state: State, nowMs: number): void {
    // A clock that was put back must not hold a lease for longer than it was given for.
    for (const [name, { untilMs, kind }] of Object.entries(state.leases))
      if (untilMs <= nowMs || untilMs > nowMs + LEASE_MS[kind]) delete state.leases[name];
  }

  /**
   * An earlier release may have written fewer counts: each that is missing stands at its beginning, since nothing
   * is refused by what is no number.
   */
  #state(): State {
    if (this.#known) return this.#known;
    this.#exec(TABLE);
    const [row] = this.#exec("SELECT record FROM quota");
    const empty: State = { tenant: unused(), keys: {}, leases: {}, conversations: 0, bytes: 0 };
    const stored = row ? (JSON.parse(String(row.record)) as Partial<State>) : {};
    this.#known = {
      ...empty,
      ...stored,
      tenant: { ...unused(), ...stored.tenant },
      keys: Object.fromEntries(Object.entries(stored.keys ?? {}).map(([key, used]) => [key, { ...unused(), ...used }])),
    };
    return this.#known;
  }

  /** Writes the counts now. Fails as the storage does. */
  write(): void {
    this.#write(this.#state());
  }

  #writeLater(state: State): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#later(() => {
      try {
        if (this.#isDue) this.#write(state);
      } catch (thrown) {
        // It is in memory still, and goes with the next row.
        console.warn(`what a tenant has used was not written: ${Failure.from(thrown).message}`);
      }
    });
  }

  #write(state: State): void {
    this.#isDue = false;
    this.#exec("INSERT OR REPLACE INTO quota (id, record) VALUES (1, ?)", JSON.stringify(state));
  }
}

/** Begins a window anew when it is over, and also when it has not begun yet, since then the clock was put back. */
function turnOver(used: Used, nowMs: number): void {
  const [minute, day] = [Math.floor(nowMs / MINUTE_MS), Math.floor(nowMs / DAY_MS)];
  if (used.minute !== minute) Object.assign(used, { minute, requests: 0 });
  if (used.day !== day) Object.assign(used, { day, tokens: 0 });
}

/** Tokens of the day that turns of a key, or of the whole tenant, may still compute. */
const reserved = ({ leases }: State, key?: string): number =>
  Object.values(leases).reduce(
    (sum, lease) => sum + (key === undefined || lease.key === key ? (lease.reserved ?? 0) : 0),
    0,
  );

const count = ({ leases }: State, kind: Lease["kind"], key: string | undefined): number =>
  Object.values(leases).filter((lease) => lease.kind === kind && (key === undefined || lease.key === key)).length;
