/** What `npm run deploy` would upload, built by its dry run, against the platform's limits. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { root } from "../../scripts/package-root.ts";
import { type Bundle, ensureBundle } from "../../scripts/serve-bundle.ts";

const MIB = 1024 * 1024;
/**
 * developers.cloudflare.com/workers/platform/limits: a Worker of the free plan after compression, of any
 * plan before; one asset; assets.
 */
const limits = { compressedBytes: 3 * MIB, bytes: 64 * MIB, assetBytes: 25 * MIB, assets: 20_000 };

let bundle: Bundle;
let modules: { name: string; bytes: Buffer }[];
beforeAll(() => {
  bundle = ensureBundle();
  modules = bundle.modules.map((name) => ({ name, bytes: readFileSync(join(bundle.folder, name)) }));
});

it("M8: the Worker fits the smallest plan, compressed, with everything that it imports", () => {
  const compressed = modules.reduce((sum, { bytes }) => sum + gzipSync(bytes).length, 0);
  console.info(`bundle: ${modules.reduce((sum, { bytes }) => sum + bytes.length, 0)} bytes, ${compressed} compressed`);
  expect(modules.map(({ name }) => name)).toContain("index.js");
  expect(compressed).toBeLessThan(limits.compressedBytes);
  expect(modules.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(limits.bytes);
});

/** The platform allows a second. */
const STARTUP_MS = 400;

it("M8: what runs before the first request takes a fraction of what the platform allows", () => {
  const program = join(root, "test/support/worker-startup.ts");
  const times = Array.from({ length: 3 }, () => {
    const run = [process.execPath, ["--experimental-vm-modules", "--no-warnings", program, bundle.folder]] as const;
    const { status, stdout, stderr } = spawnSync(...run, { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    return Number(stdout);
  });
  console.info(`startup: ${times.map(Math.round).join(", ")} ms of processor time`);
  expect(Math.min(...times)).toBeGreaterThan(10);
  expect(Math.min(...times)).toBeLessThan(STARTUP_MS);
});

it("nothing of the machine that built it is in it", () => {
  for (const { name, bytes } of modules.filter(({ name }) => name.endsWith(".js")))
    expect(bytes.includes(root), `${name} names ${root}`).toBe(false);
});

it("its script has no character beyond Latin-1, so an isolate keeps it with a byte a character", () => {
  const script = modules.find(({ name }) => name === "index.js")!.bytes.toString();
  expect([...script.matchAll(/.{0,40}[^\0-\xff].{0,10}/g)].map(([place]) => place)).toEqual([]);
});

it("no switch of the tests is in it, and no place where they make things go wrong", () => {
  const switches = ["FAULTS", "FAULT_HOOK", "FAULT_POINTS", "fault at ", "a plan of faults"];
  const worker = (bundle: Bundle) => readFileSync(join(bundle.folder, "index.js"), "utf8");
  const inside = (text: string) => switches.filter((name) => text.includes(name));
  expect(inside(worker(ensureBundle()))).toEqual([]);
  // What the tests themselves serve has them, so that the search above can find something.
  expect(inside(worker(ensureBundle({ faultPoints: true })))).toEqual([
    "FAULTS",
    "FAULT_HOOK",
    "fault at ",
    "a plan of faults",
  ]);
});

it("every asset fits, and there are not too many", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/serve-pack.ts")], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  const folder = join(root, "dist/assets");
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  const sizes = files.map((name) => statSync(join(folder, name))).filter((file) => file.isFile());
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.length).toBeLessThan(limits.assets);
  for (const { size } of sizes) expect(size).toBeLessThanOrEqual(limits.assetBytes);
});
