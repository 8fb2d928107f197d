/**
 * rivulet chat: a conversation with a running server, in the terminal.
 *
 * The server keeps the conversation; here is only its name. Ctrl-C stops an answer, and at the prompt ends the chat, as does Ctrl-D.
 */
import { randomBytes } from "node:crypto";
import { createInterface, type Interface } from "node:readline";
import { type Command, InvalidArgumentError } from "commander";
import { check, Failure } from "../core/failure.ts";
import { integer } from "./arguments.ts";
import { ChatClient, type TurnReport } from "./chat-client.ts";
import { line } from "./fault.ts";

interface Options {
  session?: string;
  system?: string;
  temperature?: number;
  maxTokens?: number;
}

const DEFAULT_URL = "http://127.0.0.1:8787";

export function register(program: Command): void {
  program
    .command("chat")
    .description("talk to a running server; RIVULET_API_KEY is sent as the key")
    .argument("[url]", "where the server is", DEFAULT_URL)
    .option("--session <id>", "go on with this conversation (default: a new one)")
    .option("--system <text>", "what a new conversation begins with")
    .option("--temperature <t>", "0 is greedy (default: the model's)", temperature)
    .option("--max-tokens <n>", "longest answer", integer(1, 1_000_000))
    .action(chat);
}

function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 2) return value;
  throw new InvalidArgumentError("expected a number from 0 to 2.");
}

async function chat(url: string, options: Options): Promise<void> {
  check(
    URL.canParse(url) && /^https?:/.test(url),
    "request_invalid",
    () => `${url}: expected a URL like ${DEFAULT_URL}`,
  );
  const session = options.session ?? `chat-${randomBytes(6).toString("hex")}`;
  const { RIVULET_API_KEY: key } = process.env;
  const client = new ChatClient({ url, session, ...(key ? { key } : {}), ...options });
  const model = await client.model();
  const terminal = process.stdin.isTTY === true;
  if (terminal) process.stderr.write(dim(`${model} · conversation ${session} · Ctrl-C stops an answer, Ctrl-D ends\n`));
  // A conversation that exists has its system message already.
  let opening =
    options.session === undefined && options.system ? [{ role: "system" as const, content: options.system }] : [];
  const input = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal,
    prompt: "\n> ",
  });
  let open = true;
  input.once("close", () => {
    open = false;
  });
  const prompt = () => terminal && open && input.prompt();
  prompt();
  for await (const text of input) {
    if (text.trim() !== "") {
      const sent = await answer(client, [...opening, { role: "user", content: text }], input, terminal);
      if (sent) opening = [];
    }
    prompt();
  }
  if (terminal) process.stderr.write(dim(`\nrivulet chat ${url} --session ${session}\n`));
}

/** Writes one answer; true when the conversation has it. */
async function answer(
  client: ChatClient,
  messages: { role: "system" | "user"; content: string }[],
  input: Interface,
  terminal: boolean,
): Promise<boolean> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  input.once("SIGINT", onInterrupt);
  let began = false;
  try {
    const reply = client.say(messages, stop.signal);
    for (;;) {
      const { value, done } = await reply.next();
      if (done) {
        process.stdout.write("\n");
        if (terminal && value) process.stderr.write(dim(`${cost(value)}\n`));
        return true;
      }
      began = true;
      process.stdout.write(printable(value));
    }
  } catch (thrown) {
    if (stop.signal.aborted) process.stderr.write(dim("\n(stopped)\n"));
    else if (terminal && thrown instanceof Failure) process.stderr.write(line(thrown.message));
    else throw thrown;
    return began;
  } finally {
    input.off("SIGINT", onInterrupt);
  }
}

/** A model's words may not steer the terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}--[\n\t]]/gv, "\ufffd");

function cost({ state, fed, carried, prefillMs, tokens, decodeMs }: TurnReport): string {
  const rate = decodeMs > 0 ? ` · ${Math.round((1000 * tokens) / decodeMs)} tokens/s` : "";
  const rebuilt = state === "rebuilt" ? " · state was rebuilt" : "";
  return `fed ${fed}, carried ${carried} tokens · first after ${prefillMs} ms${rate}${rebuilt}`;
}

const dim = (text: string): string => (process.stderr.isTTY ? `\x1b[2m${text}\x1b[22m` : text);
