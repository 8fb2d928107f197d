/**
 * 300 strings that take tokenizers apart: scripts, spaces, digits, marks, emoji, code, and
 * what random draws make of them.
 */

const written = [
  "",
  " ",
  "  ",
  "\n",
  "\n\n\n",
  "\t\t x",
  "\r\n \r\n",
  "a",
  " a",
  "a ",
  "  a  b   c    d     e",
  "Hello, world!",
  "don't you'll I'm we've THEY'RE it'S",
  "’s ’t don’t",
  "1234567890",
  "3.14159 1,000,000.00 1e-9 0xFF",
  "٣٤٥ १२३ ５６７ Ⅷ ½",
  "naïve café",
  "nai\u0308ve cafe\u0301",
  "ﬁ ﬂ ａｂｃ",
  "Ångström Å A\u030a",
  "नमस्ते दुनिया",
  "สวัสดีชาวโลก",
  "你好，世界。今天天气很好",
  "日本語のテキスト、カタカナ",
  "안녕하세요 세계",
  "Привет, мир! Ёлка",
  "Γειά σου Κόσμε",
  "مرحبا بالعالم",
  "שלום עולם",
  "👋🌍 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
  "\u200b\u200d\ufeff\u00a0x\u2003y\u3000z",
  "\u0000\u0001\u007f",
  "\ud83d",
  "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈𐌰",
  "def f(x):\n    return x ** 2  # square\n\n\nclass A:\n\tpass\n",
  "for (let i = 0; i < n; ++i) { a[i] += b[i]; }",
  '<div class="x">&amp;</div>',
  "SELECT * FROM t WHERE a='b' AND c>=1;",
  "https://example.org/a/b?c=d&e=f#g",
  "ada@example.org",
  "C:\\Users\\ada\\file.txt",
  "!!!??? ... --- *** ___ ```",
  "((([[[{{{}}}]]])))",
  "$100 €50 £20 ¥1000 ₿1",
  "a\u0301\u0302\u0303\u0304b",
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "          leading",
  "trailing          ",
  "line one\nline two\r\nline three\rline four",
  "<|im_start|>user\nhi<|im_end|>",
  "<start_of_turn>user\nhi<end_of_turn>",
  "<bos><eos><unk><pad>",
  "▁ ▁a a▁b",
  "<0x41><0x0A>",
  "Ġword Ċ",
];

const pieces = [
  ...[
    "the",
    "The",
    "river",
    "RIVER",
    "ing",
    "un",
    "'s",
    "'LL",
    "é",
    "e\u0301",
    "ß",
    "œ",
    "ñ",
    "I",
    "x1",
    "v2.0",
    "__init__",
  ],
  ...[" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u3000", "\u200b"],
  ...[
    ".",
    ",",
    "!",
    "?",
    ";",
    "-",
    "–",
    "—",
    "…",
    "'",
    "’",
    '"',
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "/",
    "\\",
    "@",
    "#",
    "%",
    "&",
    "*",
    "+",
    "=",
    "<",
    ">",
    "|",
    "~",
    "^",
    "`",
  ],
  ...["0", "7", "42", "123", "1234", "2026", "٣", "५", "²"],
  ...["你", "好", "世界", "の", "ア", "한", "글", "я", "Ж", "λ", "ا", "ש", "ก", "ि", "क"],
  ...["😀", "👩🏽‍💻", "🇫🇷", "❤️", "𝔘", "\u0301", "\ufe0f"],
];

/** A linear congruential generator: the same strings on every machine. */
function* draws(seed: number): Generator<number> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const COUNT = 300;

/** Lone surrogates are left to one string: engines replace them before they look at a text. */
export function oddStrings(): string[] {
  const random = draws(20);
  const below = (n: number) => Math.floor(random.next().value! * n);
  const made = Array.from({ length: COUNT - written.length }, () =>
    Array.from({ length: 1 + below(24) }, () => pieces[below(pieces.length)]!).join(""),
  );
  return [...written, ...made].map((text) => text.toWellFormed());
}
