/**
 * sentencePieceStages: the stages of a SentencePiece BPE tokenizer (`tokenizer.ggml.model`
 * "llama": Llama 2, TinyLlama, Mistral).
 *
 * SentencePiece has no list of merges: of all neighbours whose union is a token it joins those with the best score.
 * The same as a list: every way to cut a token in two, best score first. Source: transformers `generate_merges`,
 * llama.cpp `llm_tokenizer_spm`.
 */
import type { GgufVocabulary, TokenizerStages } from "./vocabulary.ts";

const SPACE = "\u2581";

export function sentencePieceStages(vocabulary: GgufVocabulary): TokenizerStages {
  const { get, tokens } = vocabulary;
  const spaced = get("add_space_prefix") !== false;
  return {
    normalizer: {
      type: "Sequence",
      normalizers: [
        ...(spaced ? [{ type: "Prepend", prepend: SPACE }] : []),
        { type: "Replace", pattern: { String: " " }, content: SPACE },
      ],
    },
    pre_tokenizer: null,
    addBos: true,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(spaced ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      unk_token: tokens[Number(get("unknown_token_id") ?? 0)] ?? null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      merges: mergesByScore(vocabulary),
    },
  };
}

interface Merge {
  pair: [string, string];
  score: number;
}

function mergesByScore({ tokens, ids, added, get, refuse }: GgufVocabulary): [string, string][] {
  const scores = get("scores");
  if (!(scores instanceof Float32Array) || scores.length !== tokens.length) {
    return refuse("scores", `expected ${tokens.length} numbers`);
  }
  // Added tokens are found before any merging.
  const whole = new Set(added.map(({ content }) => content));
  const merges: Merge[] = [];
  tokens.forEach((token, id) => {
    if (whole.has(token)) return;
    const cuts: Merge[] = [];
    for (let at = 1; at < token.length; at++) {
      const pair: [string, string] = [token.slice(0, at), token.slice(at)];
      const isPiece = (piece: string) => ids.has(piece) && !whole.has(piece);
      if (isPiece(pair[0]) && isPiece(pair[1])) cuts.push({ pair, score: scores[id]! });
    }
    cuts.sort((a, b) => ids.get(a.pair[0])! - ids.get(b.pair[0])! || ids.get(a.pair[1])! - ids.get(b.pair[1])!);
    merges.push(...cuts);
  });
  const length = ({ pair }: Merge, side: 0 | 1) => [...pair[side]].length;
  merges.sort((a, b) => b.score - a.score || length(b, 0) - length(a, 0) || length(b, 1) - length(a, 1));
  return merges.map(({ pair }) => pair);
}
