/** byteLevelStages: the stages of a byte-level BPE tokenizer (`tokenizer.ggml.model` "gpt2"). */
import { byteLevel, fallback, splittings } from "./splittings.ts";
import type { TokenizerStages } from "./vocabulary.ts";
import { type GgufVocabulary, show } from "./vocabulary.ts";

/** `anyPre`: text is split in the default way where the file names an unknown one. */
export function byteLevelStages(vocabulary: GgufVocabulary, anyPre: boolean): TokenizerStages {
  const { get, refuse, strings } = vocabulary;
  const pre = get("pre") ?? "default";
  const known = typeof pre === "string" && Object.hasOwn(splittings, pre) ? splittings[pre] : undefined;
  const names = Object.keys(splittings).join(", ");
  const splitting =
    known ??
    (anyPre ? fallback : refuse("pre", `expected one of ${names}, got ${JSON.stringify(pre)}; --force takes default`));
  return {
    normalizer: splitting.normalizer ?? null,
    pre_tokenizer: splitting.preTokenizer,
    decoder: byteLevel(true),
    addBos: splitting.addBos ?? false,
    model: {
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: splitting.ignoreMerges ?? false,
      merges: strings("merges").map((merge) => mergeOf(merge, vocabulary)),
    },
  };
}

/**
 * "left right"; both and their union must be tokens, so every merge is shorter than its
 * result and none can form a cycle.
 */
function mergeOf(merge: string, { ids, refuse }: GgufVocabulary): [string, string] {
  const at = merge.indexOf(" ", 1);
  const [left, right] = [merge.slice(0, at), merge.slice(at + 1)];
  if (at < 1 || !ids.has(left) || !ids.has(right) || !ids.has(left + right)) {
    refuse("merges", `expected two tokens that make a third, got ${show(merge)}`);
  }
  return [left, right];
}
