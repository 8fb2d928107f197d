/**
 * How much of a text is read as Markdown, and of its code coloured. Parsers and colourers take time that grows with the
 * square of what they find no end of, and a text may be made for that; so the work is estimated first, in one pass, and
 * what lies beyond the budget is shown as it was written.
 *
 * The weights are those of the parser's worst inputs, in microseconds of a slow processor: reading a character; making
 * a node of a sign; looking from each sign through the paragraph that it stands in; looking at every line again from
 * each line (quotes and lists that go on without their signs). Lines of code count as characters alone.
 */

/** Some hundred milliseconds: several times the longest answer of an ordinary model. */
const MARKDOWN_WORK = 600_000;
const CHARACTER_WORK = 5;
const SIGN_WORK = 25;
/** Of a sign and a character of its paragraph, and of a pair of lines: so many are one unit. */
const PAIRS_OF_SIGNS = 40;
const PAIRS_OF_LINES = 14;
/** Quotes and lists within each other, at the beginning of one line. */
const NESTED_MAX = 32;

const CONTAINERS = /^(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$)))*/;
const CONTAINER = />|[-*+]|\d+[.)]/g;
const SIGNS = /[()|@:&#=>+-]/g;
/** Those whose end is looked for. */
const OPENERS = /[*_~[\]!<`$\\]/g;
/** Interrupts any paragraph. */
const POINT = /^(?:[-*+][ \t]+\S|#{1,6}[ \t])/;
/**
 * Code in which nothing is looked for, unless it lies in a block of one of the other kinds, which may go on past it.
 */
const FENCE = /^(`{3,})[^`]*$/;
const OTHER_BLOCK = /<|\$\$|~~~/;

/** Where what is shown as it was written begins: at the end, or at the beginning of a line. */
export function readableEnd(text: string): number {
  let [characters, signs, lines, paragraphs] = [0, 0, 0, 0];
  const own = { characters: 0, openers: 0 };
  let fence: string | undefined;
  let areFencesSure = true;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const next = newline < 0 ? text.length : newline + 1;
    const line = text.slice(at, newline < 0 ? next : newline);
    // The parser looks for signs at the beginning of a line, so a line that is too long for
    // the budget is not looked through.
    if (line.length * CHARACTER_WORK > MARKDOWN_WORK || nested(line) > NESTED_MAX) return at;
    characters += line.length + 1;
    if (fence !== undefined) {
      if (line.trim().startsWith(fence)) fence = undefined;
      signs++;
    } else {
      if (line.trim() === "" || POINT.test(line)) {
        paragraphs += own.openers * own.characters;
        own.characters = own.openers = 0;
      }
      const openers = line.match(OPENERS)?.length ?? 0;
      own.characters += line.length + 1;
      own.openers += openers;
      signs += openers + (line.match(SIGNS)?.length ?? 0) + 1;
      lines++;
      areFencesSure &&= !OTHER_BLOCK.test(line);
      if (areFencesSure) fence = FENCE.exec(line)?.[1];
    }
    const pairs = paragraphs + own.openers * own.characters;
    const work =
      characters * CHARACTER_WORK + signs * SIGN_WORK + pairs / PAIRS_OF_SIGNS + (lines * lines) / PAIRS_OF_LINES;
    if (work > MARKDOWN_WORK) return at;
    at = next;
  }
  return text.length;
}

/** A sign may stand two spaces, or half a tab, further in than the one that its list is in. */
function nested(line: string): number {
  const signs = CONTAINERS.exec(line)![0];
  const own = signs.match(CONTAINER)?.length ?? 0;
  const indent = /^[ \t]*/.exec(signs)![0].replaceAll("\t", "    ").length;
  return own === 0 ? 0 : own + indent / 2;
}

/** Elements within each other that are made; what is deeper is shown as it was written. */
export const DEPTH_MAX = 64;

/** More than this in one block is not worth the time while it is being written. */
const COLOURED_MAX = 20_000;
const COLOUR_WORK = 10_000_000;
/** What the grammars of some languages read to its end from every place in it. */
const RUNS = /[\w\s.$-]+/g;

/** What is left of the colourer's budget after a block of code. Below zero: it is not coloured. */
export const afterColouring = (code: string, left = COLOUR_WORK): number =>
  code.length > COLOURED_MAX
    ? -1
    : (code.match(RUNS) ?? []).reduce((rest, run) => rest - run.length ** 2, left - code.length);
