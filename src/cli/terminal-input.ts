/**
 * What is typed at the prompt of a chat: a paste of many lines is one message, and what is typed while an answer is
 * written does not mix into it but stands at the next prompt.
 *
 * A terminal marks a paste with two sequences when it is asked to (bracketed paste). The line editor knows
 * neither them nor a line of several lines, so between the marks each line break becomes a sign that stands for
 * one, and is one again in the message.
 */
import { createInterface, type Interface } from "node:readline";
import { Transform, Writable } from "node:stream";

const BEGIN = "\x1b[200~";
const END = "\x1b[201~";
/** U+2424, the symbol for a new line. */
const BREAK = "\u2424";

/** The bytes of a terminal with the line breaks of pastes replaced. Marks may be cut anywhere between two chunks. */
export class Pastes {
  #pasting = false;
  #rest = "";
  /** The paste so far ends with a carriage return, whose line feed may come in the next chunk. */
  #afterReturn = false;

  /**
   * An Escape at the end of a chunk waits for the next one: it may begin a mark, and an
   * editor does nothing with it alone.
   */
  push(chunk: string): string {
    let text = this.#rest + chunk;
    this.#rest = "";
    let out = "";
    for (;;) {
      const mark = this.#pasting ? END : BEGIN;
      const at = text.indexOf(mark);
      const part = at < 0 ? text.slice(0, text.length - cutMark(text, mark)) : text.slice(0, at);
      out += this.#pasting ? this.#pasted(part) : part;
      if (at < 0) {
        this.#rest = text.slice(part.length);
        return out;
      }
      this.#afterReturn = false;
      this.#pasting = !this.#pasting;
      text = text.slice(at + mark.length);
    }
  }

  #pasted(part: string): string {
    const text = this.#afterReturn && part.startsWith("\n") ? part.slice(1) : part;
    if (part !== "") this.#afterReturn = part.endsWith("\r");
    return text.replaceAll(/\r\n?|\n/g, BREAK).replaceAll("\t", "    ");
  }
}

/** Length of the longest beginning of `mark` that `text` ends with. */
function cutMark(text: string, mark: string): number {
  for (let n = Math.min(mark.length - 1, text.length); n > 0; n--) if (text.endsWith(mark.slice(0, n))) return n;
  return 0;
}

export const messageOf = (line: string): string => line.replaceAll(BREAK, "\n");

interface TerminalInput {
  input: Interface;
  /** While true, what is typed is kept and not shown. */
  hush(quiet: boolean): void;
  close(): void;
}

/** A line editor on stdin that writes to stderr. */
export function terminalInput(history: string[]): TerminalInput {
  const { stdin, stderr } = process;
  const pastes = new Pastes();
  const keys = new Transform({
    decodeStrings: false,
    transform(chunk: Buffer | string, _encoding, done) {
      done(null, pastes.push(chunk.toString()));
    },
  });
  stdin.setEncoding("utf8");
  stdin.pipe(keys);
  let isQuiet = false;
  const screen = new Writable({
    decodeStrings: false,
    write(chunk: Buffer | string, _encoding, done) {
      if (!isQuiet) stderr.write(chunk);
      done();
    },
  });
  Object.defineProperties(screen, {
    columns: { get: () => stderr.columns },
    rows: { get: () => stderr.rows },
    isTTY: { value: true },
  });
  stderr.on("resize", () => screen.emit("resize"));
  stdin.setRawMode(true);
  stderr.write("\x1b[?2004h");
  const input = createInterface({ input: keys, output: screen, terminal: true, prompt: "\n> ", history });
  return {
    input,
    hush: (quiet) => {
      isQuiet = quiet;
    },
    close: () => {
      stderr.write("\x1b[?2004l");
      input.close();
      stdin.setRawMode(false);
      stdin.unpipe(keys);
      stdin.destroy();
    },
  };
}
