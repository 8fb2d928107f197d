/** A long dialogue with facts at known places: what is said in each turn, and what can be asked at its end. */
import { checkerFacts, checkerUnrelated } from "./checker.ts";
import { developmentFacts, developmentUnanswered, developmentUnrelated } from "./development.ts";
import { draws } from "./draws.ts";
import { eveningsFacts, eveningsUnanswered, eveningsUnrelated } from "./evenings.ts";
import { everydayFacts, everydayUnanswered, everydayUnrelated } from "./everyday.ts";
import { type Fact, facts as tunedFacts, unrelated as tunedUnrelated } from "./facts.ts";
import { filler } from "./filler.ts";
import { freshFacts, freshUnanswered, freshUnrelated } from "./fresh.ts";
import { heldOutFacts, heldOutUnrelated } from "./held-out.ts";
import { lettersFacts, lettersUnanswered, lettersUnrelated } from "./letters.ts";
import { monthsFacts, monthsUnanswered, monthsUnrelated } from "./months.ts";
import { passingFacts, passingUnanswered, passingUnrelated } from "./passing.ts";
import { type Expected, wordings } from "./right-answer.ts";
import { unseenFacts, unseenUnanswered, unseenUnrelated } from "./unseen.ts";
import { weeksFacts, weeksUnanswered, weeksUnrelated } from "./weeks.ts";

export interface Turn {
  user: string;
  assistant: string;
}

export interface Probe extends Expected {
  kind: "plain" | "rephrased" | "corrected" | "unanswered" | "unrelated";
  lang: Fact["lang"];
  question: string;
  /** What was told; "" where nothing was. */
  value: string;
  /** Number of the turn that told it last. */
  turn: number;
}

const ACKNOWLEDGE = {
  en: ["Got it.", "Good to know, thank you.", "Noted!"],
  number: ["Noted.", "All right."],
  de: ["Alles klar.", "Danke, ist notiert."],
  zh: ["好的，记住了。", "明白了。"],
};

export interface Told {
  facts: readonly Fact[];
  /** Questions about the world. */
  unrelated: readonly string[];
  /** Questions of the user about himself that nothing of the facts answers. */
  unanswered: readonly string[];
}

/** What is told and asked: what recall was made with, or what it never saw. */
export const told = {
  tuned: { facts: tunedFacts, unrelated: tunedUnrelated, unanswered: [] },
  checker: { facts: checkerFacts, unrelated: checkerUnrelated, unanswered: [] },
  development: { facts: developmentFacts, unrelated: developmentUnrelated, unanswered: developmentUnanswered },
  "held-out": { facts: heldOutFacts, unrelated: heldOutUnrelated, unanswered: [] },
  evenings: { facts: eveningsFacts, unrelated: eveningsUnrelated, unanswered: eveningsUnanswered },
  everyday: { facts: everydayFacts, unrelated: everydayUnrelated, unanswered: everydayUnanswered },
  fresh: { facts: freshFacts, unrelated: freshUnrelated, unanswered: freshUnanswered },
  letters: { facts: lettersFacts, unrelated: lettersUnrelated, unanswered: lettersUnanswered },
  months: { facts: monthsFacts, unrelated: monthsUnrelated, unanswered: monthsUnanswered },
  passing: { facts: passingFacts, unrelated: passingUnrelated, unanswered: passingUnanswered },
  unseen: { facts: unseenFacts, unrelated: unseenUnrelated, unanswered: unseenUnanswered },
  weeks: { facts: weeksFacts, unrelated: weeksUnrelated, unanswered: weeksUnanswered },
} satisfies Record<string, Told>;

/** By the name that a command was given. */
export function factsNamed(name: string): Told {
  if (!Object.hasOwn(told, name)) throw new Error(`--facts: expected ${Object.keys(told).join(", ")}, got ${name}`);
  return told[name as keyof typeof told];
}

const answers = (value: string, wrong: string[]): Expected & { value: string } => {
  const right = wordings(value);
  return { value: right[0]!, right, wrong: wrong.flatMap(wordings) };
};

/** `turns`: how many. Facts, their distractors and every fourth one's correction are spread evenly over them. */
export function longDialogue(
  turns: number,
  seed: number,
  { facts, unrelated, unanswered }: Told = told.tuned,
): { turns: Turn[]; probes: Probe[] } {
  const { pick, below } = draws(seed);
  const said: Turn[] = Array.from({ length: turns }, (_, n) => filler(seed, n));
  const probes: Probe[] = [];
  const order = facts.map((fact, i) => ({ fact, i, at: below(1 << 30) })).sort((a, b) => a.at - b.at);
  const slots = facts.length * 2 + Math.ceil(facts.length / 4);
  const free = Array.from({ length: slots }, (_, i) => Math.min(turns - 1, Math.floor((i * turns) / slots)));
  const put = (text: string, place: string, value: string) => text.replace(place, wordings(value)[0]!);
  const tell = (text: string, lang: Fact["lang"], at: number): number => {
    // Short dialogues tell several things in one turn.
    const told = said[at]! as Turn & { isTold?: boolean };
    const joint = lang === "zh" ? "" : " ";
    if (told.isTold) told.user = `${told.user}${joint}${text}`;
    else said[at] = { user: text, assistant: pick(ACKNOWLEDGE[lang]), isTold: true } as Turn;
    return at;
  };
  const corrected: { fact: Fact; value: string; wrong: string[] }[] = [];
  const later: (() => void)[] = [];
  for (const { fact, i } of order) {
    const value = pick(fact.values);
    const rest = fact.values.filter((other) => other !== value);
    const other = pick(rest);
    const at = free.shift()!;
    tell(put(pick(fact.tell), "{v}", value), fact.lang, at);
    later.push(() => void tell(put(fact.other, "{w}", other), fact.lang, free.shift()!));
    if (i % 4 === 0) {
      const next = pick(rest.filter((word) => word !== other));
      corrected.push({ fact, value: next, wrong: [value, other] });
      continue;
    }
    const expected = { lang: fact.lang, ...answers(value, [other]), turn: at };
    probes.push({ kind: "plain", question: pick(fact.ask), ...expected });
    probes.push({ kind: "rephrased", question: pick(fact.rephrase), ...expected });
  }
  for (const { fact, value, wrong } of corrected) {
    later.push(() => {
      const turn = tell(put(fact.correct, "{v}", value), fact.lang, free.shift()!);
      const question = pick(fact.ask);
      probes.push({ kind: "corrected", lang: fact.lang, question, ...answers(value, wrong), turn });
    });
  }
  for (const work of later) work();
  for (const question of unanswered)
    probes.push({ kind: "unanswered", lang: "en", question, ...answers("", []), turn: 0 });
  for (const question of unrelated)
    probes.push({ kind: "unrelated", lang: "en", question, ...answers("", []), turn: 0 });
  return { turns: said, probes };
}
