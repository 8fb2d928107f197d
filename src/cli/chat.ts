/**
 * rivulet chat: a conversation with a running server, in the terminal.
 *
 * The server keeps the conversation; here is only its name. Answers go to stdout, everything else to stderr.
 */
import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError } from "commander";
import { installed } from "../../scripts/package-root.ts";
import { Unreachable } from "../client/server.ts";
import { check, Failure } from "../core/failure.ts";
import { integer } from "./arguments.ts";
import { askedServer, KEY_VARIABLE } from "./asked-server.ts";
import { chatAnswer, type Screen, statusLine } from "./chat-answer.ts";
import { commandIn, listed } from "./chat-commands.ts";
import { ChatSession } from "./chat-session.ts";
import { dim } from "./dim.ts";
import { line } from "./report-failure.ts";
import { messageOf, terminalInput } from "./terminal-input.ts";

interface Options {
  session?: string;
  continue?: boolean;
  list?: boolean;
  system?: string;
  temperature?: number;
  maxTokens?: number;
  patience: number;
}

const DEFAULT_URL = "http://127.0.0.1:8787";

export function register(program: Command): void {
  program
    .command("chat")
    .description(`talk to a running server; ${KEY_VARIABLE} is sent as the key; /help at the prompt lists commands`)
    .argument("[url]", "where the server is", DEFAULT_URL)
    .option("--session <id>", "go on with this conversation (default: a new one)")
    .option("--continue", "go on with the newest conversation")
    .option("--list", "print the conversations, newest first, and end")
    .option("--system <text>", "what a new conversation begins with")
    .option("--temperature <t>", "0 is greedy (default: the model's)", temperature)
    .option("--max-tokens <n>", "longest answer", integer(1, 1_000_000))
    .option("--patience <seconds>", "how long a lost server is waited for", integer(0, 86_400), 120)
    .action(chat);
}

function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 2) return value;
  throw new InvalidArgumentError("expected a number from 0 to 2.");
}

async function chat(url: string, { patience, ...options }: Options): Promise<void> {
  const server = askedServer(url);
  check(
    !options.session || /^[!-~]{1,256}$/.test(options.session),
    "request_invalid",
    () => "--session: expected 1 to 256 visible ASCII characters",
  );
  const session = new ChatSession(server, {
    ...options,
    patienceMs: 1000 * patience,
  });
  const model = await session.connect();
  if (options.list) return void process.stdout.write(`${listed(await session.list())}\n`);
  session.id = options.session ?? (options.continue ? (await session.list())[0]?.id : undefined);
  await converse(session, model, url);
}

async function converse(session: ChatSession, model: string, url: string): Promise<void> {
  const terminal = process.stdin.isTTY === true;
  const past = terminal ? await session.path() : [];
  // What was asked before can be recalled with the arrow keys, newest first.
  const history = past.map(({ messages }) => messages.at(-1)?.content ?? "").reverse();
  const keyboard = terminal
    ? terminalInput(history)
    : { input: createInterface({ input: process.stdin }), hush: () => {}, close: () => process.stdin.destroy() };
  const { input } = keyboard;
  let open = true;
  input.once("close", () => {
    open = false;
  });
  const prompt = () => terminal && open && input.prompt(true);
  if (terminal) {
    const place = session.id === undefined ? "a new conversation" : `${session.id}, ${past.length} turns`;
    process.stderr.write(dim(`${model} · ${place} · /help lists commands, Ctrl-C stops an answer, Ctrl-D ends\n`));
  }
  prompt();
  try {
    let isTypedAhead = false;
    for await (const typed of input) {
      const text = messageOf(typed);
      // It was typed while nothing was shown.
      if (terminal && isTypedAhead) process.stderr.write(`\n> ${text}\n`);
      keyboard.hush(true);
      const waiting = new Promise((resolve) => input.once("line", resolve));
      if (text.trim() !== "") await respond(session, text, { input, terminal });
      keyboard.hush(false);
      isTypedAhead = await Promise.race([waiting.then(() => true), Promise.resolve(false)]);
      if (!isTypedAhead) prompt();
    }
  } finally {
    // An open input would keep a program alive that has failed.
    input.close();
    keyboard.close();
  }
  if (terminal && session.id !== undefined)
    process.stderr.write(
      dim(`\n${installed ? "rivulet" : "npm run -s rivulet --"} chat ${url} --session ${session.id}\n`),
    );
}

/** Answers one line. On a terminal a failure is said and the chat goes on; else it ends the program. */
async function respond(session: ChatSession, text: string, screen: Screen): Promise<void> {
  try {
    const called = commandIn(text);
    if (!called) return await chatAnswer(session, text, screen);
    const status = statusLine(screen.terminal);
    const result = await called.command.run(session, called.argument, status).finally(() => status(""));
    if (typeof result === "string") process.stderr.write(`${dim(result)}\n`);
    else await chatAnswer(session, result.again, screen);
  } catch (thrown) {
    if (!screen.terminal || !(thrown instanceof Failure || thrown instanceof Unreachable)) throw thrown;
    process.stderr.write(line(thrown.message));
  }
}
