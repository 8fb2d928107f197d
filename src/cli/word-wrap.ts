/**
 * WordWrap: text that comes in pieces, broken between words at a terminal's width. Lines of code are left as they are.
 */
export class WordWrap {
  readonly #columns: () => number;
  #column = 0;
  /** A word that may go on. */
  #word = "";
  /** White space before it: it is dropped where the line breaks. */
  #gap = "";
  #line = "";
  #inCode = false;

  /** `columns` is asked anew for each word: a window changes its size. */
  constructor(columns: () => number) {
    this.#columns = columns;
  }

  /** What can be written now. */
  push(text: string): string {
    let out = "";
    for (const letter of text) {
      if (letter === "\n") {
        out += this.#flush();
        if (/^\s*```/.test(this.#line)) this.#inCode = !this.#inCode;
        this.#column = 0;
        this.#line = "";
        this.#gap = "";
        out += "\n";
        continue;
      }
      this.#line += letter;
      if (this.#inCode) out += letter;
      else if (letter === " " || letter === "\t") {
        out += this.#flush();
        this.#gap += letter;
      } else {
        this.#word += letter;
        // A script without spaces may break anywhere.
        if (widthOf(letter) === 2) out += this.#flush();
      }
    }
    return out;
  }

  /** What is left. */
  end(): string {
    return this.#flush();
  }

  #flush(): string {
    if (this.#word === "") return "";
    const [gap, word] = [this.#gap, this.#word];
    this.#gap = "";
    this.#word = "";
    const fits = this.#column + widthOf(gap) + widthOf(word) <= this.#columns();
    const breaks = !fits && this.#column > 0;
    this.#column = breaks ? widthOf(word) : this.#column + widthOf(gap) + widthOf(word);
    return `${breaks ? "\n" : gap}${word}`;
  }
}

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;
/** Columns that a text takes. */
const widthOf = (text: string): number =>
  [...text].reduce((sum, letter) => sum + (/\p{Mark}/u.test(letter) ? 0 : wide.test(letter) ? 2 : 1), 0);
