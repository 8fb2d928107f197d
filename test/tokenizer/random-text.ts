/** Random text and ids for properties: reproducible, rich in what goes wrong. */
import { Random } from "../../src/sampling/random.ts";

const PARTS = [
  ...[
    "river",
    " boat",
    "The",
    " ",
    "  ",
    "\n",
    "\t",
    ".",
    "'s",
    "12",
    "١٢",
    "é",
    "e\u0301",
    "\u0301\u0302",
    "ß",
    "Ж",
    "川",
    "한국",
  ],
  ...[
    "👩‍👩‍👧‍👦",
    "🇩🇪",
    "👍🏽",
    "❤️",
    "שלום",
    "مرحبا",
    "\u202e",
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\0",
    "\u0085",
    "\u2003",
  ],
  ...[
    "<|im_start|>",
    "<|im_end|>",
    "<|",
    "|>",
    "im_end",
    "<",
    ">",
    "[INST]",
    "</s>",
    "<s>",
    "<tool_call>",
    "<0x0A>",
    "\u2581",
    "\u0120",
  ],
];

export class RandomText {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = Random.fromSeed(seed);
  }

  below(n: number): number {
    return Math.floor(this.#random.nextFloat() * n);
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }

  ids(vocab: number, length: number): number[] {
    return Array.from({ length }, () => this.below(vocab));
  }

  /** Well-formed Unicode. */
  text(parts: number): string {
    const any = () =>
      String.fromCodePoint(this.pick([this.below(0xd800), 0xe000 + this.below(0x10fff), this.below(0x80)]));
    return Array.from({ length: parts }, () => (this.below(3) ? this.pick(PARTS) : any())).join("");
  }
}
