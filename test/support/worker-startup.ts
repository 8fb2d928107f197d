/**
 * Prints the processor time, in milliseconds, that a bundle of the Worker takes before its first request: compiling its
 * module and running everything in the global scope. `node --experimental-vm-modules worker-startup.ts <folder>`; the
 * platform's own modules are stood in for, others are read.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Module, SourceTextModule, SyntheticModule } from "node:vm";
import { cpuMs } from "./cpu-time.ts";

const folder = process.argv[2]!;
/** What `cloudflare:workers` has to extend or to call. */
const platform = ["DurableObject", "WorkerEntrypoint", "RpcTarget", "env", "exports", "waitUntil"];

function standIn(values: Record<string, unknown>): Module {
  return new SyntheticModule(Object.keys(values), function () {
    for (const [name, value] of Object.entries(values)) this.setExport(name, value);
  });
}

async function moduleOf(name: string): Promise<Module> {
  if (name.startsWith("node:")) return standIn((await import(name)) as Record<string, unknown>);
  if (name.startsWith("cloudflare:")) return standIn(Object.fromEntries(platform.map((one) => [one, class {}])));
  return standIn({ default: readFileSync(join(folder, name)) });
}

const source = readFileSync(join(folder, "index.js"), "utf8");
const compilingMs = cpuMs();
const worker = new SourceTextModule(source);
const compiledMs = cpuMs() - compilingMs;
await worker.link(moduleOf);
const runningMs = cpuMs();
await worker.evaluate();
console.log(compiledMs + cpuMs() - runningMs);
