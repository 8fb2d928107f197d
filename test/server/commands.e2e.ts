/**
 * Every command of the documents, as it is written there. Those of a document run one after another in one
 * shell, against a running server; what cannot run here is left out by name and with its reason, and a command
 * that is neither fails the test.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/package-root.ts";
import { commandsOf, documents, inlineCommands, read } from "../support/documented-commands.ts";
import { type Started, start } from "../support/start-server.ts";
import { longTinyPack } from "../support/tiny-pack.ts";

/** Why a command is not run by this test. */
const leftOut: [command: RegExp, because: string][] = [
  [/^npm (?:ci|test|run lint:fix)\b/, "it is what runs this test, or what CI runs beside it"],
  [
    /^npm install(?:$| <folder>\/)|^npm run dev$|^cp \.dev\.vars|127\.0\.0\.1:8787\/ai\//,
    "test/server/package.e2e.ts mounts the template",
  ],
  [/^npm pack|^npm install \.\/|^npx rivulet start/, "test/server/package.e2e.ts packs, installs and starts it"],
  [
    /wrangler (?:login|delete)|^npm run deploy|workers\.dev|^wrangler deploy src/,
    "it needs an account of Cloudflare's",
  ],
  [/^npx wrangler deploy --dry-run/, "test/server/deploy.e2e.ts does it"],
  [/^docker |docker compose/, "it needs a container engine; test/scripts/dockerfile.test.ts reads the file"],
  [/^prometheus /, "it needs Prometheus; test/scripts/monitoring.test.ts reads the files"],
  [/^(?:\.venv\/bin\/)?python |^bash training|^python -m/, "it trains, for hours and with torch"],
  [/rivulet convert training\//, "its source is what a training leaves"],
  [/ --gguf$/, "the tiny pack has no form in GGUF; test/export/export.test.ts writes others"],
  [/ pull /, "it downloads; test/hub does so from a hub of its own"],
  [/^npm run test:kill/, "it takes hours; test/server/kill.e2e.ts runs its first steps"],
  [/^npm run -s example /, "test/server/examples.e2e.ts and streams.e2e.ts run the examples"],
  [/^npm run -s rivulet -- (?:convert <out>|generate <pack> "…")/, "its source is an ONNX graph: test/convert/onnx"],
];

const work = mkdtempSync(join(tmpdir(), "rivulet-commands-"));
const at = (name: string): string => join(work, name);
let server: Started;

/** What is asked less of a benchmark here than its document says. */
const shortened: [written: RegExp, here: () => string][] = [
  // A minute of a benchmark says as little here as an hour, and may last longer than a test on a busy machine.
  [/(?<=long-dialogue\.ts )--tokens 2048,8192,32768 --seeds 1,2/g, () => "--tokens 2048 --seeds 1"],
  // The model's own answers take minutes; the tiny one is asked the same.
  [/(?<=long-answers\.ts )--tokens 2048,8192,32768/g, () => `${at("tiny-long")} --tokens 2048`],
];
const isBenchmark = (command: string): boolean =>
  /\bbench\/|^npm run (?:-s )?(?:bench|cost|hostile|load|real-files)\b/.test(command);

/** What stands in a document for something of the reader's own. */
const own: [written: RegExp, here: () => string][] = [
  [/http:\/\/127\.0\.0\.1:8787/g, () => server.url],
  [/(?<=info )<folder>\/config\.json|(?<=info )model\.gguf/g, () => at("source/config.json")],
  [/<folder>|<source>/g, () => at("source")],
  [/<pack>|packs\/mine/g, () => at("mine")],
  [/packs\/qwen/g, () => at("tiny-long")],
  [/\bout\/qwen/g, () => at("written")],
  // A day of a thousand users in one place takes the same ways as one of a million all over the world.
  [/npm run -s capacity(?: --)?(?: --users \d+)?(?= |$)/gm, () => "npm run -s capacity -- --users 1000 --locations 1"],
  // A random model does not end its answer; the default one does.
  [/("model": ?"rivulet-150m",)(?=\s*"(?:conversation|messages)")/g, () => '$1"max_tokens":24,'],
  [/^curl -N (.*)$/gm, () => "timeout 3 curl -sN $1 || true"],
];
const here = (command: string): string =>
  [...own, ...shortened].reduce((text, [written, what]) => text.replace(written, what()), command);

const isStart = (command: string): boolean => /^npm start\b/.test(command);
const reasonOf = (command: string): string | undefined => leftOut.find(([pattern]) => pattern.test(command))?.[1];

const pages = documents.map((name) => [name, commandsOf(read(name))] as const).filter(([, all]) => all.length > 0);
const count = (isRun: boolean): number =>
  pages.flatMap(([, all]) => all).filter((command) => (reasonOf(command) === undefined) === isRun).length;

beforeAll(async () => {
  console.log(`${count(true)} documented commands run, ${count(false)} are left out`);
  const pack = await longTinyPack(work);
  const persist = at("objects");
  server = await start(["--port", "0", "--persist-to", persist, "--pack", `rivulet-150m=${pack}`]);
  expect(server.url, server.output()).not.toBe("");
  // What other commands of the documents make, for those whose document does not make it itself.
  await shell(`npm run -s rivulet -- export ${pack} ${at("source")}`);
  await shell(`npm run -s rivulet -- convert ${at("source")} ${at("mine")}`);
});
afterAll(async () => {
  server.supervisor.kill("SIGTERM");
  await server.ended;
  rmSync(work, { recursive: true, force: true });
});

/** In the checkout, where people type it; files that it writes beside its command line go to a folder of the test's. */
async function shell(script: string, cwd = root): Promise<string> {
  const bins = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: `${bins}:${process.env.PATH}`, RIVULET_URL: server.url };
  // Not synchronously: the server's log lines come through this process.
  const run = promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], { cwd, env, maxBuffer: 64 << 20 });
  const { stdout, stderr } = await run.catch((thrown: { stdout: string; stderr: string; message: string }) => {
    throw new Error(`${script}\n${thrown.stdout}\n${thrown.stderr}`);
  });
  return stdout + stderr;
}

describe.each(pages)("%s", (_, all) => {
  const run = all.filter((command) => reasonOf(command) === undefined);
  const script = run.filter((command) => !isStart(command));
  const isInFolder = /(?:^|\s)(?:>|rm) ?\S*(?:session\.key|secrets\.json)/m;

  it.runIf(script.length > 0)("its commands do what they are there for", async () => {
    for (const command of script.filter(isBenchmark))
      expect(
        shortened.some(([written]) => command.match(written)),
        `${command}: it would run for as long as its document means it to; it needs a row in "shortened" or in "leftOut"`,
      ).toBe(true);
    const text = script
      .map(here)
      // Another document has made the pack of this name already.
      .map((command) => command.replace(/^(npm run -s rivulet -- convert .*)$/m, "$1 --force"))
      .join("\n");
    expect(text).not.toMatch(/<[a-z]/);
    const out = await shell(text, isInFolder.test(text) ? work : root);
    expect(out).not.toMatch(/"error": ?\{/);
  });

  it.runIf(run.some(isStart))("its server starts", async () => {
    for (const command of run.filter(isStart)) {
      const args = here(command)
        .replace(/^npm start(?: --)?/, "")
        .split(/\s+/)
        .filter(Boolean);
      const other = await start([...args, "--port", "0", "--persist-to", join(work, `other-${Date.now()}`)]);
      expect(other.url, other.output()).not.toBe("");
      expect((await fetch(`${other.url}/readyz`)).status).toBe(200);
      other.supervisor.kill("SIGTERM");
      await other.ended;
    }
  });
});

it("a command that is left out is one that is there", () => {
  const all = pages.flatMap(([, commands]) => commands);
  for (const [pattern, because] of leftOut) {
    expect(
      all.some((command) => pattern.test(command)),
      `${pattern} (${because})`,
    ).toBe(true);
    for (const [path] of because.matchAll(/test\/[\w/.-]+/g)) expect(existsSync(join(root, path)), path).toBe(true);
  }
  expect(count(true)).toBeGreaterThan(25);
});

describe("commands in running text", () => {
  const scripts = Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts);
  const isNamed = /^npm run |^(?:node|python) [\w/.-]+\.(?:ts|py|js)|^python -m training\.|^(?:npx )?rivulet [a-z]/;
  const all = documents.flatMap((name) =>
    inlineCommands(read(name)).flatMap((command) => (isNamed.test(command) ? [[name, command] as const] : [])),
  );
  const helps = new Map<string, Promise<string>>();
  const helpOf = (command: string): Promise<string> => {
    const known = helps.get(command) ?? shell(`node bin/rivulet.js ${command} --help`);
    helps.set(command, known);
    return known;
  };

  it.each(all)("%s: %s", async (_, command) => {
    const [, script] = /^npm run (?:-s )?([\w:-]+)/.exec(command) ?? [];
    if (script !== undefined) expect(scripts).toContain(script);
    const [, file] = /^(?:node|python) ([\w/.-]+\.(?:ts|py|js))/.exec(command) ?? [];
    if (file !== undefined) expect(existsSync(join(root, file)), file).toBe(true);
    const [, module] = /^python -m ([\w.]+)/.exec(command) ?? [];
    if (module?.startsWith("training."))
      expect(existsSync(join(root, `${module.replaceAll(".", "/")}.py`)), module).toBe(true);
    const [, name] = /^(?:npm run -s rivulet -- |npx rivulet |rivulet )([a-z]+)/.exec(command) ?? [];
    if (name === undefined) return;
    const help = await helpOf(name);
    expect(help).toContain(name);
    for (const [option] of command.matchAll(/(?<=\s)--[a-z][\w-]*/g)) expect(help).toContain(option);
  });
});
