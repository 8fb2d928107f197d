/**
 * tokenBytes: what one token adds to the text, as bytes, by the tokenizer's decoder.
 *
 * Knows ByteLevel, Metaspace, ByteFallback, Replace of a string, Fuse and Strip at the start, alone or in a Sequence:
 * the ones that work token by token, so that text can be streamed. Another decoder is a Failure `weights_invalid`.
 */
import { check } from "../core/failure.ts";
import { bytesOfCharacters } from "./byte-level.ts";
import { asObject, type TokenizerStep } from "./tokenizer-file.ts";

export interface DecodeRules {
  /** Characters stand for bytes. */
  byteLevel: boolean;
  /** `<0x0A>` stands for a byte. */
  byteFallback: boolean;
  replacements: [from: string, to: string][];
  /** So many spaces at the start of the text are not part of it. */
  leadingSpaces: number;
}

export function readDecoder(decoder: TokenizerStep | null): DecodeRules {
  const rules: DecodeRules = { byteLevel: false, byteFallback: false, replacements: [], leadingSpaces: 0 };
  check(decoder !== null, "weights_invalid", () => "tokenizer: decoder: expected one", "tokenizer");
  const steps =
    decoder.type === "Sequence" && Array.isArray(decoder.decoders) ? (decoder.decoders as unknown[]) : [decoder];
  for (const step of steps) addStep(rules, asObject(step, "decoder") as TokenizerStep);
  return rules;
}

function addStep(rules: DecodeRules, step: TokenizerStep): void {
  const refuse = () => `tokenizer: decoder: ${step.type} with these settings is not supported`;
  switch (step.type) {
    case "ByteLevel":
      rules.byteLevel = true;
      return;
    case "ByteFallback":
      rules.byteFallback = true;
      return;
    case "Fuse":
      return;
    case "Metaspace":
      rules.replacements.push([typeof step.replacement === "string" ? step.replacement : "\u2581", " "]);
      if (step.prepend_scheme !== "never") rules.leadingSpaces = 1;
      return;
    case "Replace": {
      const from = (step.pattern as { String?: unknown } | undefined)?.String;
      check(typeof from === "string" && from !== "" && typeof step.content === "string", "weights_invalid", refuse);
      rules.replacements.push([from, step.content]);
      return;
    }
    case "Strip": {
      const start = step.start ?? 0;
      const isLeading = step.content === " " && Number.isInteger(start) && (step.stop ?? 0) === 0;
      check(isLeading, "weights_invalid", refuse, "tokenizer");
      rules.leadingSpaces = start as number;
      return;
    }
    default:
      check(false, "weights_invalid", refuse, "tokenizer");
  }
}

const encoder = new TextEncoder();

export function tokenBytes(token: string, rules: DecodeRules): Uint8Array {
  if (rules.byteFallback && /^<0x[0-9A-F]{2}>$/.test(token))
    return Uint8Array.of(Number.parseInt(token.slice(3, 5), 16));
  let text = token;
  for (const [from, to] of rules.replacements) text = text.replaceAll(from, to);
  // A token with a character that stands for no byte was added as plain text.
  return (rules.byteLevel && bytesOfCharacters(text)) || encoder.encode(text);
}
