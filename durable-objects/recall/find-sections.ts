/**
 * findSections: of what left the model's sight, the sections that are worth reading for a question.
 *
 * Some are found by words, and each step asks the index for some and adds to what a section is worth: the question's
 * rarest words, their relatives, and pairs of words of which only the newest sections were looked at. Others are
 * found by what their sentences mean.
 */
import type { Alike, Posting, TermGroups } from "../storage/passage-index.ts";
import type { CodedQuestion } from "../storage/passage-senses.ts";
import type { BroughtWords } from "./brought.ts";
import { rarity, type Weights } from "./rank-passages.ts";
import { isPair, type Question, type Term } from "./recall-question.ts";
import type { Search } from "./visible-past.ts";

const WORDS_MAX = 48;
const TERMS_MAX = 12;
const SECTIONS_A_WORD = 64;
const SECTIONS_READ = 16;
const COMBINED_MAX = 5;
/** Of the question, a word that the past does not hold; more when it holds a relative. */
const UNSEEN = 0.8;
const UNSEEN_OWN = 0.4;
const RELATIVE_SEEN = 0.45;
const RELATIVE = 0.6;
/** Sections that are read for what they mean, and the least nearness of a sentence to the question. */
const ALIKE_MAX = 16;
const ALIKE_LEAST = 0.05;

interface Found {
  /** The most worthy first. */
  sections: Posting[];
  /** What each word of `question` weighs. */
  weights: Weights[];
  /** With its rarest words only. */
  question: Question;
  /** How near the past is to it anyway: of its nearest sentences the sixteenth. 0 where there are fewer. */
  usual: number;
}

/** `depth`: of the last turn that is out of sight. `unfed`: passages of this request that the index does not hold. */
export function findSections(
  question: Question,
  search: Search,
  depth: number,
  unfed: BroughtWords,
  asked: CodedQuestion | undefined,
): Found {
  const past = new SearchedPast(search, depth, unfed);
  const rare = rarest(question, past);
  const terms = withRelatives(rare, past);
  const worths = new Worths();
  for (const term of terms) worths.addTerm(term);
  addPairs(worths, terms, past);
  const sections = worths.best(SECTIONS_READ);
  const known = new Set(sections.map(keyOf));
  const { sections: alike, usual } = asked ? past.alike(asked) : { sections: [], usual: 0 };
  return {
    sections: [...sections, ...alike.filter((posting) => !known.has(keyOf(posting)))],
    weights: terms.map(({ weights }) => weights),
    question: { ...question, terms: terms.map(({ term }) => term) },
    usual,
  };
}

/** What is out of sight, as far as it can be asked for words. */
class SearchedPast {
  /** Turns and passages in which a word may be. */
  readonly size: number;
  readonly #index;
  readonly #branch;
  readonly #unfed: BroughtWords;

  constructor({ store, base }: Search, depth: number, unfed: BroughtWords) {
    this.#index = store?.tree.passages;
    this.#branch = (this.#index && base && depth > 0 ? this.#index.branch(base) : []).flatMap(({ lane, from, to }) =>
      from > depth ? [] : [{ lane, from, to: Math.min(to, depth) }],
    );
    this.#unfed = unfed;
    this.size = Math.max(1, depth + unfed.size);
  }

  /** The newest sections for each question. */
  find(questions: readonly TermGroups[]): Posting[][] {
    if (this.#branch.length === 0 || questions.length === 0) return questions.map(() => []);
    return this.#index!.find(this.#branch, questions, SECTIONS_A_WORD);
  }

  /** Those whose sentences are nearest to what is asked. */
  alike(asked: CodedQuestion): Alike {
    if (this.#branch.length === 0) return { sections: [], usual: 0 };
    return this.#index!.alike(this.#branch, asked, ALIKE_LEAST, ALIKE_MAX);
  }

  /** In how many places one of a word's forms is. */
  amount(postings: readonly Posting[], forms: readonly string[]): number {
    return postings.length + this.#unfed.places(forms).size;
  }
}

/** A word of the question. */
interface Rare {
  term: Term;
  postings: Posting[];
  /** In how many places it is. */
  df: number;
  weight: number;
}

function rarest(question: Question, past: SearchedPast): Rare[] {
  const words = question.terms.slice(-WORDS_MAX);
  const own = past.find(words.map(({ stem }) => [[stem]]));
  const unseen = question.isOwn ? UNSEEN_OWN : UNSEEN;
  const known = words.map((term, i) => {
    const postings = own[i]!;
    const df = past.amount(postings, [term.stem]);
    return { term, postings, df, weight: df > 0 ? rarity(df, past.size) : isPair(term.stem) ? 0 : unseen };
  });
  return known.toSorted((a, b) => b.weight - a.weight).slice(0, TERMS_MAX);
}

interface Weighed {
  term: Term;
  weights: Weights;
  postings: Posting[];
  /** Sections that hold a relative of it. */
  others: Posting[];
}

function withRelatives(rare: readonly Rare[], past: SearchedPast): Weighed[] {
  const related = past.find(rare.map(({ term: { relatives } }) => [relatives]));
  return rare.map(({ term, postings, df, weight }, i) => {
    const others = related[i]!;
    const relatedDf = past.amount(others, term.relatives);
    const relative = relatedDf > 0 ? RELATIVE * rarity(relatedDf, past.size) : 0;
    const importance = term.isImplied ? 0 : df === 0 && relatedDf > 0 ? RELATIVE_SEEN : weight;
    return { term, weights: { own: df > 0 ? weight : 0, relative, importance }, postings, others };
  });
}

const keyOf = ({ place, section }: Posting): string => `${place} ${section}`;

/** What each section is worth. */
class Worths {
  readonly #worth = new Map<string, { posting: Posting; worth: number }>();

  add(postings: readonly Posting[], weight: number): void {
    for (const posting of postings) {
      const key = keyOf(posting);
      this.#worth.set(key, { posting, worth: (this.#worth.get(key)?.worth ?? 0) + weight });
    }
  }

  /** A section with the word counts it, and one without it a relative. */
  addTerm({ weights, postings, others }: Weighed): void {
    const own = new Set(postings.map(keyOf));
    this.add(postings, weights.own);
    this.add(
      others.filter((posting) => !own.has(keyOf(posting))),
      weights.relative,
    );
  }

  /** Only what nothing has led to so far. */
  addNew(postings: readonly Posting[], weight: number): void {
    for (const posting of postings) if (!this.#worth.has(keyOf(posting))) this.add([posting], weight);
  }

  best(most: number): Posting[] {
    return [...this.#worth.values()]
      .sort((a, b) => b.worth - a.worth || b.posting.depth - a.posting.depth || a.posting.section - b.posting.section)
      .slice(0, most)
      .map(({ posting }) => posting);
  }
}

/**
 * Words of which only the newest sections were looked at, each together with another one: old sections that hold both.
 */
function addPairs(worths: Worths, terms: readonly Weighed[], past: SearchedPast): void {
  const pairs = combined(
    terms.map(({ term, weights, postings, others }) => ({
      term,
      weights,
      isCut: Math.max(postings.length, others.length) >= SECTIONS_A_WORD,
    })),
  );
  past.find(pairs.map(({ groups }) => groups)).forEach((postings, i) => {
    worths.addNew(postings, pairs[i]!.weight);
  });
}

function combined(terms: readonly { term: Term; weights: Weights; isCut: boolean }[]) {
  const top = terms.toSorted((a, b) => b.weights.importance - a.weights.importance).slice(0, COMBINED_MAX);
  return top.flatMap((a, i) =>
    top
      .slice(i + 1)
      .flatMap((b) =>
        a.isCut || b.isCut
          ? [{ groups: [formsOf(a.term), formsOf(b.term)], weight: a.weights.importance + b.weights.importance }]
          : [],
      ),
  );
}

const formsOf = ({ stem, relatives }: Term): string[] => [stem, ...relatives];
