/** A later build of the Worker on the folder of a server that is down: the same but for one more migration, as a release would bring it. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { configOf, end, launch, pause } from "../../scripts/serve-process.ts";

/** Where the list of migrations ends, in the built Worker. */
const lastMigration = /ALTER TABLE staging DROP COLUMN sha256"\](?:,\[\])*\]/g;
const migration = "ALTER TABLE journal ADD COLUMN noted TEXT";

export interface Running {
  url: string;
  end(): Promise<void>;
}

/** Serves with the configuration of the last start, without its faults. */
export async function newerBuild(folder: string): Promise<Running> {
  const config = readFileSync(configOf(folder), "utf8").replace(/^.*name = "FAULT.*\n/gm, "");
  const [line, path] = /^.*name = "index.js".*embed "(.*)".*$/m.exec(config) ?? [];
  const built = readFileSync(join(folder, path!), "utf8");
  const places = built.match(lastMigration)?.length;
  if (places !== 1) throw new Error(`the end of the migrations was found ${places ?? 0} times`);
  const newer = "newer-index.js";
  writeFileSync(
    join(folder, newer),
    built.replace(lastMigration, (end) => `${end.slice(0, -1)},["${migration}"]]`),
  );
  writeFileSync(configOf(folder), config.replace(line!, line!.replace(path!, basename(newer))));
  const server = await launch(folder);
  const url = `http://127.0.0.1:${server.port}`;
  for (let i = 0; i < 300; i++) {
    if ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok) return { url, end: () => end(folder, server) };
    await pause(100);
  }
  await end(folder, server);
  throw new Error("the newer build was not ready in time");
}
