/**
 * The models in the repository say what they are: `rivulet info`, and whoever has the folder
 * alone, reads it in the manifest.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseManifest } from "../../src/weights/parse-manifest.ts";

const packs = readdirSync("models").filter((name) => existsSync(join("models", name, "manifest.json")));

it("finds the default model among them", () => expect(packs).toContain("rivulet-150m"));

it.each(packs)(
  "%s states its licence and, where it talks, what it was made from and how good it was measured to be",
  (name) => {
    const { licence, provenance, quality, tokenizer } = parseManifest(
      readFileSync(join("models", name, "manifest.json")),
    );
    expect(licence).toBe("Apache-2.0");
    expect(Object.keys(provenance).length).toBeGreaterThan(0);
    if (!tokenizer) return;
    const files = Object.values(provenance["files"] ?? {});
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(file).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(Object.keys(quality ?? {}).length).toBeGreaterThan(0);
  },
);
