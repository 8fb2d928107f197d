/**
 * Where the package lies. The same code runs from a checkout as TypeScript and, compiled by build-package.ts,
 * from an installed package; the two lie at different depths, so the root is the nearest folder above that holds
 * the package's own package.json.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

function ownRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name === "rivulet") return folder;
    if (folder === dirname(folder)) throw new Error(`${from}: expected to lie in the package rivulet`);
  }
}

export const root = ownRoot(import.meta.dirname);
/** An installed package holds what was built and no sources. */
export const installed = !existsSync(join(root, "src/index.ts"));
/** What build-package.ts writes. */
export const built = join(root, "dist/npm");
export const kernelsPath = join(root, installed ? "dist/npm/worker/kernels.wasm" : "wasm/build/kernels.wasm");
export const version: string = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

/** The folder of what recall compares sentences with. */
export const encoderFolder = join(root, installed ? "dist/npm/sentence-encoder" : "models/sentence-encoder");
