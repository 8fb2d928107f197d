import { expect, it } from "vitest";
import type { Engine } from "../../../src/backends/wasm/engine.ts";
import { load } from "../packs.ts";

it("logits lie where the layers had their scratch, and behind everything that lives longer", async () => {
  const { plan, model } = (await load("golden/bamba-groups4")).backend as Engine;
  const { logits, rows } = plan.exit!;
  const longer = [plan.stream, plan.normed, plan.mixed, plan.ids];
  expect(logits).toBeGreaterThan(Math.max(...longer));
  expect(plan.end - logits).toBeGreaterThanOrEqual(4 * rows * model.V);
});
