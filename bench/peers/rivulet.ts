/** node bench/peers/rivulet.ts <pack>: Rivulet as a peer, greedy, in slices as it serves them. */
import { loadModel } from "../../src/backends/load-model.ts";
import { compiledKernels } from "../../src/cli/kernels.ts";
import { slices } from "../../src/dialogue/reply.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { greedy } from "../../src/sampling/sampling.ts";
import { folderSource } from "../../src/weights/folder-source.ts";
import { CONTEXT, DECODED, idAt, serve, timed } from "./protocol.ts";

const { backend } = await loadModel(folderSource(process.argv[2]!), compiledKernels());
const ids = Array.from({ length: CONTEXT }, (_, i) => idAt(i, backend.vocab));

serve(`Rivulet (Node ${process.versions.node})`, async () => {
  const sequence = await backend.open();
  const sampler = new Sampler(backend.vocab);
  let logits: Float32Array = new Float32Array(0);
  const speed = await timed(
    async () => {
      for (const { slice, last } of slices(ids, backend.sliceTokens))
        logits = await sequence.forward(slice, last ? "last" : "none");
    },
    async () => {
      for (let i = 0; i < DECODED; i++) {
        const { id } = sampler.choose(logits, greedy);
        logits = await sequence.forward(Uint32Array.of(id), "last");
      }
    },
  );
  sequence.release();
  return speed;
});
