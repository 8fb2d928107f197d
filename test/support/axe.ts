/** What axe-core finds against the accessibility of a page as it stands, as "rule: first element". */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  nodes: { html: string }[];
}

export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(`${axe};0`);
  const { violations } = (await page.evaluate("axe.run()")) as { violations: Violation[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}
