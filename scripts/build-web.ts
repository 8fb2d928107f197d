/**
 * Bundles web/ into web/build/, compressed, from where src/routes/page.ts imports it as bytes; only when a
 * source is newer than the result.
 *
 * `node scripts/build-web.ts` prints one line and fails on a compile error; `ensurePage` is the same for a program.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "esbuild";
import { commandLine } from "./command-line.ts";
import { installed, root } from "./package-root.ts";

const folder = join(root, "web/build");
/** Names of the files in a folder of the checkout. An installed package has no sources, and so no names. */
const namesIn = (name: string): string[] =>
  installed ? [] : readdirSync(join(root, name)).filter((file) => file.includes("."));
/**
 * What the page loads only when it is needed: each file of web/lazy/ is one beside the page's script.
 * src/routes/page.ts serves them.
 */
const lazy = namesIn("web/lazy").map((name) => basename(name, ".ts"));
/** The ending of what a Worker imports as bytes. */
const packed = (name: string) => `${name}.gz.bin`;
const outputs = ["page.html", "page.css", "page.js", ...lazy.map((name) => `${name}.js`)].map(packed);
const sourceFolders = ["web", "web/lazy", "web/styles", "src/client"];
const sourceFiles = ["src/core/failure.ts", "package-lock.json", "scripts/build-web.ts"];

const modifiedMs = (path: string): number =>
  statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;

function isCurrent(): boolean {
  // Only files count, not the folders that they lie in: what is built is written into one of
  // those, which changes its time.
  const within = (name: string) => namesIn(name).map((file) => `${name}/${file}`);
  const sources = [...sourceFiles, ...sourceFolders.flatMap(within)];
  const newest = Math.max(...sources.map((name) => modifiedMs(join(root, name))));
  return outputs.every((name) => modifiedMs(join(folder, name)) > newest);
}

/** Paths of the page's files, up to date; throws with the bundler's messages. */
export async function ensurePage(): Promise<{ paths: string[]; built: boolean }> {
  const paths = outputs.map((name) => join(folder, name));
  if (installed || isCurrent()) return { paths, built: false };
  // Loaded only now: the bundler is a development dependency.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: {
      page: join(root, "web/main.tsx"),
      styles: join(root, "web/page.css"),
      ...Object.fromEntries(lazy.map((name) => [name, join(root, `web/lazy/${name}.ts`)])),
    },
    outdir: folder,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    // Parsers have a smaller form for browsers that reads entities through innerHTML; the page never does that.
    conditions: ["worker"],
    legalComments: "none",
    logLevel: "silent",
    plugins: [besideThePage],
  });
  const textOf = (name: string) => outputFiles.find(({ path }) => basename(path) === name)!.text;
  mkdirSync(folder, { recursive: true });
  for (const name of ["page", ...lazy]) put(`${name}.js`, textOf(`${name}.js`));
  put("page.css", textOf("styles.css"));
  put("page.html", readFileSync(join(root, "web/page.html"), "utf8"));
  return { paths, built: true };
}

/** `import("./lazy/maths.ts")` asks the server for maths.js, wherever the page is mounted. */
const besideThePage: Plugin = {
  name: "beside-the-page",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/lazy\/[\w-]+\.ts$/ }, ({ path, kind }) =>
      kind === "dynamic-import" ? { path: `./${basename(path, ".ts")}.js`, external: true } : undefined,
    );
  },
};

/** Several processes may build at once, so each writes its own file and the last rename stands. */
function put(name: string, text: string): void {
  const own = join(folder, `${name}.${process.pid}`);
  writeFileSync(own, gzipSync(text, { level: 9 }));
  renameSync(own, join(folder, packed(name)));
}

if (import.meta.main) {
  commandLine({});
  try {
    const { paths, built } = await ensurePage();
    const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
    console.log(`${relative(process.cwd(), folder)}: ${bytes} bytes, ${built ? "built" : "up to date"}`);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`);
    process.exitCode = 1;
  }
}
