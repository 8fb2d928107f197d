/** rivulet start: serves a model on this machine. `npm start` runs the same. */
import type { Command } from "commander";
import { start } from "../../scripts/start.ts";

export function register(program: Command): void {
  program
    .command("start")
    .description(
      "serve a model on this machine: chat page, HTTP API, conversations on disk (start --help: its options)",
    )
    // The options are those of scripts/start.ts, which explains them itself.
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options, command: Command) => start(command.args));
}
