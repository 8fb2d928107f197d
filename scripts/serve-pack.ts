/**
 * Which pack is served, and its place among the static assets.
 *
 * Run by itself (wrangler does, before `dev` and `deploy`) it puts the default pack of models/ under dist/assets.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { root } from "./serve-bundle.ts";

/** A plain `key = "value"` of wrangler.toml. */
export function setting(key: string): string {
  const [, value] =
    new RegExp(`^${key} = "([^"]*)"$`, "m").exec(readFileSync(join(root, "wrangler.toml"), "utf8")) ?? [];
  if (value === undefined) throw new Error(`wrangler.toml: ${key}: expected a string`);
  return value;
}

/** The folder of a pack: the one that is asked for, else the default. Throws one line when it is none. */
export function packFolder(asked?: string): string {
  const folder = asked === undefined ? join(root, "models", basename(setting("PACK_PATH"))) : resolve(asked);
  if (existsSync(join(folder, "manifest.json"))) return folder;
  const hint = "expected a folder with a manifest.json; make one with: npm run -s rivulet -- convert <source> <pack>";
  throw new Error(`${asked ?? folder}: ${hint}`);
}

/** Which Worker serves it. A manifest that cannot be read is the Worker's to refuse. */
export function entryFor(pack: string): "index" | "onnx" {
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
  const from = packFolder();
  const to = join(assets, setting("PACK_PATH"));
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) linkSync(join(from, name), join(to, name));
}

if (import.meta.main) {
  try {
    linkAssets();
  } catch (thrown) {
    // Building and testing need no pack, only the folder.
    mkdirSync(join(root, "dist/assets"), { recursive: true });
    console.warn((thrown as Error).message);
  }
}
