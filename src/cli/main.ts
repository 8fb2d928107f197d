/**
 * The command line: one file per command, loaded when it is called.
 *
 * Exit code 0 on success, 2 when the user's input is at fault, 1 on anything else; one line
 * on stderr says what was wrong.
 */
import { Command, CommanderError } from "commander";
import { version } from "../../scripts/package-root.ts";
import { Failure } from "../core/failure.ts";
import { faultOf, line } from "./report-failure.ts";

interface CommandFile {
  register(program: Command): void;
}

/** In the order that help lists them. */
const commands: Record<string, () => Promise<CommandFile>> = {
  convert: () => import("./convert.ts"),
  pull: () => import("./pull.ts"),
  export: () => import("./export.ts"),
  info: () => import("./info.ts"),
  score: () => import("./score.ts"),
  generate: () => import("./generate.ts"),
  bench: () => import("./bench.ts"),
  chat: () => import("./chat.ts"),
  stream: () => import("./stream.ts"),
  start: () => import("./start.ts"),
};

/** `given`: what follows the program's name. `help chat` is `chat --help`. */
export async function main(given: string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners("error").includes(closedPipe)) stream.on("error", closedPipe);
  }
  try {
    const args = given[0] === "help" ? [...given.slice(1), "--help"] : given;
    const [called] = args;
    if (called === undefined || (!called.startsWith("-") && !Object.hasOwn(commands, called))) {
      throw new Failure(
        "request_invalid",
        `expected a command (${Object.keys(commands).join(", ")}), got ${called ?? "none"}`,
      );
    }
    const program = await programFor(called);
    await program.parseAsync(args, { from: "user" });
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
    const { message, exitCode } = faultOf(thrown);
    process.stderr.write(line(message));
    process.exitCode = exitCode;
    if (process.env.RIVULET_DEBUG) process.stderr.write(`${thrown instanceof Error ? thrown.stack : thrown}\n`);
  }
}

/** Only the called command's file is loaded; all of them for help. */
async function programFor(called: string): Promise<Command> {
  const program = new Command("rivulet").description(
    "serve state-space language models whose conversations keep their state",
  );
  program.version(version);
  // Before the commands: they inherit both.
  program.exitOverride().configureOutput({ outputError: () => {} });
  const names = Object.hasOwn(commands, called) ? [called] : Object.keys(commands);
  for (const name of names) (await commands[name]!()).register(program);
  return program;
}

/** The reader of our output has gone (`rivulet … | head`): stop, quietly. */
function closedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
}
