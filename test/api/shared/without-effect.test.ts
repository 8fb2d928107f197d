/** docs/api.md lists what is taken without effect as the schemas declare it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import "../../../src/api/chat/request.ts";
import "../../../src/api/completions/request.ts";
import "../../../src/api/messages/request.ts";
import "../../../src/api/responses/request.ts";
import { withoutEffectTable } from "../../../src/api/shared/ignored.ts";

it("docs/api.md has the table of the schemas", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/api.md"), "utf8");
  const [, listed] = /<!-- without effect: [^>]*-->\n([\s\S]*?)<!-- end -->/.exec(page)!;
  const rows = [...withoutEffectTable].sort().map(([name, why]) => `| \`${name}\` | ${why} |`);
  expect(listed!.trim()).toBe(["| field | because |", "| --- | --- |", ...rows].join("\n"));
});
