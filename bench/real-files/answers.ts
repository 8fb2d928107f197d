/**
 * ourAnswers: greedy tokens of a pack behind prompts of ids, and how it would have gone on
 * along another engine's answers.
 */
import { loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { slices } from "../../src/dialogue/reply.ts";
import { folderSource } from "../../src/weights/folder-source.ts";

interface OurAnswers {
  /** Its own greedy tokens. */
  free: number[][];
  /** At each position of the other's answer, the likeliest token behind what precedes it there. */
  along: number[][];
  /** By how many logits the likeliest token led the other engine's, where they differ. */
  gaps: number[][];
}

export async function ourAnswers(pack: string, prompts: number[][], others: number[][]): Promise<OurAnswers> {
  const { backend } = await loadModel(folderSource(pack), compiledKernels());
  const result: OurAnswers = { free: [], along: [], gaps: [] };
  for (const [i, prompt] of prompts.entries()) {
    const other = others[i]!;
    const run = async (next: (likeliest: number, n: number, logits: Float32Array) => number) => {
      const sequence = await backend.open();
      let logits: Float32Array = new Float32Array(0);
      for (const { slice, last } of slices(prompt, backend.sliceTokens))
        logits = await sequence.forward(slice, last ? "last" : "none");
      for (let n = 0; n < other.length; n++) {
        const id = next(likeliest(logits), n, logits);
        if (n + 1 < other.length) logits = await sequence.forward(Uint32Array.of(id), "last");
      }
      sequence.release();
    };
    const along: number[] = [];
    const gaps: number[] = [];
    await run((id, n, logits) => {
      along.push(id);
      if (id !== other[n]) gaps.push(logits[id]! - logits[other[n]!]!);
      return other[n]!;
    });
    // Up to the first difference both are one answer.
    const free: number[] = gaps.length === 0 ? along : [];
    if (gaps.length > 0)
      await run((id) => {
        free.push(id);
        return id;
      });
    result.free.push(free);
    result.along.push(along);
    result.gaps.push(gaps);
  }
  return result;
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}
