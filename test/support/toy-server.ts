/** A running server with the tiny pack, for tests that drive it from outside. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServedPack, servedPack } from "./served-pack.ts";
import { type Started, start } from "./start-server.ts";

export interface ToyServer {
  url: string;
  /** Where it keeps things. */
  folder: string;
  started: Started;
  /** Ends it, and removes what it kept unless that is still wanted. */
  stop(removes?: boolean): Promise<void>;
  remove(): void;
}

/**
 * `besides`: another pack, served by its own name, such as the one whose replies take seconds, for a
 * client that leaves or cancels one.
 */
export async function toyServer(
  env: Record<string, string> = {},
  descriptors?: number,
  besides?: ServedPack,
): Promise<ToyServer> {
  const work = mkdtempSync(join(tmpdir(), "rivulet-toy-"));
  const packs = [await servedPack("tiny", work), ...(besides ? [`${besides}=${await servedPack(besides, work)}`] : [])];
  const args = ["--port", "0", "--persist-to", join(work, "persist"), ...packs.flatMap((pack) => ["--pack", pack])];
  const started = await start(args, env, false, descriptors);
  const remove = () => rmSync(work, { recursive: true, force: true });
  const stop = async (removes = true) => {
    started.supervisor.kill("SIGTERM");
    await started.ended;
    if (removes) remove();
  };
  if (started.url !== "") return { url: started.url, folder: join(work, "persist"), started, stop, remove };
  await stop();
  throw new Error(started.output());
}
