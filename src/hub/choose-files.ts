/** chooseFiles: which files of a repository make a checkpoint, small ones first. */
import { Failure } from "../core/failure.ts";
import type { Repository, RepositoryFile } from "./repository.ts";

interface Chosen {
  /** Configuration, tokenizer, model card. */
  small: RepositoryFile[];
  /** The weights, once the index is known where there is one. */
  weights: RepositoryFile[];
  /** The index that lists further weights. */
  index?: RepositoryFile;
}

const companions = new Set([
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "README.md",
]);
const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * `asked`: one .gguf file by its path. Fails with `request_invalid` where nothing can be
 * converted, or more than one thing.
 */
export function chooseFiles({ name, files }: Pick<Repository, "name" | "files">, asked?: string): Chosen {
  const refuse = (message: string): never => {
    throw new Failure("request_invalid", `${name}: ${message}`, { param: "repository" });
  };
  const top = files.filter(({ path }) => !path.includes("/"));
  const small = top.filter(({ path }) => companions.has(path));
  const ggufs = files.filter(({ path }) => /\.gguf$/i.test(path));
  if (asked !== undefined) {
    const found = ggufs.find(({ path }) => path === asked);
    return {
      small: [],
      weights: [found ?? refuse(`--file: expected ${listed(ggufs) || "a .gguf file, it has none"}, got ${asked}`)],
    };
  }
  if (top.some(({ path }) => path === "config.json")) {
    const single = top.find(({ path }) => path === SINGLE);
    if (single) return { small, weights: [single] };
    const index = top.find(({ path }) => path === INDEX);
    if (index) return { small, weights: [], index };
    const parts = top.filter(({ path }) => path.endsWith(".safetensors"));
    if (parts.length > 0) return { small, weights: parts };
  }
  if (ggufs.length === 1) return { small: [], weights: ggufs };
  if (ggufs.length > 1) refuse(`it has several .gguf files; choose one with --file: ${listed(ggufs)}`);
  return refuse(`expected config.json with .safetensors files, or a .gguf file; it has ${listed(files) || "no files"}`);
}

/** The files that the index names. Fails with `weights_invalid`. */
export function indexedFiles({ name, files }: Pick<Repository, "name" | "files">, index: unknown): RepositoryFile[] {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const names = typeof map === "object" && map !== null ? [...new Set(Object.values(map))] : [];
  const refuse = (message: string): never => {
    throw new Failure("weights_invalid", `${name}: ${INDEX}: ${message}`, { param: INDEX });
  };
  if (names.length === 0) refuse("weight_map: expected an object of file names");
  return names
    .sort()
    .map((path) => files.find((file) => file.path === path) ?? refuse(`weight_map: no file ${String(path)}`));
}

const SHOWN = 12;

function listed(files: readonly RepositoryFile[]): string {
  const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : "";
  return `${files
    .slice(0, SHOWN)
    .map(({ path }) => path)
    .join(", ")}${more}`;
}
