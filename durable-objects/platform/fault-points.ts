/**
 * Fault points: named places at which tests make things go wrong, and protections that a test switches
 * off to prove that it needs them.
 *
 * They exist only where the bundler defines FAULT_POINTS as true: in the tests' own builds. The Worker that
 * is deployed, packed or served by `npm start` is built with false, and the bundler then leaves out the plan,
 * its bindings and every switch.
 *
 * The binding FAULTS is a JSON object: point → {action, from?, times?, ms?}; `from` is the first visit that
 * counts (1), `times` how many do (1). `throw` raises, `abort` kills the object, `delay` waits, `barrier`
 * calls FAULT_HOOK/at/<point> and waits for the answer. In places that cannot wait only `throw` works. The
 * list `off` names protections that are to be left out; `limits` are numbers of limits.ts that a test of a
 * whole server would otherwise wait for.
 */
import { limits, streamLimits } from "./limits.ts";

interface Fault {
  action: "throw" | "abort" | "delay" | "barrier";
  from?: number;
  times?: number;
  ms?: number;
  message?: string;
}

/**
 * Every place that calls `fault` or `faultNow`. A plan for a place that there is not would never fire,
 * and its test would prove nothing.
 */
export const faultPoints = [
  "turn.accepted",
  "turn.begin",
  "turn.token",
  "checkpoint.before",
  "checkpoint.after",
  "commit.before",
  "commit.after",
  // Inside a transaction.
  "accept",
  "checkpoint",
  "commit.turn",
  "commit.end",
  "alarm",
  "import.staged",
  "stream.before-values",
  "stream.before-commit",
  "stream.after-commit",
  "stream.before-ledger",
  "ledger.before-commit",
  "ledger.asked",
  "ledger.before-erase",
] as const;

export type FaultPoint = (typeof faultPoints)[number];

const protections = [
  "checksum",
  "generator",
  "transaction",
  "retention",
  "journal",
  "lease",
  "key",
  "owner",
  "backpressure",
  "release",
] as const;
export type Protection = (typeof protections)[number];

type Limits = Partial<typeof limits & typeof streamLimits>;

export type FaultPlan = { [Point in FaultPoint]?: Fault } & { off?: Protection[]; limits?: Limits };

declare global {
  /**
   * Replaced by every bundler (wrangler.toml, scripts/serve-bundle.ts, scripts/build-package.ts,
   * vitest.config.ts); undefined in plain Node.
   */
  var FAULT_POINTS: boolean | undefined;
}

let plan: FaultPlan | undefined;
let hook: string | undefined;
const visits = new Map<string, number>();

/**
 * Undefined disarms. Throws where the plan has a name that is none: it may come from a binding, which no type holds.
 */
export function armFaults(next: FaultPlan | undefined, hookUrl?: string): void {
  const { off = [], limits: tightened = {}, ...planned } = next ?? {};
  known(Object.keys(planned), faultPoints);
  known(off, protections);
  known(Object.keys(tightened), [...Object.keys(limits), ...Object.keys(streamLimits)]);
  plan = next;
  hook = hookUrl;
  visits.clear();
}

/** From the bindings, if they have a plan. Visits go on counting over the objects of an isolate. */
export function armFromBindings(env: object): void {
  if (!globalThis.FAULT_POINTS) return;
  const { FAULTS, FAULT_HOOK } = env as { FAULTS?: string; FAULT_HOOK?: string };
  if (!FAULTS || plan) return;
  armFaults(JSON.parse(FAULTS) as FaultPlan, FAULT_HOOK);
  for (const [name, value] of Object.entries(plan!.limits ?? {}))
    Object.assign(name in limits ? limits : streamLimits, { [name]: value });
}

/** False when a test has switched the protection off. */
export const protects = (protection: Protection): boolean =>
  !globalThis.FAULT_POINTS || !plan?.off?.includes(protection);

function known(names: readonly string[], all: readonly string[]): void {
  const stray = names.find((name) => !all.includes(name));
  if (stray !== undefined) throw new Error(`a plan of faults: expected one of ${all.join(", ")}, got ${stray}`);
}

function due(point: FaultPoint): Fault | undefined {
  const fault = plan?.[point];
  if (!fault) return undefined;
  const visit = (visits.get(point) ?? 0) + 1;
  visits.set(point, visit);
  const from = fault.from ?? 1;
  return visit >= from && visit < from + (fault.times ?? 1) ? fault : undefined;
}

/** A point that cannot wait: inside a transaction. */
export function faultNow(point: FaultPoint): void {
  if (!globalThis.FAULT_POINTS || plan === undefined) return;
  const fault = due(point);
  if (fault) throw new Error(fault.message ?? `fault at ${point}`);
}

/** A point between two awaits. */
export async function fault(point: FaultPoint, ctx?: DurableObjectState): Promise<void> {
  if (!globalThis.FAULT_POINTS || plan === undefined) return;
  const found = due(point);
  if (found?.action === "throw") throw new Error(found.message ?? `fault at ${point}`);
  if (found?.action === "abort") {
    ctx?.abort(`fault at ${point}`);
    await new Promise(() => {});
  }
  if (found?.action === "delay") await new Promise((resolve) => setTimeout(resolve, found.ms ?? 10));
  if (found?.action === "barrier") await fetch(`${hook}/at/${point}`);
}
