/** A secret that a document tells somebody to write must not be one `git add .` away from everybody. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../scripts/package-root.ts";

const documents = globSync(["README.md", "docs/**/*.md", "templates/**/*.md", "examples/**/*.md"], { cwd: root });
const secret =
  /(?<![\w./-])(?:\.dev\.vars(?!\.example)(?:\.\w+)?|\.env(?:\.\w+)?|session\.key|secrets\.json)(?![\w.]*\w)/g;

it("git ignores every secret file that a document names", () => {
  const named = documents.flatMap((path) => readFileSync(join(root, path), "utf8").match(secret) ?? []);
  const files = [...new Set([...named, ".dev.vars", ".env", "session.key", "secrets.json"])];
  expect(named.length).toBeGreaterThan(0);
  for (const file of files)
    expect(spawnSync("git", ["check-ignore", "-q", "--no-index", file], { cwd: root }).status, file).toBe(0);
  const example = spawnSync("git", ["check-ignore", "-q", "--no-index", ".dev.vars.example"], { cwd: root });
  expect(example.status, ".dev.vars.example is to be committed").toBe(1);
});
