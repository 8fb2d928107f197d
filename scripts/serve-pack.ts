/**
 * Which pack is served, and its place among the static assets.
 *
 * Run by itself (wrangler does, before `dev` and `deploy`) it puts the default pack of models/ under dist/assets.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { commandLine } from "./command-line.ts";
import { built, encoderFolder, installed, root } from "./package-root.ts";

/** A plain `key = "value"` of wrangler.toml, or what the build of the package noted of it. */
export function setting(key: string): string {
  if (installed) return JSON.parse(readFileSync(join(built, "settings.json"), "utf8"))[key];
  const [, value] =
    new RegExp(`^${key} = "([^"]*)"$`, "m").exec(readFileSync(join(root, "wrangler.toml"), "utf8")) ?? [];
  if (value === undefined) throw new Error(`wrangler.toml: ${key}: expected a string`);
  return value;
}

/** The folder of a pack: the one that is asked for, else the default. Throws one line when it is none. */
export function packFolder(asked?: string): string {
  const folder = asked === undefined ? defaultPack() : resolve(asked);
  if (existsSync(join(folder, "manifest.json"))) return folder;
  const command = installed ? "rivulet" : "npm run -s rivulet --";
  const hint = `expected a folder with a manifest.json; make one with: ${command} convert <source> <pack>`;
  throw new Error(`${asked ?? folder}: ${hint}`);
}

/** A pack to serve, and its name where that is not what its manifest says. */
export interface NamedPack {
  folder: string;
  name?: string;
}

/** What `--pack` says, each `folder` or `name=folder`; the default pack where there is none. Throws one line. */
export function namedPacks(asked: readonly string[] = []): NamedPack[] {
  const packs = (asked.length > 0 ? asked : [undefined]).map((entry): NamedPack => {
    const [, name, path = entry] = /^([^=/\\]+)=(.+)$/.exec(entry ?? "") ?? [];
    if (name !== undefined && !/^[\w.:/-]{1,128}$/.test(name))
      throw new Error(`--pack ${entry}: expected a name of letters, digits and . _ : -, got ${name}`);
    return { folder: packFolder(path), ...(name === undefined ? {} : { name }) };
  });
  const names = packs.map(({ folder, name }) => name ?? manifestName(folder));
  const twice = names.find((name, i) => name !== undefined && names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new Error(`--pack: expected names that differ, two packs are called ${twice}; give one another: name=folder`);
  return packs;
}

/** Undefined where the manifest cannot be read: the Worker says what is wrong with it. */
function manifestName(pack: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(pack, "manifest.json"), "utf8"));
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The forecaster's pack: the one that is asked for, else the default where it is there. Throws one line
 * when what is asked for is none.
 */
export function forecasterFolder(asked?: string): string | undefined {
  const folder = asked === undefined ? packOf("FORECAST_PACK_PATH") : resolve(asked);
  if (folder !== undefined && existsSync(join(folder, "manifest.json"))) return folder;
  if (asked === undefined) return undefined;
  throw new Error(`${asked}: expected the folder of a forecaster, with a manifest.json`);
}

function defaultPack(): string {
  const folder = packOf("PACK_PATH");
  if (folder !== undefined) return folder;
  const name = basename(setting("PACK_PATH"));
  throw new Error(`the weights are not installed: npm install ${name}, or name another pack with --pack <folder>`);
}

/**
 * Where a default pack lies: in a checkout in models/, beside an installed package in a package of its
 * own, which need not be installed.
 */
function packOf(key: "PACK_PATH" | "FORECAST_PACK_PATH"): string | undefined {
  const name = basename(setting(key));
  if (!installed) return join(root, "models", name);
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/**
 * Throws one line when a file that the manifest names is not there or has another length: the Worker
 * would look for it again and again.
 */
export function checkShards(pack: string): void {
  let files: { file?: unknown; bytes?: unknown }[];
  try {
    const manifest = JSON.parse(readFileSync(join(pack, "manifest.json"), "utf8"));
    files = [...manifest.shards, manifest.tokenizer, manifest.template];
  } catch {
    return; // The Worker says what is wrong with it.
  }
  for (const { file, bytes } of files.filter(Boolean)) {
    if (typeof file !== "string" || typeof bytes !== "number") continue;
    const size = statSync(join(pack, file), { throwIfNoEntry: false })?.size;
    if (size !== bytes)
      throw new Error(
        `${join(pack, file)}: expected ${bytes} bytes, ${size === undefined ? "it is missing" : `got ${size}`}`,
      );
  }
}

/**
 * Which Worker serves them: one that knows ONNX graphs where any is one. A manifest that cannot be
 * read is the Worker's to refuse.
 */
export const entryFor = (packs: readonly NamedPack[]): "index" | "onnx" =>
  packs.some(({ folder }) => entryOf(folder) === "onnx") ? "onnx" : "index";

function entryOf(pack: string): "index" | "onnx" {
  try {
    const { onnx } = JSON.parse(readFileSync(join(pack, "manifest.json"), "utf8")) as { onnx?: unknown };
    return onnx === undefined ? "index" : "onnx";
  } catch {
    return "index";
  }
}

function linkAssets(): void {
  const assets = join(root, "dist/assets");
  rmSync(assets, { recursive: true, force: true });
  const forecaster = forecasterFolder();
  const packs = [
    { from: packFolder(), to: join(assets, setting("PACK_PATH")) },
    ...(forecaster ? [{ from: forecaster, to: join(assets, setting("FORECAST_PACK_PATH")) }] : []),
  ];
  packs.push({ from: encoderFolder, to: join(assets, "sentence-encoder") });
  for (const { from, to } of packs) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) linkSync(join(from, name), join(to, name));
  }
}

if (import.meta.main) {
  commandLine({});
  try {
    linkAssets();
  } catch (thrown) {
    // Building and testing need no pack, only the folder.
    mkdirSync(join(root, "dist/assets"), { recursive: true });
    console.warn((thrown as Error).message);
  }
}
