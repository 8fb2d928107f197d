/**
 * commandLine: what a program of the repository (bench/, scripts/, test/) was asked for on its command line. The first
 * comment of its file is its usage, which `--help` prints; an option that it does not have, and a number of arguments
 * that it does not take, end it with code 2 and one line.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** `arguments`: how many there are beside the options. */
export function commandLine<const Options extends ParseArgsOptionsConfig>(
  options: Options,
  [least, most]: readonly [least: number, most: number] = [0, 0],
): ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>> {
  const file = process.argv[1]!;
  const refuse = (message: string): never => {
    console.error(`${basename(file)}: ${message}; --help says what it takes`);
    process.exit(2);
  };
  if (process.argv.includes("--help")) {
    console.log(usageOf(readFileSync(file, "utf8")));
    process.exit(0);
  }
  try {
    const asked = parseArgs({ options, allowPositionals: true });
    const count = asked.positionals.length;
    const wanted = least === most ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`;
    if (count < least || count > most) refuse(`expected ${wanted} arguments, got ${count}`);
    return asked;
  } catch (thrown) {
    return refuse((thrown as Error).message.split(". ")[0]!);
  }
}

/** A file's first comment, without the marks of a comment. */
export const usageOf = (source: string): string =>
  (/^\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? "").replaceAll(/^ \* ?/gm, "").trim();
