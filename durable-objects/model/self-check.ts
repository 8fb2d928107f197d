/**
 * selfCheck: proof that this isolate's engine computes what it should, and always the same.
 *
 * Fixed ids go through an empty sequence, and the logits are those that the pack was converted with, bit by bit. A pack
 * that does not say what they were is computed twice the first time, and must give the same ever after. What was found
 * holds for a while, a fault too.
 */
import { type Golden, goldenDigest, goldenIds, NUMERICS } from "../../src/backends/golden.ts";
import { Failure } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Admission } from "./admission.ts";

interface Checked {
  digest: string;
  atMs: number;
  failure?: Failure;
}
const checked = new WeakMap<Served, Checked>();
/** A forward pass costs what it costs, and nobody needs a key to ask for it. */
const selfCheckPace = { everyMs: 10_000 };

interface Readiness {
  status: "ready";
  model: string;
  fingerprint: string;
  /** SHA-256 of the logits; absent while all memory slots are taken, which proves as much. */
  golden?: string;
}

/** Fails with `weights_invalid` when results are not finite, differ, or are not those of the pack. */
export async function selfCheck(served: Served, admission: Admission): Promise<Readiness> {
  const ready: Readiness = { status: "ready", model: served.manifest.name, fingerprint: served.fingerprint };
  const known = checked.get(served);
  if (known && Date.now() - known.atMs < selfCheckPace.everyMs) {
    if (known.failure) throw known.failure;
    return { ...ready, golden: known.digest };
  }
  const slot = admission.tryEnter("golden");
  if (!slot) return ready;
  try {
    const { backend, manifest } = served;
    const stated = manifest.golden?.numerics === NUMERICS ? manifest.golden : undefined;
    const ids = stated?.ids ?? goldenIds(backend.vocab);
    const expected = stated?.sha256 ?? known?.digest ?? (await goldenDigest(backend, ids, "ready"));
    const digest = await goldenDigest(backend, ids, "ready");
    const failure = digest === expected ? undefined : differs(stated);
    checked.set(served, { digest: expected, atMs: Date.now(), ...(failure ? { failure } : {}) });
    if (failure) throw failure;
    return { ...ready, golden: digest };
  } finally {
    slot.leave();
  }
}

function differs(stated: Golden | undefined): Failure {
  metrics.goldenMismatches.add();
  return new Failure(
    "weights_invalid",
    stated
      ? "a forward pass gives other logits here than where the pack was converted: this machine or build does not compute as it should"
      : "the same forward pass gave two results",
  );
}
