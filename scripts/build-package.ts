/**
 * Compiles the package to dist/npm: what `npm pack` puts in and what an installed package runs.
 * `npm pack` calls it by itself.
 *
 * cli/      the rivulet command under Node, in chunks, so that a command loads only what it needs
 * worker/   the Worker: worker.js to mount in another one (rivulet/worker), index.js for workerd, kernels.wasm,
 *           the chat page's files
 * sentence-encoder/  what recall compares sentences with
 * client/   the typed client (rivulet/client)
 *
 * Libraries are bundled, so that an installation is this package, the packs of its models and the runtime,
 * and nothing that moves under it.
 */

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { startCounts } from "../src/core/settings.ts";
import { ensureKernels } from "./build-wasm.ts";
import { ensurePage } from "./build-web.ts";
import { commandLine } from "./command-line.ts";
import { built, root } from "./package-root.ts";
import { setting } from "./serve-pack.ts";

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2024",
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
} satisfies BuildOptions;

/** Compilers and runtimes that only a checkout uses, or that are installed beside the package. */
const notBundled = ["workerd", "wrangler", "esbuild", "assemblyscript", "onnxruntime-web"];

const worker: BuildOptions = {
  ...common,
  // As wrangler.toml has it.
  keepNames: false,
  entryPoints: { worker: "src/index/mount.ts" },
  outdir: join(built, "worker"),
  conditions: ["workerd", "worker", "browser"],
  loader: { ".bin": "copy", ".wasm": "copy" },
  assetNames: "[name]",
  external: ["cloudflare:*", "node:*"],
  define: { "globalThis.FAULT_POINTS": "false" },
};

const cli: BuildOptions = {
  ...common,
  keepNames: true,
  entryPoints: { main: "src/cli/main.ts" },
  outdir: join(built, "cli"),
  platform: "node",
  splitting: true,
  chunkNames: "[name]-[hash]",
  external: notBundled.flatMap((name) => [name, `${name}/*`]),
};

const client: BuildOptions = {
  ...common,
  // Failures are told apart by their names.
  keepNames: true,
  entryPoints: { index: "src/client/index.ts" },
  outdir: join(built, "client"),
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["import", "default"],
};

/** The Worker's entry as workerd wants it: its handler and its classes, and nothing else. */
const workerEntry = `export { server as default, Conversation, Directory, Inside, ResponseSocket, Stage, Stream, StreamLedger, PromptCache } from "./worker.js";\n`;

async function main(): Promise<void> {
  await ensureKernels();
  await ensurePage();
  rmSync(built, { recursive: true, force: true });
  const results = await Promise.all([worker, cli, client].map((options) => build(options)));
  mkdirSync(join(built, "worker"), { recursive: true });
  writeFileSync(join(built, "worker/index.js"), workerEntry);
  copyFileSync(join(root, "scripts/package/worker.d.ts"), join(built, "worker/worker.d.ts"));
  mkdirSync(join(built, "sentence-encoder"), { recursive: true });
  copyFileSync(join(root, "models/sentence-encoder/encoder.bin"), join(built, "sentence-encoder/encoder.bin"));
  const noted = ["compatibility_date", "PACK_PATH", "FORECAST_PACK_PATH", ...startCounts];
  const settings = Object.fromEntries(noted.map((key) => [key, setting(key)]));
  writeFileSync(join(built, "settings.json"), `${JSON.stringify(settings)}\n`);
  declareClient();
  writeFileSync(join(built, "NOTICES.txt"), notices(results.map(({ metafile }) => metafile!)));
  const files = readdirSync(built, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(built, name)));
  const bytes = files.filter((file) => file.isFile()).reduce((sum, { size }) => sum + size, 0);
  console.log(`${relative(process.cwd(), built)}: ${bytes} bytes`);
}

/** Declarations of the client and of what its types are made of. */
function declareClient(): void {
  const tsc = join(root, "node_modules/.bin/tsc");
  const options = ["--project", "scripts/package/tsconfig.client.json", "--outDir", join(built, "types")];
  const { status, stdout, stderr } = spawnSync(tsc, options, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`the client's types cannot be declared\n${stdout}${stderr}`);
}

/** The licences of what is bundled, as they ask for. */
function notices(metafiles: readonly Metafile[]): string {
  const inputs = metafiles
    .flatMap(({ inputs }) => Object.keys(inputs))
    .filter((path) => path.includes("node_modules/"));
  const folders = [...new Set(inputs.map(packageFolder))].toSorted();
  return folders.map(noticeOf).join(`\n${"-".repeat(78)}\n\n`);
}

function packageFolder(input: string): string {
  let folder = dirname(join(root, input));
  // Packages have package.json files in folders of their own that only name a module format.
  while (!/node_modules\/(@[^/]+\/)?[^/]+$/.test(folder)) folder = dirname(folder);
  return folder;
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : "";
  return `${name} ${version}, ${license}\n\n${text}\n`;
}

commandLine({});
try {
  await main();
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`);
  process.exitCode = 1;
}
