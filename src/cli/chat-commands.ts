/** Commands at the prompt of a chat, and what they print. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Conversation } from "../client/turns.ts";
import { check, Failure } from "../core/failure.ts";
import { printable } from "./chat-answer.ts";
import type { ChatSession } from "./chat-session.ts";

const SHOWN_MAX = 76;
const short = (text: string): string => {
  const line = printable(text.trim().replaceAll(/\s+/g, " "));
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX - 1)}…` : line;
};

interface Command {
  usage: string;
  does: string;
  /** Text to print. `"again"`: the last message is to be sent once more. */
  run(session: ChatSession, argument: string, show: (status: string) => void): Promise<string | { again: string }>;
}

/** What the last list printed, for the numbers of /open. */
let listedLast: readonly Conversation[] | undefined;

/** What the server takes as one text. */
const FILE_MAX_BYTES = 4 * 1024 * 1024;

async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  const fail = (what: string) => new Failure("request_invalid", `${path}: ${what}`);
  if (bytes.length > FILE_MAX_BYTES) throw fail("expected at most 4 MiB");
  if (bytes.subarray(0, 5).toString("latin1") === "%PDF-") throw fail("a PDF is read by the chat page, not here");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false })
      .decode(bytes)
      .replaceAll(/\r\n?/g, "\n")
      .trim();
    if (text !== "") return text;
  } catch (cause) {
    throw new Failure("request_invalid", `${path}: expected a text in UTF-8`, { cause });
  }
  throw fail("expected some text, got none");
}

export const commands: Readonly<Record<string, Command>> = {
  "/history": {
    usage: "/history",
    does: "the turns so far",
    run: async (session) => {
      const path = await session.path();
      const lines = path.flatMap(({ messages, reply }, i) => [
        `${String(i + 1).padStart(3)}  > ${short(messages.at(-1)?.content ?? "")}`,
        `     ${short(reply)}`,
      ]);
      return lines.length > 0 ? lines.join("\n") : "nothing was said yet";
    },
  },
  "/fork": {
    usage: "/fork [turn]",
    does: "go on from that turn (default: the last) as a conversation of its own; this one stays",
    run: async (session, argument) => {
      const turns = await turnOf(session, argument, 0);
      await session.fork(turns);
      return `forked after turn ${turns}: ${session.id}`;
    },
  },
  "/rewind": {
    usage: "/rewind [turn]",
    does: "take back what came after that turn (default: the last turn itself)",
    run: async (session, argument) => {
      const turns = await turnOf(session, argument, 1);
      await session.rewind(turns);
      return turns === 0 ? "back at the beginning" : `back at turn ${turns}`;
    },
  },
  "/retry": {
    usage: "/retry",
    does: "ask the last message again, on a branch of its own",
    run: async (session) => {
      const path = await session.path();
      const last = path.at(-1)?.messages.at(-1)?.content;
      check(last !== undefined, "request_invalid", () => "nothing was said yet");
      await session.fork(path.length - 1);
      return { again: last };
    },
  },
  "/attach": {
    usage: "/attach <file>",
    does: "a text, read once before a new conversation, else sent with the next message",
    run: async (session, argument, show) => {
      check(argument !== "", "request_invalid", () => "expected a file");
      const name = basename(argument);
      const text = await textOf(argument.replace(/^(["'])(.*)\1$/, "$2"));
      const how = await session.attach({ name, text }, ({ tokens, tokens_done }) =>
        show(`reading ${name}: ${tokens_done} of ${tokens} tokens`),
      );
      return how === "read" ? `${name} is read; ask about it` : `${name} goes with the next message`;
    },
  },
  "/system": {
    usage: "/system [text]",
    does: "what the new conversation begins with; without a text, what the model has",
    run: async (session, argument) => {
      await session.beginWith(argument === "" ? undefined : argument);
      return argument === "" ? "begins as the model has it" : "begins with that";
    },
  },
  "/search": {
    usage: "/search <words>",
    does: "conversations in which the words stand, and where; /open takes their numbers",
    run: async (session, argument) => {
      check(argument !== "", "request_invalid", () => "expected words");
      listedLast = await session.search(argument);
      return listedLast.length > 0 ? listed(listedLast) : "nothing found";
    },
  },
  "/list": {
    usage: "/list",
    does: "conversations, newest first",
    run: async (session) => {
      listedLast = await session.list();
      return listed(listedLast);
    },
  },
  "/open": {
    usage: "/open <id or number>",
    does: "go on with another conversation; a number is that of the last list",
    run: async (session, argument) => {
      check(argument !== "", "request_invalid", () => "expected an id, or a number of /list");
      session.id = /^\d{1,4}$/.test(argument)
        ? ((listedLast ?? (await session.list()))[Number(argument) - 1]?.id ?? argument)
        : argument;
      const turns = (await session.path()).length;
      return `${session.id}: ${turns} ${turns === 1 ? "turn" : "turns"}`;
    },
  },
  "/new": {
    usage: "/new",
    does: "begin another conversation",
    run: async (session) => {
      session.id = undefined;
      return "a new conversation";
    },
  },
  "/rename": {
    usage: "/rename <title>",
    does: "name the conversation",
    run: async (session, argument) => {
      check(argument !== "", "request_invalid", () => "expected a title");
      await session.rename(argument);
      return `named ${argument}`;
    },
  },
  "/help": { usage: "/help", does: "this", run: async () => help() },
};

/**
 * The command that a line calls, with its argument; undefined for a message. A command
 * that does not exist is no message.
 */
export function commandIn(text: string): { command: Command; argument: string } | undefined {
  const [, name, argument = ""] = /^(\/\w+)(?:\s+(.*))?$/.exec(text.trimEnd()) ?? [];
  if (name === undefined) return undefined;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const otherwise = "/help lists those that are; a message that begins with / takes a space before it";
  check(command, "request_invalid", () => `${name}: no such command; ${otherwise}`);
  return { command, argument: argument.trim() };
}

const help = (): string =>
  [
    ...Object.values(commands).map(({ usage, does }) => `${usage.padEnd(22)} ${does}`),
    `${"Ctrl-C".padEnd(22)} stop an answer; at the prompt, end`,
  ].join("\n");

export const listed = (conversations: readonly Conversation[]): string =>
  conversations.length === 0
    ? "no conversations yet"
    : conversations
        .flatMap(({ id, metadata, created_at, hits = [] }, i) => [
          `${String(i + 1).padStart(3)}  ${dateOf(created_at)}  ${id}  ${short(metadata.title ?? "")}`.trimEnd(),
          ...hits.map(({ role, snippet }) => `     ${role === "user" ? "> " : ""}${short(snippet)}`),
        ])
        .join("\n");

/** `2026-11-26 20:15`, in the reader's own time. */
function dateOf(seconds: number): string {
  const date = new Date(1000 * seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join("-");
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Number of turns that a command's argument means; `back` from the last one when it is absent. */
async function turnOf(session: ChatSession, argument: string, back: number): Promise<number> {
  const { length } = await session.path();
  const turns = argument === "" ? Math.max(0, length - back) : Number(argument);
  check(
    /^\d*$/.test(argument) && turns <= length,
    "request_invalid",
    () => `expected a turn from 0 to ${length}, got ${argument}`,
  );
  return turns;
}
