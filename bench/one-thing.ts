/**
 * What long dialogues of benchmarks ask, one short question after another: none is asked twice, and
 * none needs what was said before.
 */

const subjects = [
  "rivers",
  "bread",
  "the moon",
  "a garden",
  "old bridges",
  "bees",
  "winter",
  "a journey",
  "music",
  "maps",
];

/** The n-th question, from 0 on. */
export const oneThing = (n: number): string => `${n + 1}. Tell me one thing about ${subjects[n % subjects.length]}.`;
