/**
 * Both lockfiles name every optional package that `npm ci` expects, also those of other platforms,
 * which a registry mirror may hide.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

interface Entry {
  optionalDependencies?: Record<string, string>;
  resolved?: string;
  /** A package of this repository. */
  link?: boolean;
}

it.each(["package-lock.json", "bench/peers/package-lock.json"])("%s is complete and names no host", (file) => {
  const path = join(import.meta.dirname, "../..", file);
  const { packages } = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, Entry> };
  const names = new Set(Object.keys(packages).map((key) => key.slice(key.lastIndexOf("node_modules/") + 13)));
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !names.has(name));
  expect(missing).toEqual([]);
  expect(Object.values(packages).filter(({ resolved, link }) => resolved && !link)).toEqual([]);
});
