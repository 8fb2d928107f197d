/**
 * Packs for tests of a whole server. Those of a run share what its setup made (server-setup.ts): converting one again,
 * and loading the converter for it, takes as long as starting the server. So nobody writes into them.
 */
import { join } from "node:path";

export type ServedPack = "tiny" | "tiny-4" | "tiny-long";

/** Makes all of them, for whoever has the environment of this process. */
export async function makeServedPacks(folder: string): Promise<void> {
  const { longTinyPack, tinyPack } = await import("./tiny-pack.ts");
  await tinyPack(folder, 4);
  await longTinyPack(folder);
  process.env.SERVED_PACKS = folder;
}

/** Path of a pack; where none were made before, as outside the test runner, it is made in `folder`. */
export async function servedPack(name: ServedPack, folder: string): Promise<string> {
  const made = process.env.SERVED_PACKS;
  if (made) return join(made, name);
  const { longTinyPack, tinyPack } = await import("./tiny-pack.ts");
  if (name === "tiny-long") return longTinyPack(folder);
  const whole = await tinyPack(folder, ...(name === "tiny-4" ? [4] : []));
  return name === "tiny" ? whole : `${whole}-4`;
}
