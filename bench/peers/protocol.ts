/**
 * A peer is a process of its own that loads one model and then measures when it is told to,
 * so that several can take turns.
 *
 * Speeds are tokens per second of CPU time, for a prompt of CONTEXT tokens and for DECODED greedy tokens after it: what
 * else runs on the machine takes wall time from a process, but little of its CPU time.
 */

export const CONTEXT = 512;
export const DECODED = 48;

export interface Speed {
  prefill: number;
  decode: number;
}

/** What the process says first: version of the engine, and what it runs on. */
export interface Ready {
  engine: string;
}

/** Varied ids without text: speed does not depend on which. */
export const idAt = (i: number, vocab: number): number => (i * 7919 + 13) % vocab;

/** Answers every message with one measurement. */
export function serve(engine: string, measure: () => Promise<Speed>): void {
  process.on("message", async () => process.send!(await measure()));
  process.send!({ engine } satisfies Ready);
}

/**
 * Runs both parts and turns the CPU time they took into speeds. On a quiet machine that is their
 * wall time, as one thread works.
 */
export async function timed(
  prefill: () => Promise<void>,
  decode: () => Promise<void>,
  cpuSeconds: () => number | Promise<number> = ownSeconds,
): Promise<Speed> {
  const started = await cpuSeconds();
  await prefill();
  const filled = await cpuSeconds();
  await decode();
  const decoded = await cpuSeconds();
  return { prefill: CONTEXT / (filled - started), decode: DECODED / (decoded - filled) };
}

export function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
