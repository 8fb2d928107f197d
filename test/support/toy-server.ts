/** A running server with the tiny pack, for tests that drive it from outside. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Started, start } from "./start-server.ts";
import { tinyPack } from "./tiny-pack.ts";

export interface ToyServer {
  url: string;
  /** Where it keeps things. */
  folder: string;
  started: Started;
  stop(): Promise<void>;
}

export async function toyServer(env: Record<string, string> = {}, descriptors?: number): Promise<ToyServer> {
  const work = mkdtempSync(join(tmpdir(), "rivulet-toy-"));
  const pack = await tinyPack(work);
  const args = ["--port", "0", "--persist-to", join(work, "persist"), "--pack", pack];
  const started = await start(args, env, false, descriptors);
  const stop = async () => {
    started.supervisor.kill("SIGTERM");
    await started.ended;
    rmSync(work, { recursive: true, force: true });
  };
  if (started.url !== "") return { url: started.url, folder: join(work, "persist"), started, stop };
  await stop();
  throw new Error(started.output());
}
