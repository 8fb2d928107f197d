/** The sampler's definition, plainly: sorts everything. Id → probability, most likely first. */
import type { Sampling } from "../../src/sampling/sampling.ts";

export function definition(
  logits: Float32Array,
  s: Sampling,
  recent: readonly number[],
  reply: readonly number[],
): Map<number, number> {
  const x = [...logits].map((logit, id) => logit + (s.logitBias.get(id) ?? 0));
  for (const id of new Set(recent)) x[id] = x[id]! > 0 ? x[id]! / s.repetitionPenalty : x[id]! * s.repetitionPenalty;
  for (const id of new Set(reply)) {
    x[id]! -= s.presencePenalty + s.frequencyPenalty * reply.filter((other) => other === id).length;
  }
  const order = x.map((_, id) => id).sort((a, b) => x[b]! - x[a]! || a - b);
  if (s.temperature === 0) return new Map([[order[0]!, 1]]);

  let kept = order.map((id) => ({ id, weight: Math.exp((x[id]! - x[order[0]!]!) / s.temperature) }));
  if (s.topK > 0) kept = kept.slice(0, s.topK);
  const mass = (of: typeof kept) => of.reduce((sum, { weight }) => sum + weight, 0);
  if (s.topP < 1) {
    let size = 1;
    while (size < kept.length && mass(kept.slice(0, size)) < s.topP * mass(kept)) size++;
    kept = kept.slice(0, size);
  }
  kept = kept.filter(({ weight }) => weight >= s.minP);
  const total = mass(kept);
  return new Map(kept.map(({ id, weight }) => [id, weight / total]));
}
