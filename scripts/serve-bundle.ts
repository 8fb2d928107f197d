/** The Worker as workerd modules in dist/, built only when a source has changed. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { installed, built as packaged, root } from "./package-root.ts";

const sourceFolders = ["src", "durable-objects", "wasm/build", "web/build"];
const sourceFiles = ["wrangler.toml", "package-lock.json"];

/** Paths of the sources, in an order that is always the same. */
function sourcePaths(): string[] {
  const within = (folder: string) =>
    readdirSync(join(root, folder), { encoding: "utf8", recursive: true }).map((name) => `${folder}/${name}`);
  return [...sourceFiles, ...sourceFolders.flatMap(within)]
    .filter((path) => /\.(ts|wasm|bin|toml|json)$/.test(path))
    .toSorted();
}

/** The default Worker, or the one that carries onnxruntime-web (docs/onnx.md). */
type Entry = "index" | "onnx";
const entries: Record<Entry, { folder: string; source: string[] }> = {
  index: { folder: "dist/worker", source: [] },
  onnx: { folder: "dist/worker-onnx", source: ["src/index/onnx.ts"] },
};

interface BundleOptions {
  entry?: Entry;
  /** With the fault points of durable-objects/platform/fault-points.ts, for tests. What is deployed has none. */
  faultPoints?: boolean;
}

export interface Bundle {
  folder: string;
  /** File names, the entry first. */
  modules: string[];
  built: boolean;
}

/**
 * The Worker that an installed package brings along; it has no ONNX runtime, which alone is larger than all the rest.
 */
function packagedBundle({ entry, faultPoints }: Required<BundleOptions>): Bundle {
  if (faultPoints) throw new Error("FAULTS is for tests, which need a checkout of the repository");
  if (entry === "onnx") throw new Error("a pack with an ONNX graph is served from a checkout of the repository only");
  const folder = join(packaged, "worker");
  return { folder, modules: modulesIn(folder, entry), built: false };
}

/** Throws with wrangler's messages. */
export function ensureBundle({ entry = "index", faultPoints = false }: BundleOptions = {}): Bundle {
  if (installed) return packagedBundle({ entry, faultPoints });
  const { folder, source } = entries[entry];
  const target = join(root, faultPoints ? `${folder}-faults` : folder);
  const paths = sourcePaths();
  // Reading all of them takes as long as the rest of a start, so that is left out where
  // none was written since the build.
  const untouched = timesOf(paths);
  let built = false;
  if (noteOf(target, "times") !== untouched) {
    const digest = digestOf(paths);
    built = noteOf(target, "digest") !== digest;
    const defined = faultPoints ? ["--define", "globalThis.FAULT_POINTS:true"] : [];
    if (built) build(target, [...source, ...defined], { digest, times: untouched });
  }
  return { folder: target, modules: modulesIn(target, entry), built };
}

function modulesIn(folder: string, entry: Entry): string[] {
  const files = readdirSync(folder).filter((name) => /\.(js|wasm|bin)$/.test(name));
  return files.toSorted((a, b) => Number(b === `${entry}.js`) - Number(a === `${entry}.js`));
}

function digestOf(files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files)
    hash.update(`${file}\0`).update(
      createHash("sha256")
        .update(readFileSync(join(root, file)))
        .digest(),
    );
  return hash.digest("hex");
}

/** A digest of files' names, sizes and times of writing, which needs none of them read. */
function timesOf(files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\0${size} ${mtimeMs}\0`);
  }
  return hash.digest("hex");
}

/** What the build of a folder was made of. */
interface Notes {
  digest: string;
  times: string;
}

function noteOf(folder: string, name: keyof Notes): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Steps of the build run the `node` that they find: this one, also where the machine's own is older and
 * bin/rivulet.js has passed it over.
 */
export const buildEnvironment = (own: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...own,
  PATH: [dirname(process.execPath), own.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
});

/** Built beside the target and put in its place at once, so that a second start never sees half of it. */
function build(target: string, args: string[], notes: Notes): void {
  const fresh = `${target}.${process.pid}`;
  const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
  mkdirSync(fresh, { recursive: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [wrangler, "deploy", ...args, "--dry-run", "--minify", "--outdir", fresh],
    {
      cwd: root,
      encoding: "utf8",
      env: buildEnvironment(process.env),
    },
  );
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error(`the Worker does not build\n${stdout}${stderr}`);
  }
  for (const [name, note] of Object.entries(notes)) writeFileSync(join(fresh, name), note);
  replace(target, fresh, notes.digest);
}

/**
 * Another start that builds at the same time may put its own there first, which is as
 * good if it is of the same sources.
 */
function replace(target: string, fresh: string, digest: string): void {
  for (let left = REPLACE_TRIES; ; left--) {
    rmSync(target, { recursive: true, force: true });
    try {
      renameSync(fresh, target);
      return;
    } catch (thrown) {
      const isThere = ["ENOTEMPTY", "EEXIST"].includes((thrown as NodeJS.ErrnoException).code ?? "");
      if (!isThere || left === 0) throw thrown;
      if (noteOf(target, "digest") !== digest) continue;
      rmSync(fresh, { recursive: true, force: true });
      return;
    }
  }
}

const REPLACE_TRIES = 5;
