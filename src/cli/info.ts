import type { Command } from "commander";
import { integer } from "./arguments.ts";
import { describe } from "./describe.ts";
import { printInfo } from "./print-info.ts";

export function register(program: Command): void {
  program
    .command("info")
    .description("describe a pack (or a checkpoint's config.json) and check every byte of it")
    .argument("<pack>", "folder of the pack; or a checkpoint's folder, config.json or .gguf file")
    .option("--json", "print one JSON line")
    .option("--no-verify", "do not read the weights")
    .option("--stages <n>", "of a config: what a division into n stages would hold at q4", integer(2, 1024))
    .action(info);
}

interface Options {
  json?: boolean;
  verify: boolean;
  stages?: number;
}

async function info(path: string, options: Options): Promise<void> {
  const facts = await describe(path, options);
  process.stdout.write(options.json ? `${JSON.stringify(facts)}\n` : printInfo(facts));
}
