/**
 * What a kept turn writes to disk: its syncs, by the file and by whether they come before the reply's first
 * token, before its end or after it.
 *
 *     node bench/syncs.ts [turns]
 *
 * Counts system calls with strace, which must be installed and allowed to attach. The server runs
 * slower for it: no time is reported.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { pause } from "../scripts/serve-process.ts";
import { post, start } from "../test/support/start-server.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { positionals } = commandLine({}, [0, 1]);
const turns = Number(positionals[0] ?? 12);
/** The first turns make tables, and the directory hears of them. */
const WARM = 4;
/** After a turn, until what it leaves for later is written too (durable-objects/directory/quota.ts). */
const AFTER_MS = 6500;
const model = basename(packFolder());
const folder = mkdtempSync(join(tmpdir(), "rivulet-syncs-"));
const server = await start(["--port", "0", "--persist-to", folder]);
const { server: pid } = JSON.parse(readFileSync(join(folder, "process.json"), "utf8")) as { server: number };

interface Times {
  began: number;
  first: number;
  ended: number;
}

async function turn(n: number): Promise<Times> {
  const began = Date.now() / 1000;
  const messages = [{ role: "user", content: `${n + 1}. Tell me one thing about rivers.` }];
  const response = await post(server.url, { model, conversation: "syncs", messages, max_tokens: 16, stream: true });
  let first = 0;
  for await (const chunk of response.body!)
    if (first === 0 && /"content":"[^"]/.test(new TextDecoder().decode(chunk))) first = Date.now() / 1000;
  return { began, first, ended: Date.now() / 1000 };
}

for (let n = 0; n < WARM; n++) await turn(n);
await pause(AFTER_MS);
const log = join(folder, "strace.txt");
const calls = ["-f", "-y", "-ttt", "-e", "trace=fsync,fdatasync,pwrite64", "-p", String(pid), "-o", log];
const strace = spawn("strace", calls, { stdio: "ignore" });
strace.once("error", (error) => {
  throw error;
});
await pause(1000);
const times: Times[] = [];
for (let n = 0; n < turns; n++) {
  times.push(await turn(WARM + n));
  await pause(AFTER_MS);
}
strace.kill("SIGINT");
await new Promise((resolve) => strace.once("exit", resolve));
server.supervisor.kill("SIGTERM");
await server.ended;

const counts = new Map<string, number>();
const add = (file: string, when: string) => counts.set(`${file} ${when}`, (counts.get(`${file} ${when}`) ?? 0) + 1);
let writes = 0;
for (const line of readFileSync(log, "utf8").split("\n")) {
  const [, at, call, file] = /^\d+ +([\d.]+) (\w+)\(\d+<[^>]*rivulet-(\w+)\//.exec(line) ?? [];
  if (at === undefined || call === undefined || file === undefined) continue;
  if (call === "pwrite64") {
    writes++;
    continue;
  }
  const turn = times.findLast(({ began }) => began <= Number(at));
  if (!turn) continue;
  add(file, Number(at) <= turn.first ? "first" : Number(at) <= turn.ended ? "end" : "after");
}
rmSync(folder, { recursive: true, force: true });
const files = [...new Set([...counts.keys()].map((key) => key.split(" ")[0]!))].sort();
const per = (count: number) => figure(count / turns);
const rows = files.map((file) => {
  const each = ["first", "end", "after"].map((when) => counts.get(`${file} ${when}`) ?? 0);
  return [file, ...each.map(per), per(each.reduce((sum, count) => sum + count, 0))];
});
writeSection(
  "node bench/syncs.ts",
  `## Syncs of a kept turn

\`node bench/syncs.ts ${turns}\`: system calls of the server for each of ${turns} turns of one conversation with the default model, seconds apart. ${per(writes)} \`pwrite64\` a turn. ${machine()}

${table(["object", "before the first token", "before the reply's end", "after it", "together"], rows)}

Two of the object's syncs are promises, what was accepted and the turn's end, and cannot be one, since the model computes between them. Three more come where SQLite copies its log into the file: for the log, for the file, and for the head of the log, which then begins anew. It
does that in a commit that finds 1,000 pages in the log and nobody reading; a turn of such a dialogue writes about 500 pages, 450 of them the state-space layers', so it was every second or third turn (3.25 syncs; 3.88 before states shared their caches, and 5.75 before they were rounded). Now a
row is [held in reading](decisions/the-log-is-copied-seldom.md) until a commit is through, and SQLite copies its log in one turn of six. One turn in four or five sets the alarm, which is a sync of the runtime's list of alarms and counted with the object's. After the reply comes
the directory's row, once for all turns of five seconds.`,
);
