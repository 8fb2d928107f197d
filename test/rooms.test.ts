import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

/** The rooms of the house, lowest first. A room may import from itself and from rooms above it in this list. */
const rooms = [
  "wasm",
  "src/core",
  "src/kernels",
  "src/layers",
  "src/models",
  "src/weights",
  "src/tokenizer",
  "src/constrain",
  "src/backends",
  "src/sampling",
  "src/state",
  "src/portable",
  "src/dialogue",
  "src/convert",
  "src/api",
  "src/client",
  "web",
  "durable-objects",
  "src/routes",
  "src/index",
  "scripts",
  "src/cli",
];
const roomOf = (path: string) => rooms.findIndex((room) => `${path.replace(/\.tsx?$/, "")}/`.startsWith(`${room}/`));
const files = globSync("{src,durable-objects,web}/**/*.{ts,tsx}");
const imports = /(?:from|import\()\s*["'](\.[^"']+)["']/g;

it("finds the house", () => {
  expect(files.length).toBeGreaterThan(20);
});

it.each(files)("%s imports only downwards", (file) => {
  expect(roomOf(file), `${file} stands in no room`).toBeGreaterThanOrEqual(0);
  for (const [, target] of readFileSync(file, "utf8").matchAll(imports)) {
    const to = roomOf(join(dirname(file), target!));
    expect(to, `${file} → ${target}`).toBeGreaterThanOrEqual(0);
    expect(to, `${file} → ${target}`).toBeLessThanOrEqual(roomOf(file));
  }
});
