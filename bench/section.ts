/**
 * Writes a section of docs/benchmarks.md that a command keeps up to date: it stands between two
 * comments with the command's name.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { compiledKernels } from "../src/cli/kernels.ts";

const file = join(import.meta.dirname, "../docs/benchmarks.md");

export function table(head: string[], rows: (string | number)[][]): string {
  const line = (cells: (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** Three digits that count. */
export const figure = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

/** What of an x86's instructions decides how fast an engine is, as the system names it; nothing where it names none. */
const DECISIVE = /^(f16c|fma|avx2|avx_vnni|avx512(f|bw|_vnni|_bf16)|amx_(tile|int8|bf16))$/;

export function cpuFlags(): string[] {
  if (!existsSync("/proc/cpuinfo")) return [];
  const [, flags = ""] = /^flags\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8")) ?? [];
  return flags.split(" ").filter((flag) => DECISIVE.test(flag));
}

function cpuFeatures(): string {
  const found = cpuFlags();
  if (found.length === 0) return "";
  const lacks = ["AVX-512", "AMX"].filter(
    (name) => !found.some((flag) => flag.startsWith(name.toLowerCase().replace("-", ""))),
  );
  return `; ${found.join(" ")}${lacks.map((name) => `, no ${name}`).join("")}`;
}

export function machine(): string {
  const { exports } = new WebAssembly.Instance(compiledKernels(), {
    env: { memory: new WebAssembly.Memory({ initial: 1 }) },
  });
  const fused = (exports.wideDots as WebAssembly.Global).value ? "" : "no ";
  const day = new Date().toISOString().slice(0, 10);
  return `${day}; ${cpus().length} cores, ${cpus()[0]!.model.trim()} (${fused}AVX-VNNI${cpuFeatures()}); Node ${process.versions.node}, V8 ${process.versions.v8}.`;
}

/** Prints the section and puts it in place of the last one of that name, or at the end. */
export function writeSection(name: string, markdown: string): void {
  console.log(markdown);
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const text = readFileSync(file, "utf8");
  const block = `${open}\n${markdown}\n${close}`;
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  const next =
    from < 0 ? `${text.trimEnd()}\n\n${block}\n` : text.slice(0, from) + block + text.slice(to + close.length);
  writeFileSync(file, next);
}
