import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { changedFolder, type Tensor } from "../convert/folder.ts";
import { inFolder } from "../convert/sample-files.ts";
import { outcome, start } from "./run.ts";

const V = 60_000;
/** Makes the tiny Llama's vocabulary large enough for a conversion that takes seconds. */
const enlarge = (tensors: Map<string, Tensor>) => {
  const shape = [V, 16];
  tensors.set("model.embed_tokens.weight", { dtype: "F16", shape, data: new Uint8Array(2 * V * 16).fill(0x2a) });
  const wide = (name: string) =>
    tensors.set(`model.layers.0.mlp.${name}_proj.weight`, {
      dtype: "F16",
      shape,
      data: new Uint8Array(2 * V * 16).fill(0x2b),
    });
  wide("gate");
  wide("up");
  tensors.set("model.layers.0.mlp.down_proj.weight", {
    dtype: "F16",
    shape: [16, V],
    data: new Uint8Array(2 * V * 16).fill(0x2c),
  });
};

it.each(["SIGINT", "SIGTERM"] as const)("a conversion that gets %s leaves nothing", async (signal) => {
  await inFolder(async (folder) => {
    const source = await changedFolder(folder, { config: { vocab_size: V, intermediate_size: V }, tensors: enlarge });
    const out = join(folder, "out");
    await mkdir(out);
    const child = start(["convert", source, join(out, "pack"), "--dtype", "q4"]);
    const ended = outcome(child);
    const begun = async () => (await readdir(out)).some((name) => name.startsWith(".pack.partial-"));
    while (!(await begun()) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill(signal);
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "rivulet: interrupted\n" });
    expect(await readdir(out)).toEqual([]);
    expect(existsSync(join(out, "pack"))).toBe(false);
  });
});
