/**
 * A plan of faults is held to the places that there are: one that never fires would let a
 * test pass that proves nothing.
 */
import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { armFaults, type FaultPlan, faultPoints } from "../../../durable-objects/platform/fault-points.ts";

it("a plan with a name that is none is refused when it is armed", () => {
  const wrong = [{ "turn.tokens": { action: "throw" } }, { off: ["leases"] }, { limits: { alarmsMs: 1 } }];
  for (const plan of wrong) expect(() => armFaults(plan as unknown as FaultPlan)).toThrow(/expected one of .*, got /);
  armFaults({ "turn.token": { action: "throw" }, off: ["lease"], limits: { alarmMs: 1 } });
  armFaults(undefined);
});

it("every point is somewhere, and once", () => {
  const sources = globSync("durable-objects/**/*.ts").map((path) => readFileSync(path, "utf8"));
  const called = sources.flatMap((text) =>
    [...text.matchAll(/\bfault(?:Now)?\("([^"]+)"/g)].map(([, point]) => point!),
  );
  expect(called.sort()).toEqual([...faultPoints].sort());
});
