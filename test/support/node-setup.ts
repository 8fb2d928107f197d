/**
 * A folder for what the files of a run share, as they run in processes that end without a
 * word; it goes when the run ends.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    sharedFolder: string;
  }
}

export default function ({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-node-"));
  provide("sharedFolder", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
