import { expect, it } from "vitest";
import { sizeOf, startHelp, usualMemory } from "../../scripts/start-options.ts";

it("takes a quarter of the machine's memory, or of what its container allows", () => {
  expect(usualMemory(16e9, undefined)).toBe(4e9);
  // So Node says that there is no limit, by its release.
  for (const unlimited of [0, 2 ** 64]) expect(usualMemory(16e9, unlimited)).toBe(4e9);
  expect(usualMemory(16e9, 2e9 + 3)).toBe(500_000_000);
});

it("reads sizes, and explains every option", () => {
  expect(["900M", "4G", "4gb", "128000000", "1K"].map(sizeOf)).toEqual([900e6, 4e9, 4e9, 128e6, 1000]);
  for (const wrong of ["", "4T", "-1", "1.5G", "G"]) expect(sizeOf(wrong), wrong).toBe(undefined);
  expect(startHelp()).toMatch(/^Usage: [\s\S]+--memory <bytes>[\s\S]+Environment:/);
});
