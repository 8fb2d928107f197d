/**
 * npm run test:kill -- [--kills 200] [--stream-kills 50] [--seed 1] [--turns 10] [--tokens 120]
 * [--minutes 20] [--pack <folder>]
 *
 * Kills the real server at random times during a dialogue, then while a stream takes values, and compares the end of
 * each with the undisturbed one's (C4). Exit code 1 when a promise was broken; the same seed kills at the same places.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "../../scripts/command-line.ts";
import { packFolder } from "../../scripts/serve-pack.ts";
import { servedModel } from "./dialogue.ts";
import { KillableServer } from "./killable-server.ts";
import { killRun } from "./run.ts";
import { streamKillRun } from "./stream-run.ts";

const { values } = commandLine({
  kills: { type: "string", default: "200" },
  "stream-kills": { type: "string", default: "50" },
  seed: { type: "string", default: "1" },
  turns: { type: "string", default: "10" },
  tokens: { type: "string", default: "120" },
  minutes: { type: "string", default: "20" },
  pack: { type: "string" },
});
const pack = packFolder(values.pack);
const work = mkdtempSync(join(tmpdir(), "rivulet-kill-"));
const [server, twin] = ["server", "twin"].map((name) => new KillableServer({ folder: join(work, name), pack }));
try {
  await Promise.all([server!.start(), twin!.start()]);
  const report = await killRun(server!, twin!, {
    model: await servedModel(server!.url),
    conversation: "killed",
    turns: Number(values.turns),
    maxTokens: Number(values.tokens),
    seed: Number(values.seed),
    kills: Number(values.kills),
    limitMs: Number(values.minutes) * 60_000,
    log: (line) => console.log(line),
  });
  console.log(JSON.stringify(report));
  console.log(`${values.kills} kills, and the transcript is that of the undisturbed run`);
  const kills = Number(values["stream-kills"]);
  const limitMs = Number(values.minutes) * 60_000;
  // The dialogue's run has ended it.
  await twin!.start();
  const streamRun = { batches: 4 * kills, kills, seed: Number(values.seed), limitMs };
  const streamed = await streamKillRun(server!, twin!, streamRun);
  console.log(JSON.stringify(streamed));
  console.log(`${kills} kills, and the stream stands where the undisturbed one does`);
  const together = await streamKillRun(server!, twin!, { ...streamRun, streams: 6, aloneEvery: 7 });
  console.log(JSON.stringify(together));
  console.log(`${kills} kills, and so do 6 streams that were fed in one request`);
} catch (thrown) {
  console.error((thrown as Error).message);
  process.exitCode = 1;
} finally {
  await Promise.all([server!.end(), twin!.end()]);
  rmSync(work, { recursive: true, force: true });
}
