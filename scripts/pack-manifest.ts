/**
 * Writes into a pack's manifest what `rivulet convert` would: the digest of what its weights compute, for packs
 * whose weights were changed in place (training/splice.py), and what is given of licence, provenance (beside what
 * stands there) and measured quality.
 *
 *     node scripts/pack-manifest.ts <pack> [--licence <licence>] [--provenance <json>] [--quality <json>]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goldenOf } from "../src/backends/golden.ts";
import { loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { parseManifest } from "../src/weights/parse-manifest.ts";
import { commandLine } from "./command-line.ts";

const { values, positionals } = commandLine(
  { licence: { type: "string" }, provenance: { type: "string" }, quality: { type: "string" } },
  [1, 1],
);
const pack = positionals[0]!;
const file = join(pack, "manifest.json");
const old = JSON.parse(readFileSync(file, "utf8"));
const manifest = {
  ...old,
  ...(values.licence === undefined ? {} : { licence: values.licence }),
  provenance: { ...old.provenance, ...JSON.parse(values.provenance ?? "{}") },
  ...(values.quality === undefined ? {} : { quality: JSON.parse(values.quality) }),
  golden: await goldenOf((await loadModel(folderSource(pack), compiledKernels())).backend),
};
const text = `${JSON.stringify(manifest, null, 1)}\n`;
parseManifest(new TextEncoder().encode(text));
writeFileSync(file, text);
console.log(manifest.golden.sha256);
