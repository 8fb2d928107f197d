/**
 * From nothing to the first token of the default model, in plain workerd as `npm start` runs
 * it, and the parts of it in Node.
 *
 *     node bench/cold-start.ts [runs] [--parts]
 *
 * With `--parts` those in Node alone, once.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { loadServed } from "../src/dialogue/load.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { post, start } from "../test/support/start-server.ts";
import { cpuMs, median } from "./cpu.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { values, positionals } = commandLine({ parts: { type: "boolean", default: false } }, [0, 1]);
const runs = Number(positionals[0] ?? 5);
const MODEL = basename(packFolder());

/** Ms until the server invites, until a first conversation's first token, and until a second one's. */
async function inWorkerd(): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-cold-"));
  const began = performance.now();
  const { supervisor, url, output, ended } = await start(["--port", "0", "--persist-to", folder]);
  if (!url) throw new Error(output());
  const ready = performance.now();
  const firstToken = async () => {
    const asked = performance.now();
    const body = { model: MODEL, messages: [{ role: "user", content: "Hello!" }], max_tokens: 2, stream: true };
    const { body: stream } = await post(url, body);
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of stream!) {
      text += decoder.decode(chunk, { stream: true });
      if (/"content":"[^"]/.test(text)) return performance.now() - asked;
    }
    throw new Error(`no token in ${text}`);
  };
  const times = [ready - began, await firstToken(), await firstToken()];
  supervisor.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
  return times;
}

/**
 * In a fresh process: CPU ms of loading the weights, tokenizer and template, and of the first token of a prompt of 32.
 */
async function inNode(): Promise<number[]> {
  const began = process.cpuUsage();
  const served = await loadServed(folderSource(packFolder()), compiledKernels());
  const loaded = process.cpuUsage(began);
  const sequence = await served.backend.open();
  const first = await cpuMs(() => sequence.forward(new Uint32Array(32).fill(5), "last"));
  return [(loaded.user + loaded.system) / 1000, first];
}

if (values.parts) {
  console.log(JSON.stringify(await inNode()));
} else {
  const served: number[][] = [];
  const parts: number[][] = [];
  for (let run = 0; run < runs; run++) {
    served.push(await inWorkerd());
    const out = execFileSync(process.execPath, [import.meta.filename, "--parts"], { encoding: "utf8" });
    parts.push(JSON.parse(out.trim().split("\n").at(-1)!) as number[]);
  }
  const row = (what: string, of: number[][], i: number) => {
    const values = of.map((times) => times[i]!);
    return [what, figure(Math.min(...values)), figure(median(values))];
  };
  const rows = [
    row("`npm start` in plain workerd, built: until it invites (weights loaded and verified)", served, 0),
    row("then a first conversation, HTTP request to first token", served, 1),
    row("a second conversation, HTTP request to first token", served, 2),
    row("CPU of loading: shards into WebAssembly memory, their hashes, tokenizer, template", parts, 0),
    row("CPU of a first slice of 32 tokens in that process, in baseline code", parts, 1),
  ];
  writeSection(
    "node bench/cold-start.ts",
    `## Cold start

\`node bench/cold-start.ts\`: default model, fresh process each time, ${runs} runs on a busy machine. ${machine()}

${table(["", "best, ms", "median, ms"], rows)}`,
  );
}
