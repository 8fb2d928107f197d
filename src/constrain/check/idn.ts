/**
 * isIdnHostname: whether a text is an internationalised host name.
 *
 * The platform's URL does what UTS 46 asks for: joiners, marks in front, right-to-left labels. What it takes and IDNA
 * does not is looked for here. Sources: RFC 5890, 5892 (2.6 and appendix A), 5893, 3492.
 */

const SEPARATORS = /[.\u3002\uff0e\uff61]/u;
const MOST_CHARACTERS = 253;
const MOST_OF_A_LABEL = 63;

export function isIdnHostname(text: string): boolean {
  if (text.length > MOST_CHARACTERS) return false;
  const labels = text.split(SEPARATORS).map(labelOf);
  if (!labels.every((label) => label !== undefined)) return false;
  // Where one label is written from the right, no other may begin with a digit or mix directions.
  if (labels.some(({ unicode }) => RIGHT_TO_LEFT.test(unicode)) && !labels.every(({ unicode }) => isDirected(unicode)))
    return false;
  return labels.reduce((length, { ascii }) => length + 1 + ascii.length, -1) <= MOST_CHARACTERS;
}

interface Label {
  ascii: string;
  unicode: string;
}

function labelOf(text: string): Label | undefined {
  const isEncoded = /^xn--/i.test(text);
  if (!isEncoded && /^[\0-\x7f]*$/.test(text)) return isAscii(text) ? { ascii: text, unicode: text } : undefined;
  const unicode = isEncoded ? decoded(text.slice(4).toLowerCase()) : text;
  // A name that is encoded without need is none.
  if (unicode === undefined || /^[\0-\x7f]*$/.test(unicode) || !isUnicode(unicode)) return undefined;
  const ascii = encoded(unicode);
  const isSame = !isEncoded || ascii === text.toLowerCase();
  return ascii !== undefined && isSame && ascii.length <= MOST_OF_A_LABEL ? { ascii, unicode } : undefined;
}

const isAscii = (text: string): boolean => /^[A-Za-z0-9-]{1,63}$/.test(text) && !/^-|-$|^..--/.test(text);

/**
 * Letters, digits and marks; not those that RFC 5892 takes out, and old Hangul. What is
 * exceptional, it lists by itself.
 */
const VALID =
  /^[-\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\u00df\u03c2\u06fd\u06fe\u0f0b\u3007\u200c-\u200d\u00b7\u0375\u05f3\u05f4\u30fb]+$/u;
const TAKEN_OUT = /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]/u;

function isUnicode(label: string): boolean {
  if (!VALID.test(label) || TAKEN_OUT.test(label) || /^-|-$|^..--|^\p{M}/u.test(label)) return false;
  if (label.normalize("NFKC").toLowerCase().normalize("NFKC") !== label) return false;
  return isInContext(label);
}

/** Signs that take the vowel from the letter before, in the scripts of India and around it. */
const VIRAMA =
  "[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca\\u0f84\\u1039\\u103a\\u17d2\\u1b44\\u1bab]";
const ARABIC = "\\p{Script=Arabic}\\p{Mn}*";
/** A joiner that stands behind no such sign; without joining, Arabic letters are written so as well. */
const LOST_JOINER = new RegExp(
  `(?<!${VIRAMA})\\u200d|(?<!${VIRAMA}|${ARABIC})\\u200c|(?<!${VIRAMA})\\u200c(?!${ARABIC})`,
  "u",
);

/** Characters that are only valid beside certain others (RFC 5892, appendix A). */
function isInContext(label: string): boolean {
  return !(
    LOST_JOINER.test(label) ||
    /(?<!l)\u00b7|\u00b7(?!l)/u.test(label) ||
    /\u0375(?!\p{Script=Greek})/u.test(label) ||
    /(?<!\p{Script=Hebrew})[\u05f3\u05f4]/u.test(label) ||
    (label.includes("\u30fb") && !/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(label)) ||
    (/[\u0660-\u0669]/.test(label) && /[\u06f0-\u06f9]/.test(label))
  );
}

const RIGHT = "\\p{Script=Hebrew}\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Thaana}\\p{Script=Nko}\\u05f3\\u05f4";
const RIGHT_TO_LEFT = new RegExp(`[${RIGHT}\\u0660-\\u0669]`, "u");
const BEGINS_RIGHT = new RegExp(`^(?!\\p{Mn})[${RIGHT}]`, "u");
const LEFT_INSIDE = new RegExp(`(?![${RIGHT}])[\\p{L}\\p{Mc}]`, "u");

/** RFC 5893, of letters and digits. */
function isDirected(label: string): boolean {
  if (!BEGINS_RIGHT.test(label)) return !RIGHT_TO_LEFT.test(label) && /^\p{L}/u.test(label);
  return !LEFT_INSIDE.test(label) && !(/[0-9\u06f0-\u06f9]/.test(label) && /[\u0660-\u0669]/.test(label));
}

/** With "xn--"; undefined where the platform refuses it. */
function encoded(label: string): string | undefined {
  try {
    return new URL(`http://${label}/`).hostname;
  } catch {
    return undefined;
  }
}

const [BASE, LEAST, MOST, SKEW, DAMP] = [36, 1, 26, 38, 700];

/** Punycode (RFC 3492, 6.2); undefined where it is none. */
function decoded(text: string): string | undefined {
  const dash = text.lastIndexOf("-");
  const points = [...text.slice(0, Math.max(dash, 0))].map((character) => character.codePointAt(0)!);
  let [code, bias, i] = [128, 72, 0];
  for (let at = dash < 0 ? 0 : dash + 1; at < text.length; ) {
    const before = i;
    for (let [weight, k] = [1, BASE]; ; k += BASE) {
      const digit = /[a-z]/.test(text[at] ?? "")
        ? text.charCodeAt(at) - 97
        : /\d/.test(text[at] ?? "")
          ? Number(text[at]) + 26
          : -1;
      at++;
      if (digit < 0) return undefined;
      i += digit * weight;
      const threshold = Math.min(Math.max(k - bias, LEAST), MOST);
      if (digit < threshold) break;
      weight *= BASE - threshold;
      if (i > 0x7fffffff || weight > 0x7fffffff) return undefined;
    }
    bias = adapted(i - before, points.length + 1, before === 0);
    code += Math.floor(i / (points.length + 1));
    i %= points.length + 1;
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    points.splice(i++, 0, code);
  }
  return String.fromCodePoint(...points);
}

function adapted(delta: number, count: number, isFirst: boolean): number {
  let left = Math.floor(delta / (isFirst ? DAMP : 2));
  left += Math.floor(left / count);
  let k = 0;
  for (; left > ((BASE - LEAST) * MOST) / 2; k += BASE) left = Math.floor(left / (BASE - LEAST));
  return k + Math.floor(((BASE - LEAST + 1) * left) / (left + SKEW));
}
