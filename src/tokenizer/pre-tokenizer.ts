/**
 * readPreTokenizer: the file's pre-tokenizer, as a chain of @huggingface/tokenizers' own, that splits like the
 * Rust library of the same name.
 *
 * The JavaScript library's Digits and ByteLevel use \d and \s of JavaScript, which differ from Rust's on digits
 * beyond ASCII, U+0085 and U+FEFF; its Split and Punctuation honour only some behaviours. The first two are
 * spelled out as Split, the others are refused. A last step that only turns bytes into characters is left to the
 * byte-pair step, which reads bytes.
 */
import { type PreTokenizer, SequencePreTokenizer } from "@huggingface/tokenizers";
import { check } from "../core/failure.ts";
import { asObject, type TokenizerStep } from "./tokenizer-file.ts";

/** Longer patterns are a mistake or an attack. */
const MAX_PATTERN_LENGTH = 4096;
/** Sequences inside sequences. */
const MAX_DEPTH = 8;
/** Source: openai/gpt-2 `encoder.py`. */
const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

export interface ReadPreTokenizer {
  /** Pieces are text whose UTF-8 bytes are the symbols, not characters. */
  byteLevel: boolean;
  /**
   * Pieces are the text from left to right, nothing added and nothing left out; what a piece is depends on
   * nothing that stands before it.
   */
  onlySplits: boolean;
  /** `section_index`: which part of the whole text this is, between added tokens. */
  split(text: string, options?: { section_index?: number }): string[];
}

export function readPreTokenizer(step: TokenizerStep | null): ReadPreTokenizer {
  const steps = step === null ? [] : flatten(step, 0);
  const last = steps.at(-1);
  const byteLevel = last?.type === "ByteLevel" && last.use_regex === false && last.add_prefix_space !== true;
  if (byteLevel) steps.pop();
  const chain = (new SequencePreTokenizer({ type: "Sequence", pretokenizers: steps as never }) as unknown as Chain)
    .tokenizers;
  const links = chain.map((link, i) => ({
    link,
    isolates: steps[i]!.type === "Split" && steps[i]!.behavior === "Isolated",
  }));
  const onlySplits = byteLevel && links.every(({ isolates }, i) => isolates && !looksBehind(steps[i]!));
  return {
    byteLevel,
    onlySplits,
    split(text, options) {
      let pieces = [text];
      for (const { link, isolates } of links) {
        const next: string[] = [];
        for (const piece of pieces) {
          if (isolates && piece.length === 1) next.push(piece);
          else for (const part of link.pre_tokenize_text(piece, options)) next.push(part);
        }
        pieces = next;
      }
      return pieces;
    },
  };
}

/** Look-behind, a start of text, or a word's edge: what a match needs before it. */
const looksBehind = ({ pattern }: TokenizerStep): boolean =>
  /\(\?<[=!]|\\[bBAG]|(^|[^\\[])\^/.test(String((pattern as { Regex?: string } | undefined)?.Regex ?? ""));

interface Chain {
  tokenizers: Pick<PreTokenizer, "pre_tokenize_text">[];
}

const isolate = (regex: string): TokenizerStep => ({
  type: "Split",
  pattern: { Regex: regex },
  behavior: "Isolated",
  invert: false,
});

function flatten(step: TokenizerStep, depth: number): TokenizerStep[] {
  const need = (condition: unknown) =>
    check(
      condition,
      "weights_invalid",
      () => `tokenizer: pre_tokenizer: ${step.type} with these settings is not supported`,
      "tokenizer",
    );
  switch (step.type) {
    case "Sequence": {
      need(depth < MAX_DEPTH && Array.isArray(step.pretokenizers));
      const inner = step.pretokenizers as unknown[];
      return inner.flatMap((each) => flatten(asObject(each, "pre_tokenizer") as TokenizerStep, depth + 1));
    }
    case "Digits":
      return [isolate(step.individual_digits === true ? "\\p{N}" : "\\p{N}+")];
    case "ByteLevel":
      if (step.use_regex === false || step.add_prefix_space === true) return [step];
      return [isolate(GPT2_WORDS), { ...step, use_regex: false }];
    case "Split": {
      const pattern = asObject(step.pattern, "pre_tokenizer.pattern");
      const source = pattern.Regex ?? pattern.String;
      need(typeof source === "string" && source !== "" && source.length <= MAX_PATTERN_LENGTH);
      need(
        step.invert === true ? step.behavior === "Removed" : ["Removed", "Isolated"].includes(step.behavior as string),
      );
      return [step];
    }
    case "Punctuation":
      need(step.behavior === "Contiguous");
      return [step];
    default:
      return [step];
  }
}
