/**
 * The Node that package.json asks for is the Node that its dependencies need, so that npm warns about no engine on any
 * release that the range promises; and it is what the documents and the command say.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { minVersion, satisfies, subset } from "semver";
import { expect, it } from "vitest";
import { root } from "../../scripts/package-root.ts";
import { documents, read } from "../support/documented-commands.ts";

interface Entry {
  engines?: { node?: string };
  dev?: boolean;
  optional?: boolean;
  cpu?: string[];
}

const own: { engines: { node: string } } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: Record<string, Entry>;
};
/**
 * Without what is compiled for one processor: npm leaves that out without a word where it does not suit, and
 * Node 24 has left some of them.
 */
const dependencies = Object.entries(packages).filter(
  ([path, { optional, cpu }]) => path.startsWith("node_modules/") && !(optional && cpu),
);
const oldest = minVersion(own.engines.node)!;

/** What wants a Node that `promised` does not keep to. */
const unmet = (entries: typeof dependencies, promised: string): string[] =>
  entries
    .map(([path, { engines }]) => ({ path, needed: engines?.node }))
    .filter(({ needed }) => needed !== undefined && !subset(promised, needed))
    .map(({ path, needed }) => `${path}: node ${needed}`);

it("finds a dependency that needs more", () => {
  const made = (node: string): typeof dependencies => [["node_modules/made", { engines: { node } }]];
  expect(unmet(made(">=22.19"), own.engines.node)).toEqual(["node_modules/made: node >=22.19"]);
  expect(unmet(made("^22.12.0 || >=24"), own.engines.node)).toHaveLength(1);
  expect(unmet(made(">=18"), own.engines.node)).toEqual([]);
});

it("what an installation brings runs on every Node that is promised", () => {
  const installed = dependencies.filter(([, { dev }]) => !dev);
  expect(installed.length).toBeGreaterThan(0);
  expect(unmet(installed, own.engines.node)).toEqual([]);
});

it("what a checkout brings runs on every line of it with long support, from the oldest on", () => {
  // Releases with an odd number live half a year, and vitest leaves them out.
  const lines = `^${oldest} || ^24 || ^26 || ^28`;
  expect(subset(lines, own.engines.node)).toBe(true);
  expect(unmet(dependencies, lines)).toEqual([]);
  expect(satisfies(readFileSync(join(root, ".nvmrc"), "utf8").trim(), lines)).toBe(true);
});

it("is what the command asks for and the documents say", () => {
  const command = readFileSync(join(root, "bin/rivulet.js"), "utf8");
  expect(command).toContain(`NEEDED = [${oldest.major}, ${oldest.minor}]`);
  const said = documents.flatMap((name) =>
    [...read(name).matchAll(/Node (\d+(?:\.\d+)?)(?= or newer)/g)].map(([, version]) => `${name}: ${version}`),
  );
  expect(said.length).toBeGreaterThan(2);
  expect(said.filter((text) => !text.endsWith(`: ${oldest.major}.${oldest.minor}`))).toEqual([]);
});
