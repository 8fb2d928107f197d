/**
 * selfCheck: proof that this isolate's engine computes, and always the same.
 *
 * Fixed ids go through an empty sequence; the first time twice, later once, and every result must equal the first one bit by bit. What was
 * found holds for a while.
 */
import { createHash } from "node:crypto";
import { check } from "../../src/core/failure.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Admission } from "./admission.ts";

interface Checked {
  digest: string;
  atMs: number;
}
const checked = new WeakMap<Served, Checked>();
/** A forward pass costs what it costs, and nobody needs a key to ask for it. */
const selfCheckPace = { everyMs: 10_000 };

export interface Readiness {
  status: "ready";
  model: string;
  fingerprint: string;
  /** SHA-256 of the logits; absent while all places are taken, which proves as much. */
  golden?: string;
}

/** Fails with `weights_invalid` when results are not finite or differ. */
export async function selfCheck(served: Served, admission: Admission): Promise<Readiness> {
  const ready: Readiness = { status: "ready", model: served.manifest.name, fingerprint: served.fingerprint };
  const known = checked.get(served);
  if (known && Date.now() - known.atMs < selfCheckPace.everyMs) return { ...ready, golden: known.digest };
  const slot = admission.tryEnter("golden");
  if (!slot) return ready;
  try {
    const first = known?.digest ?? (await forward(served));
    const again = await forward(served);
    check(first === again, "weights_invalid", () => "the same forward pass gave two results");
    checked.set(served, { digest: first, atMs: Date.now() });
    return { ...ready, golden: first };
  } finally {
    slot.leave();
  }
}

async function forward({ backend }: Served): Promise<string> {
  const sequence = await backend.open(undefined, "ready");
  try {
    const ids = Uint32Array.from({ length: 4 }, (_, i) => (i * 7 + 1) % backend.vocab);
    const logits = await sequence.forward(ids, "last");
    check(logits.every(Number.isFinite), "weights_invalid", () => "a forward pass gave a result that is not finite");
    return createHash("sha256")
      .update(new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength))
      .digest("hex");
  } finally {
    sequence.release();
  }
}
