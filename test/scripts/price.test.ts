import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { costOf, restingCost } from "../../scripts/price.ts";
import { tinyPack } from "../support/tiny-pack.ts";

it("prices a turn as the platform does: time, rows, requests", () => {
  const usage = { workerCpuMs: 0, objectRequests: 1, objectSeconds: 6, rowsWritten: 6, rowsRead: 0 };
  expect(costOf(usage).total).toBeCloseTo(1.61e-5, 7);
  // A row for every token would cost more than computing it.
  expect(costOf({ ...usage, rowsWritten: 126 }).total).toBeCloseTo(1.36e-4, 6);
  expect(restingCost(4e6)).toBeCloseTo(0.0008, 6);
});

it("L6: npm run cost measures turns of the real server; an ordinary one writes at most six rows and its alarm", async () => {
  const work = mkdtempSync(join(tmpdir(), "rivulet-price-"));
  try {
    const script = join(import.meta.dirname, "../../scripts/cost.ts");
    const args = [script, "--json", "--turns", "3", "--tokens", "12", "--pack", await tinyPack(work)];
    const { turns, restingBytes } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
    expect(turns).toHaveLength(3);
    // docs/durability.md, "What a conversation takes on disk".
    expect(restingBytes % 4096).toBe(0);
    expect(restingBytes).toBeGreaterThan(4096 * (18 + 3) + turns.at(-1).stateBytes);
    expect(restingBytes).toBeLessThan(4096 * (18 + 3 * 2) + 5 * (turns.at(-1).stateBytes + 4096));
    for (const turn of turns.slice(1)) {
      expect(turn.rowsWritten).toBeGreaterThan(1);
      expect(turn.rowsWritten).toBeLessThanOrEqual(7);
      expect(turn.objectSeconds).toBeGreaterThan(0);
      expect(turn.cost.total).toBeGreaterThan(2e-6);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}, 120_000);
