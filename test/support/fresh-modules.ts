/**
 * Files of tests share a process, as starting one takes longer than many of them. Each has modules of its own, so that
 * what one leaves in a variable no other finds; what it leaves elsewhere fails it.
 */
import { afterAll, expect, vi } from "vitest";

vi.resetModules();

/** Libraries keep what is theirs under names with an underscore. */
const globals = () => Object.keys(globalThis).filter((name) => !name.startsWith("_"));
/** What tests put something else in the place of, and may put back in the wrong order. */
const clock = () => ({ setTimeout, setInterval, setImmediate, Date, fetch });
const shared = () => ({
  ...{ folder: process.cwd(), environment: { ...process.env }, globals: globals() },
  ...clock(),
});
const before = shared();
afterAll(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  expect(shared(), "what all files share").toEqual(before);
});
