import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { converted, tinyLlama } from "../convert/folder.ts";
import { inFolder } from "../convert/sample-files.ts";
import { inProcess } from "./in-process.ts";
import { outcome, rivulet, start } from "./run.ts";

const V = 384;
const cache = { policy: "window", sinks: 4, window: 32, dtype: "f32" } as const;
const idsOf = (n: number, step = 31) => Array.from({ length: n }, (_, i) => (i * step + 7) % V);

/** A pack and a file of ids in a folder of their own. */
const prepared = <T>(n: number, use: (place: { pack: string; tokens: string; folder: string }) => Promise<T>) =>
  inFolder(async (folder) => {
    const [pack, tokens] = [join(folder, "pack"), join(folder, "ids.json")];
    await converted(tinyLlama, pack, { cache });
    writeFileSync(tokens, JSON.stringify(idsOf(n)));
    return use({ pack, tokens, folder });
  });

const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);

describe("rivulet score", () => {
  it.each(["SIGKILL", "SIGTERM"] as const)("goes on after %s to the same line and the same logits", async (signal) => {
    await prepared(30_000, async ({ pack, tokens, folder }) => {
      const [whole, parts, checkpoint] = ["whole.f32", "parts.f32", "checkpoint"].map((name) => join(folder, name));
      const command = ["score", pack, "--tokens", tokens];
      const expected = await rivulet(...command, "--logits", whole!);
      expect(expected.exitCode).toBe(0);
      const resumable = [...command, "--logits", parts!, "--checkpoint", checkpoint!, "--every", "700", "--progress"];
      const child = start(resumable);
      const ended = outcome(child);
      while (!existsSync(checkpoint!) && child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 2));
      child.kill(signal);
      const broken = await ended;
      expect(broken.exitCode).toBe(signal === "SIGKILL" ? null : 1);
      if (signal === "SIGTERM") expect(broken.stderr).toMatch(/rivulet: interrupted\n$/);
      const resumed = await rivulet(...resumable);
      expect(resumed.stdout).toBe(expected.stdout);
      expect(readFileSync(parts!).equals(readFileSync(whole!))).toBe(true);
      const reports = linesOf(resumed.stderr);
      expect(reports.at(-1)).toMatchObject({ tokens: 30_000, of: 30_000 });
      // It did go on, and did not begin again.
      expect(reports[0]!.tokens).toBeGreaterThan(700);
      expect(new Set(reports.map(({ state_bytes }) => state_bytes)).size).toBe(1);
      // A finished run has nothing left to do.
      expect((await rivulet(...command, "--checkpoint", checkpoint!)).stdout).toBe(expected.stdout);
    });
  });

  it("reports tokens, likelihood, speed and bytes of state as it goes", async () => {
    await prepared(500, async ({ pack, tokens }) => {
      const { stdout, stderr } = await inProcess(["score", pack, "--tokens", tokens, "--progress", "--every", "200"]);
      const reports = linesOf(stderr);
      expect(reports.map((report) => report.tokens)).toEqual([216, 432, 500]); // whole slices of 36
      const fields = ["tokens", "of", "nll", "seconds", "tokens_per_s", "seconds_left", "state_bytes", "rss_bytes"];
      for (const report of reports) expect(Object.keys(report)).toEqual(fields);
      expect(reports.at(-1)!.nll).toBe((JSON.parse(stdout) as { nll: number }).nll);
    });
  });

  it("refuses a checkpoint of other ids, of another model, or damaged, and leaves it alone", async () => {
    await prepared(100, async ({ pack, tokens, folder }) => {
      const checkpoint = join(folder, "checkpoint");
      const run = (of = pack) => inProcess(["score", of, "--tokens", tokens, "--checkpoint", checkpoint]);
      expect((await run()).exitCode).toBe(0);
      const good = readFileSync(checkpoint);
      const other = join(folder, "other");
      await converted(tinyLlama, other, { cache, name: "other" });
      const refusal = async (message: string, of?: string) => {
        const { exitCode, stdout, stderr } = await run(of);
        expect([exitCode, stdout, stderr]).toEqual([
          2,
          "",
          expect.stringMatching(`^rivulet: [^\n]*${message}[^\n]*\n$`),
        ]);
      };
      await refusal("made by model", other);
      writeFileSync(tokens, JSON.stringify(idsOf(100, 29)));
      await refusal("made by a run over other token ids");
      writeFileSync(tokens, JSON.stringify(idsOf(100)));
      for (const at of [10, 80]) {
        const bad = Buffer.from(good);
        bad[at]! ^= 1;
        writeFileSync(checkpoint, bad);
        await refusal("damaged");
      }
      const flipped = Buffer.from(good);
      flipped[good.length - 1]! ^= 1;
      writeFileSync(checkpoint, flipped);
      await refusal("checksum differs");
      writeFileSync(checkpoint, "");
      await refusal("not a checkpoint");
    });
  });

  it("wants the logits that go with the checkpoint", async () => {
    await prepared(100, async ({ pack, tokens, folder }) => {
      const [checkpoint, logits] = [join(folder, "checkpoint"), join(folder, "logits")];
      const run = (...more: string[]) =>
        inProcess(["score", pack, "--tokens", tokens, "--checkpoint", checkpoint, ...more]);
      await run();
      const { exitCode, stderr } = await run("--logits", logits);
      expect([exitCode, stderr]).toEqual([
        2,
        `rivulet: --logits ${logits}: expected the ${400 * V} bytes that the checkpoint covers, got 0\n`,
      ]);
    });
  });
});
