/** What the documents tell people to type: commands of their code blocks, and of their running text. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/package-root.ts";

export const documents: string[] = [
  ...globSync(["*.md", "docs/*.md", "examples/**/*.md", "templates/**/*.md", "models/**/*.md", "training/README.md"], {
    cwd: root,
    exclude: (path) => path.includes("node_modules"),
  }),
].sort();

const BLOCK = /^```(\w*)\n([\s\S]*?)^```$/gm;
const SHELLS = ["", "sh", "bash", "console"];
/** Blocks without a language are commands where they begin like one. */
const COMMAND =
  /^(?:[A-Z_]+=|[a-z]+=\$\(|curl |npm |npx |node |rivulet |wrangler |python |bash |docker |openssl |printf |cp |prometheus |[A-Z_]+=<)/;

/**
 * The commands of a document's code blocks, in their order, each whole: over lines that go on,
 * without what is said about it.
 */
export function commandsOf(text: string): string[] {
  const commands: string[] = [];
  for (const [, language, block] of text.matchAll(BLOCK)) {
    if (!SHELLS.includes(language!) || !COMMAND.test(block!)) continue;
    let open = "";
    for (const given of block!.trimEnd().split("\n")) {
      const line = given.replace(/(?:^|\s{2,}|(?<=\S) )# .*$/, "").trimEnd();
      open += open === "" ? line : `\n${line}`;
      // Those of words, as in "somebody's", quote nothing.
      const isQuoted = (open.match(/(?<!\p{L})'|'(?!\p{L})/gu)?.length ?? 0) % 2 === 1;
      if (isQuoted || open.endsWith("\\") || open.trim() === "") continue;
      commands.push(open);
      open = "";
    }
  }
  return commands;
}

/** Commands in running text and in tables. */
export const inlineCommands = (text: string): string[] =>
  [...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`((?:npm|npx|node|rivulet|wrangler|python) [^`\n]+)`/g)].map(
    ([, command]) => command!.replaceAll("\\|", "|"),
  );

export const read = (document: string): string => readFileSync(join(root, document), "utf8");
