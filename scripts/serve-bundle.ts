/** The Worker as workerd modules in dist/, built only when a source has changed. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { installed, built as packaged, root } from "./package-root.ts";

const sources = [
  "src/**/*.ts",
  "durable-objects/**/*.ts",
  "wasm/build/*.wasm",
  "web/build/page.*",
  "wrangler.toml",
  "package-lock.json",
];

/** The default Worker, or the one that carries onnxruntime-web (docs/onnx.md). */
export type Entry = "index" | "onnx";
const places: Record<Entry, { target: string; entry: string[] }> = {
  index: { target: join(root, "dist/worker"), entry: [] },
  onnx: { target: join(root, "dist/worker-onnx"), entry: ["src/index/onnx.ts"] },
};

export interface Bundle {
  folder: string;
  /** File names, the entry first. */
  modules: string[];
  built: boolean;
}

/** The Worker that an installed package brings along; it has no ONNX runtime, which alone is larger than all the rest. */
function packagedBundle(entry: Entry): Bundle {
  if (entry === "onnx") throw new Error("a pack with an ONNX graph is served from a checkout of the repository only");
  return { folder: join(packaged, "worker"), modules: ["index.js", "worker.js", "kernels.wasm"], built: false };
}

/** Throws with wrangler's messages. */
export function ensureBundle(entry: Entry = "index"): Bundle {
  if (installed) return packagedBundle(entry);
  const { target } = places[entry];
  const digest = digestOf(sources.flatMap((pattern) => globSync(pattern, { cwd: root })).toSorted());
  const built = stampOf(target) !== digest;
  if (built) build(entry, digest);
  const files = readdirSync(target).filter((name) => /\.(js|wasm|bin|html|txt)$/.test(name));
  const modules = files.toSorted((a, b) => Number(b === `${entry}.js`) - Number(a === `${entry}.js`));
  return { folder: target, modules, built };
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

function stampOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "digest"), "utf8");
  } catch {
    return undefined;
  }
}

/** Built beside the target and put in its place at once, so that a second start never sees half of it. */
function build(from: Entry, digest: string): void {
  const { target, entry } = places[from];
  const fresh = `${target}.${process.pid}`;
  const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
  mkdirSync(fresh, { recursive: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [wrangler, "deploy", ...entry, "--dry-run", "--minify", "--outdir", fresh],
    {
      cwd: root,
      encoding: "utf8",
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_SEND_ERROR_REPORTS: "false",
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
      },
    },
  );
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error(`the Worker does not build\n${stdout}${stderr}`);
  }
  writeFileSync(join(fresh, "digest"), digest);
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}
