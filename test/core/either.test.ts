import { join } from "node:path";
import { buildSync } from "esbuild";
import { expect, it } from "vitest";
import { either } from "../../src/core/either.ts";

it("a pattern matches, or the letters beside it do, with the pattern's flags", () => {
  const says = either(/\bI (?:am|was)\b/iu, "我[是在]");
  expect(["so i was", "那我在", "我", "I amuse"].map((text) => says.test(text))).toEqual([true, true, false, false]);
});

it("the Worker has no character beyond Latin-1, however it is bundled, so an engine keeps its script with a byte a character", () => {
  const { outputFiles } = buildSync({
    absWorkingDir: join(import.meta.dirname, "../.."),
    entryPoints: ["src/index/mount.ts"],
    bundle: true,
    write: false,
    outdir: "nowhere",
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".bin": "empty", ".wasm": "empty" },
    external: ["cloudflare:*", "node:*"],
    legalComments: "none",
    minify: true,
  });
  const text = outputFiles.map((file) => file.text).join("");
  expect(text.length).toBeGreaterThan(5e5);
  expect([...text.matchAll(/.{0,40}[^\0-\xff].{0,10}/g)].map(([place]) => place)).toEqual([]);
});
