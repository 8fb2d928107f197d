/**
 * rivulet bench: a depth that nobody would wait for, or that the model cannot reach, is
 * refused before anything is computed.
 */
import { join } from "node:path";
import { expect, it } from "vitest";
import { converted, tinyLlama } from "../convert/folder.ts";
import { inFolder } from "../convert/sample-files.ts";
import { inProcess } from "./in-process.ts";

const window = { policy: "window", sinks: 4, window: 32, dtype: "f32" } as const;
const full = { policy: "full", sinks: 0, dtype: "f32" } as const;

it.each([
  [
    window,
    "900000000",
    /^rivulet: --depths: expected at most 10000000 tokens, which are an hour's work or so, got 900000000\n$/,
  ],
  [full, "0,9000", /^rivulet: --depths: expected 256 tokens less than the model's context of 128 at most, got 9000\n$/],
])("refuses %j at %s", async (cache, depths, message) => {
  await inFolder(async (folder) => {
    const pack = join(folder, "pack");
    await converted(tinyLlama, pack, { cache });
    expect(await inProcess(["bench", pack, "--depths", depths])).toMatchObject({
      ...{ exitCode: 2, stdout: "" },
      stderr: expect.stringMatching(message),
    });
  });
});
