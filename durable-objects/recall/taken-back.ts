/**
 * taken-back: which lines a later one takes back, so that they are not quoted beside it.
 *
 * A small model that is shown "I keep my savings in shares." and then "I was wrong: I keep my savings in bonds." often
 * answers with the first. So where a later line says of itself that it corrects, and says most of what the older one
 * says, only the later one is quoted; unless the question is about before. The same where it says that something has
 * changed ("The exam is on 19 May now."), if it says again what the older one has of the question.
 *
 * Short sentences say most by small words ("I do not eat eggs any more."), so all words count where nearly all are
 * said again; and of long ones only a part is about the question, so all of the question counts where it is two words
 * or more.
 */
import { either } from "../../src/core/either.ts";
import { wordsOf } from "../storage/index-terms.ts";
import { sentencesOf } from "../storage/passages.ts";
import type { Scored } from "./rank-passages.ts";
import { hasMeaning } from "./recall-question.ts";

/** English, German and Chinese. */
const CORRECTS = either(
  /\b(?:wrong|mistaken|mistake|correction|correct(?:ing)? myself|take (?:that|it) back|mixed (?:that|it|something) up|scratch that|falsch|korrektur|korrigiere|stimmte? nicht|geirrt|vertan)\b/iu,
  "说错|更正|记错|搞错|弄错",
);
const CHANGES = either(
  /\b(?:change of plan|instead|no longer|any ?more|(?:has|have|had|was|were|been|they|we|i) (?:moved|changed|postponed|rescheduled|switched|swapped)|brought forward|put off|g[ai]ven? up|decided against|talked (?:me|us) out|(?:is|are|am) now|now(?=[.!]?$)|stattdessen|nicht mehr|keine?[mnrs]? mehr|verschoben|verlegt|geändert|umgebucht|umentschieden|anders überlegt|gewechselt|jetzt)\b/iu,
  "改|换成|换了|不再|推迟|提前|取消|现在",
);
/**
 * "Please forget summer.", which need not say again what was said of it. Not "Vergiss den Sommer nicht", nor
 * "I forgot to say" in Chinese.
 */
const FORGET = either(
  /^(?:(?:no|sorry|please|nein|bitte),? )*(?:forget|(?:vergiss|vergessen sie)(?![^,;:]* nicht\b))(?: about| das mit| die| das| den)?(?= )/iu,
  "^请?(?:忘掉|忘了|忘记)(?!告诉|说|提)",
);
const ASKS_BEFORE = either(
  /\b(?:before|at first|first|formerly|former|previous(?:ly)?|original(?:ly)?|old|earlier|used to|vorher|zuerst|früher|ursprünglich|alte[rns]?)\b/iu,
  "以前|之前|原来|最初|先前",
);
/** What of a sentence may be changed by itself: "I am saving for a canoe | and have half of the money". */
const CLAUSE_ENDS = either(/[,;:] | (?:and|but|because|so|und|aber|weil) /u, "[，；]");
/** The share of an older sentence's words that a later one must say again, and how many at least. */
const SAID_AGAIN = 0.6;
const SAID_AGAIN_CHANGED = 0.5;
/** Of the question's words in the older one. */
const ASKED_AGAIN = 0.7;
const WORDS_AGAIN = 2;
/** Of all words, small ones among them. */
const ALL_AGAIN = 0.8;
const ALL_WORDS_AGAIN = 4;

type Stems = ReadonlySet<string>;

const stemsOf = (text: string): Stems =>
  new Set(
    wordsOf(text)
      .filter(({ text: word }) => hasMeaning(word))
      .map(({ stem }) => stem),
  );

const allStemsOf = (text: string): Stems => new Set(wordsOf(text).map(({ stem }) => stem));
const shared = (some: Stems, others: Stems): Stems => new Set([...some].filter((stem) => others.has(stem)));

/** A sentence that may take back what an older line says. */
interface Later {
  depth: number;
  start: number;
  corrects: boolean;
  changes: boolean;
  stems: Stems;
  all: Stems;
  forgotten: Stems | undefined;
}

/** Of a line that takes back what the question asks for, and nothing where it asks for what was before. */
function laterIn({ depth, start, role, text }: Scored, question: string): Later[] {
  const before = ASKS_BEFORE.exec(question)?.[0].toLowerCase();
  // "What did my old classmate become?" asks for nothing that was before, if the later line says "old", too.
  if (role !== "user" || (before && !text.toLowerCase().includes(before))) return [];
  const corrects = CORRECTS.test(text);
  return [...sentencesOf(text)].flatMap(({ text: sentence }) => {
    const changes = CHANGES.test(sentence);
    const forgets = FORGET.test(sentence);
    // Words take longer than these patterns, and most sentences are none of the three.
    if (!corrects && !changes && !forgets) return [];
    const forgotten = forgets ? stemsOf(sentence.replace(FORGET, "")) : undefined;
    return [{ depth, start, corrects, changes, stems: stemsOf(sentence), all: allStemsOf(sentence), forgotten }];
  });
}

const clausesOf = (sentence: string): Stems[] => sentence.split(CLAUSE_ENDS).map(stemsOf);

/** What of it the question is about: a clause that has most of its words, or all of it. */
function partAbout(sentence: string, asked: Stems): Stems {
  const clauses = clausesOf(sentence).sort((a, b) => shared(asked, b).size - shared(asked, a).size);
  const [most] = clauses;
  return most && most.size >= WORDS_AGAIN && shared(asked, most).size > 0 ? most : stemsOf(sentence);
}

type Placed = Pick<Scored, "depth" | "start">;
const isLater = (one: Placed, other: Placed): boolean =>
  one.depth > other.depth || (one.depth === other.depth && one.start > other.start);

function takesBack({ corrects, changes, ...later }: Later, line: Scored, asked: Stems): boolean {
  if (!isLater(later, line)) return false;
  const said = stemsOf(line.core);
  if (later.forgotten?.size) return shared(later.forgotten, said).size === later.forgotten.size;
  if (!corrects && !changes) return false;
  const all = allStemsOf(line.core);
  const allAgain = shared(all, later.all).size;
  if (allAgain >= ALL_WORDS_AGAIN && allAgain >= ALL_AGAIN * all.size) return true;
  const askedOf = shared(asked, said);
  const askedAgain = shared(askedOf, later.stems).size;
  if (askedAgain >= WORDS_AGAIN && askedAgain === askedOf.size) return true;
  const again = shared(said, later.stems).size;
  if (corrects && again >= WORDS_AGAIN && again >= SAID_AGAIN * said.size) return true;
  const part = partAbout(line.core, asked);
  const partAgain = shared(part, later.stems).size;
  const wanted = shared(part, asked);
  const isAboutWanted = wanted.size > 0 && shared(wanted, later.stems).size >= ASKED_AGAIN * wanted.size;
  return isAboutWanted && partAgain >= WORDS_AGAIN && partAgain >= SAID_AGAIN_CHANGED * part.size;
}

/** The lines that none of the others takes back. */
export function withoutTakenBack<T extends Scored>(lines: readonly T[], question: string): T[] {
  const asked = stemsOf(question);
  const later = lines.flatMap((line) => laterIn(line, question));
  return lines.filter((line) => !later.some((sentence) => takesBack(sentence, line, asked)));
}

/** Of others, the newest that may have changed a line, or a clause of it, though it may not be near to the question. */
export function newestChange<T extends Scored>(line: Scored, others: readonly T[], question: string): T[] {
  const clauses = [stemsOf(line.core), ...clausesOf(line.core)].filter(({ size }) => size >= WORDS_AGAIN);
  const changesOne = ({ corrects, changes, stems }: Later) =>
    (corrects || changes) &&
    clauses.some((clause) => {
      const again = shared(clause, stems).size;
      return again >= WORDS_AGAIN && again >= SAID_AGAIN * clause.size;
    });
  return others
    .filter((other) => isLater(other, line) && laterIn(other, question).some(changesOne))
    .sort((a, b) => b.depth - a.depth || b.start - a.start)
    .slice(0, 1);
}
