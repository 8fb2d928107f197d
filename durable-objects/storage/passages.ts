/**
 * passages: what was said in a turn, cut at the borders of sentences into pieces that can be
 * found and quoted by themselves.
 *
 * The same text is always cut the same way, so that only its words need an index and the text
 * itself lies in its turn alone.
 */
import type { Work } from "../../src/core/work.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";

/**
 * Whose words a passage is. What the model did not say itself came from the user's side:
 * questions, documents, results of tools.
 */
export type SpokenRole = "user" | "assistant";

export interface Passage {
  role: SpokenRole;
  text: string;
  /**
   * UTF-16 units of the turn's text, all messages and the reply one behind the other, before
   * the passage and from its end on.
   */
  start: number;
  toEnd: number;
}

/** A turn of which passages are made. */
export interface Said {
  messages: readonly Pick<Message, "role" | "content">[];
  /** Null: none was asked for. */
  reply: string | null;
}

/** Longest passage, in tokens as `tokensAbout` estimates them. */
export const PASSAGE_TOKENS = 56;

/**
 * Ends of sentences: full stops of several scripts, with the quotes and brackets behind them; and of lines. A row of
 * full stops is tried from its first one only, else a message of nothing but exclamation marks would take the square of
 * its length; and no row is longer than 64 for a pattern, whose stack is bounded.
 */
const SENTENCE =
  /[^\n]*?(?:(?<![.!?\u2026])[.!?\u2026]{1,64}["'\u201d\u2019»)\]]{0,64}(?=[\s\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}])|[\u3002\uff01\uff1f]{1,64}[\u201d\u2019\u300d\u300f\uff09]{0,64}|(?=\n)|$)/guy;
/**
 * Smaller signs. What stands before them is no part of the pattern: a match of megabytes overflows
 * the stack of regular expressions.
 */
const SMALLER = /[,;:\u3001\uff0c\uff1b\uff1a]{1,64}/gu;

/** Of a sentence. */
export const isQuestion = (sentence: string): boolean =>
  /[?\uff1f][\u201d"'\u2019\u300d\u300f\uff09)\]]*$/u.test(sentence);

const WANTS = "^(?:请(?!记住)|帮我|给我|告诉我|介绍一?下|解释一?下|翻译|列出|推荐|(?:说出?|重复)(?:一下|一遍)?我的)";
/** What asks for nothing but to be kept in mind is none. */
const REQUESTS = [
  /^(?:(?:please|could you|can you|would you|ok(?:ay)?,?|now) )?(?:(?:give|tell|write|show|name|suggest|recommend|help|find|make|draw) (?:me|us|a|an|the|some|two|three|four|five|this|that|it)|(?:compare|explain|list|describe|summari[sz]e|translate|convert|define) \p{L}+)\b|\bI was wondering\b/iu,
  /^(?:(?:bitte|kannst du|könntest du|ok(?:ay)?,?) )?(?:(?:erzähl|gib|nenn|zeig|schreib|empfiehl|hilf|such|mach|sag)e? (?:mir|uns|ein|eine|einen|das|die|den|drei|zwei)|(?:erklär|beschreib|vergleich|übersetz|definier)e? \p{L}+|fass(?:e)? \p{L}+ .*zusammen)(?!\p{L})/iu,
  new RegExp(WANTS, "u"),
  // "Say my hobby." wants to hear what was told.
  /^(?:(?:please|bitte|and|und|now|jetzt|could you|can you|would you) )?(?:(?:say|repeat|spell|name|state|recall) my|(?:sag|nenn|wiederhol|buchstabier)e? (?:mir )?mein\p{L}*) \p{L}+/iu,
];

/** Of a sentence that only asks, or wants something done: it says nothing itself. */
export const asksOnly = (sentence: string): boolean =>
  isQuestion(sentence) || REQUESTS.some((request) => request.test(sentence));

/** White space as regular expressions have it, beyond ASCII. */
const WIDE_SPACES = new Set(
  Array.from(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff",
    (space) => space.charCodeAt(0),
  ),
);
const isSpace = (code: number): boolean =>
  code <= 0x20 ? code === 0x20 || (code >= 9 && code <= 13) : code >= 0xa0 && WIDE_SPACES.has(code);

/**
 * Tokens of a text, roughly and rather too many than too few: an estimate that needs no tokenizer and never changes.
 * Latin letters are counted by the word, everything else by the character. It is a loop and no pattern, because every
 * word that is said passes through it more than once.
 */
export function tokensAbout(text: string): number {
  let tokens = 0;
  let letters = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at)!;
    const lower = code | 0x20;
    if (lower >= 0x61 && lower <= 0x7a) {
      letters++;
      continue;
    }
    if (letters > 0) tokens += Math.ceil(letters / 5);
    letters = 0;
    if (code > 0xffff) at++;
    if (!isSpace(code)) tokens += code < 0x80 ? 1 : code < 0x500 ? 0.7 : 1.6;
  }
  return letters > 0 ? tokens + Math.ceil(letters / 5) : tokens;
}

/** Sentences of a text, in order; one that is too long is cut at smaller signs, then anywhere. */
export function* sentencesOf(text: string): Generator<{ text: string; at: number; end: number }> {
  const sentence = (from: number, to: number) => {
    const part = text.slice(from, to);
    const said = part.trim();
    return { text: said, at: from + part.indexOf(said), end: from + part.trimEnd().length };
  };
  for (let at = 0; at < text.length; ) {
    SENTENCE.lastIndex = at;
    const length = Math.max(1, SENTENCE.exec(text)?.[0].length ?? 1);
    const whole = text.slice(at, at + length);
    const ranges = tokensAbout(whole) <= PASSAGE_TOKENS ? [[0, length] as const] : smaller(whole);
    for (const [from, to] of ranges) if (whole.slice(from, to).trim() !== "") yield sentence(at + from, at + to);
    at += length;
  }
}

/** Ranges of a long sentence, each short enough, one by one: a text may be a single sentence. */
function* smaller(sentence: string): Generator<[number, number]> {
  let from = 0;
  let to = 0;
  let tokens = 0;
  for (const part of smallerParts(sentence)) {
    for (const piece of piecesOf(part)) {
      const more = tokensAbout(piece);
      if (tokens + more > PASSAGE_TOKENS) {
        if (to > from) yield [from, to];
        from = to;
        tokens = 0;
      }
      to += piece.length;
      tokens += more;
    }
  }
  if (to > from) yield [from, to];
}

/** All of a sentence, cut behind its smaller signs. */
function* smallerParts(sentence: string): Generator<string> {
  let from = 0;
  for (const { 0: signs, index } of sentence.matchAll(SMALLER)) {
    yield sentence.slice(from, index + signs.length);
    from = index + signs.length;
  }
  if (from < sentence.length) yield sentence.slice(from);
}

function* piecesOf(part: string): Generator<string> {
  if (tokensAbout(part) <= PASSAGE_TOKENS) yield part;
  else for (const [piece] of part.matchAll(/\S{1,48}\s{0,64}|\s{1,64}/gu)) yield piece;
}

/**
 * Passages of a turn, in order: neighbouring sentences of one message together, as many as fit. From the
 * passage that starts at `from` on.
 */
export function* passagesOf({ messages, reply }: Said, from = 0): Generator<Passage> {
  const said: { role: SpokenRole; content: string }[] = messages.map(({ role, content }) => ({
    role: role === "assistant" ? "assistant" : "user",
    content,
  }));
  if (reply !== null) said.push({ role: "assistant", content: reply });
  const length = said.reduce((sum, { content }) => sum + content.length, 0);
  let before = 0;
  for (const { role, content } of said) {
    const first = Math.max(0, from - before);
    for (const { text, at, end } of first < content.length ? grouped(content.slice(first)) : []) {
      const start = before + first + at;
      yield { role, text, start, toEnd: length - (before + first + end) };
    }
    before += content.length;
  }
}

function* grouped(text: string): Generator<{ text: string; at: number; end: number }> {
  let held: string[] = [];
  let tokens = 0;
  let at = 0;
  let end = 0;
  for (const sentence of sentencesOf(text)) {
    const more = tokensAbout(sentence.text);
    if (held.length > 0 && tokens + more > PASSAGE_TOKENS) {
      yield { text: held.join(" "), at, end };
      held = [];
      tokens = 0;
    }
    if (held.length === 0) at = sentence.at;
    held.push(sentence.text);
    tokens += more;
    end = sentence.end;
  }
  if (held.length > 0) yield { text: held.join(" "), at, end };
}

/** Passages that are one document of the index. An ordinary turn is one. */
const SECTION_PASSAGES = 16;
/** Longer turns have larger sections. */
const SECTIONS_MAX = 1024;

/** Units of text between two pauses. */
const SLICE_CHARS = 64 * 1024;

/** The turn's passages in sections, as the index numbers them. */
export function* sectionsOf(said: Said): Work<Passage[][]> {
  const passages: Passage[] = [];
  let paused = 0;
  for (const passage of passagesOf(said)) {
    passages.push(passage);
    if (passage.start - paused < SLICE_CHARS) continue;
    paused = passage.start;
    yield;
  }
  const size = Math.max(SECTION_PASSAGES, Math.ceil(passages.length / SECTIONS_MAX));
  return Array.from({ length: Math.ceil(passages.length / size) }, (_, i) => passages.slice(i * size, (i + 1) * size));
}

/** One section again, without cutting the others: it starts at `from`, and the next one at `to`. */
export function section(said: Said, from: number, to: number): Passage[] {
  const passages: Passage[] = [];
  for (const passage of passagesOf(said, from)) {
    if (passage.start >= to) break;
    passages.push(passage);
  }
  return passages;
}
