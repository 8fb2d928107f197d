/** Every link from one document to another and to a heading leads somewhere, and every file that one names is there. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";

const documents = globSync(["*.md", "{docs,examples,templates,models,training,bench,.github}/**/*.md"], {
  exclude: ["**/node_modules/**"],
});

/** Without code, in which brackets and numbers mean other things. */
const read = (document: string): string => readFileSync(document, "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");

/** What a link to the heading says, as GitHub has it. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\]\([^)]*\)/g, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");

const anchorsIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!)));

function isThere(document: string, link: string): boolean {
  const [path, anchor] = link.split("#");
  const target = path ? normalize(join(dirname(document), path)) : document;
  if (!existsSync(target)) return false;
  return anchor === undefined || !target.endsWith(".md") || anchorsIn(read(target)).has(anchor);
}

const linksIn = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link));

it("knows the anchors of headings", () => {
  const text = "# A kept turn, outside the `model`\n\n## 2026-11-28 · Lists, [twice](a.md)\n";
  expect([...anchorsIn(text)]).toEqual(["a-kept-turn-outside-the-model", "2026-11-28--lists-twice"]);
});

it("has no link that leads nowhere", () => {
  const links = documents.flatMap((document) => linksIn(read(document)).map((link) => [document, link] as const));
  expect(links.length).toBeGreaterThan(200);
  expect(links.filter(([document, link]) => !isThere(document, link)).map((each) => each.join(" → "))).toEqual([]);
});

/** A log names files of its day. What training leaves is in no checkout. */
const isOfItsDay = (document: string): boolean => /(?:^|\/)(?:log|training-log|CHANGELOG)\.md$/.test(document);
const path =
  /`((?:src|durable-objects|test|bench|scripts|web|wasm|training(?!\/(?:data|runs))|models|examples|docs|bin)\/[\w./-]+)`/g;

it("names no file that is not there", () => {
  const named = documents
    .filter((document) => !isOfItsDay(document))
    .flatMap((document) => [...read(document).matchAll(path)].map(([, name]) => [document, name!] as const));
  expect(named.length).toBeGreaterThan(200);
  expect(named.filter(([, name]) => !existsSync(name)).map((each) => each.join(": "))).toEqual([]);
});
