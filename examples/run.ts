/**
 * `npm run -s example <name> [options]`: runs an example against a running server (RIVULET_URL, by
 * default the one of npm start).
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";

const [name, ...args] = process.argv.slice(2);
const main = join(import.meta.dirname, name ?? "", "main.ts");
if (!name || !/^[\w-]+$/.test(name) || !existsSync(main)) {
  const names = globSync("*/main.ts", { cwd: import.meta.dirname }).map((path) => path.split("/")[0]);
  console.error(`expected the name of an example (${names.toSorted().join(", ")}), got ${name ?? "none"}`);
  process.exit(2);
}
process.exit(spawnSync(process.execPath, [main, ...args], { stdio: "inherit" }).status ?? 1);
