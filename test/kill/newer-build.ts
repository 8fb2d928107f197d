/**
 * A later build of the Worker on the folder of a server that is down: the same but for one more
 * migration, as a release would bring it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { migrations } from "../../durable-objects/storage/schema.ts";
import { configOf, end, launch, pause } from "../../scripts/serve-process.ts";

const migration = "ALTER TABLE journal ADD COLUMN noted TEXT";

/** The text of a build that has one more migration. */
function withLaterMigration(built: string): string {
  const last = migrations.flat().at(-1)!;
  const empty = migrations.length - 1 - migrations.findLastIndex((statements) => statements.length > 0);
  // Bundlers choose the quotes.
  const lists = ["'", '"', "`"].map((quote) => `${quote}${last}${quote}]${",[]".repeat(empty)}]`);
  const found = lists.filter((list) => built.includes(list));
  if (found.length !== 1 || built.split(found[0]!).length !== 2)
    throw new Error(`the end of the migrations was not found once in the built Worker: ${last}`);
  return built.replace(found[0]!, (list) => `${list.slice(0, -1)},["${migration}"]]`);
}

export interface Running {
  url: string;
  end(): Promise<void>;
}

/** Serves with the configuration of the last start, without its faults. */
export async function newerBuild(folder: string): Promise<Running> {
  const config = readFileSync(configOf(folder), "utf8").replace(/^.*name = "FAULT.*\n/gm, "");
  const [line, path] = /^.*name = "index.js".*embed "(.*)".*$/m.exec(config) ?? [];
  const built = readFileSync(join(folder, path!), "utf8");
  const newer = "newer-index.js";
  writeFileSync(join(folder, newer), withLaterMigration(built));
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
