/**
 * Writes into a pack's manifest the digest of what its weights compute, as `rivulet convert` does: for packs whose weights were changed in place
 * (training/splice.py).
 *
 *     node scripts/pack-golden.ts <pack>
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goldenOf } from "../src/backends/golden.ts";
import { loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { folderSource } from "../src/weights/folder-source.ts";

const [pack] = process.argv.slice(2);
if (pack === undefined) throw new Error("usage: node scripts/pack-golden.ts <pack>");
const file = join(pack, "manifest.json");
const manifest = JSON.parse(readFileSync(file, "utf8"));
const golden = await goldenOf((await loadModel(folderSource(pack), compiledKernels())).backend);
writeFileSync(file, `${JSON.stringify({ ...manifest, golden }, null, 1)}\n`);
console.log(golden.sha256);
