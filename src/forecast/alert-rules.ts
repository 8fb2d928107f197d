/**
 * Alert rules: conditions on a stream's values that, once they have held for long enough, are sent to whoever listens.
 */

export const conditions = ["anomaly", "above", "below", "expected_above", "expected_below", "gap"] as const;

export interface AlertRule {
  name: string;
  /**
   * `anomaly`: the tail probability is at most the threshold. `above`, `below`: the value is. `expected_above`,
   * `expected_below`: the median expected of the next value is. `gap`: a value is missing.
   */
  when: (typeof conditions)[number];
  threshold: number;
  /** Values in a row for which it must hold. */
  for: number;
}

/** What a rule looks at. */
interface Watched {
  value: number | null;
  /** Undefined where there is none: of a gap, or before there is a scale. */
  tail: number | undefined;
  /** Median expected of the value that comes next. */
  expected: number | undefined;
}

function holds({ when, threshold }: AlertRule, { value, tail, expected }: Watched): boolean {
  switch (when) {
    case "anomaly":
      return tail !== undefined && tail <= threshold;
    case "above":
      return value !== null && value > threshold;
    case "below":
      return value !== null && value < threshold;
    case "expected_above":
      return expected !== undefined && expected > threshold;
    case "expected_below":
      return expected !== undefined && expected < threshold;
    case "gap":
      return value === null;
  }
}

/**
 * `held`: for how many values in a row each rule has held. Gives that after this value, and the rules that are due now:
 * each once, when it has held for long enough.
 */
export function watch(rules: readonly AlertRule[], held: readonly number[], now: Watched) {
  const after = rules.map((rule, i) => (holds(rule, now) ? Math.min((held[i] ?? 0) + 1, 1e9) : 0));
  return { held: after, due: rules.filter((rule, i) => after[i] === rule.for) };
}
