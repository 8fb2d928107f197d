import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FaultPlan } from "../../durable-objects/platform/fault-points.ts";
import { rivulet } from "../cli/run.ts";
import { Barrier } from "../kill/barrier.ts";
import { freePort } from "../support/free-port.ts";
import { servedPack } from "../support/served-pack.ts";
import { type Started, serverPid, start } from "../support/start-server.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-chat-"));
const folder = join(work, "persist");
let args: string[];
let server: Started;
let barrier: Barrier;

async function serve(env: Record<string, string> = {}): Promise<void> {
  server = await start(args, env);
  expect(server.url, server.output()).not.toBe("");
}
async function kill(): Promise<void> {
  process.kill(serverPid(folder), "SIGKILL");
  await server.ended;
}
/**
 * Starts a server whose first long answer stands still after some words, so that it is not
 * over before the server is killed.
 */
async function serveStandingStill(): Promise<void> {
  await kill();
  void barrier.reached();
  const FAULTS = JSON.stringify({ "turn.token": { action: "barrier", from: 200 } } satisfies FaultPlan);
  await serve({ FAULTS, FAULT_HOOK: barrier.url });
}
beforeAll(async () => {
  barrier = await Barrier.open();
  args = ["--port", String(await freePort()), "--persist-to", folder, "--pack", await servedPack("tiny-long", work)];
  await serve();
});
afterAll(async () => {
  server.supervisor.kill("SIGTERM");
  await server.ended;
  barrier.close();
  rmSync(work, { recursive: true, force: true });
});

class Chat {
  readonly process: ChildProcess;
  out = "";
  err = "";
  readonly ended: Promise<number | null>;

  constructor(...options: string[]) {
    this.process = spawn(process.execPath, ["bin/rivulet.js", "chat", server.url, ...options], {
      env: { ...process.env, RIVULET_API_KEY: "" },
    });
    this.process.stdout!.on("data", (chunk) => {
      this.out += chunk;
    });
    this.process.stderr!.on("data", (chunk) => {
      this.err += chunk;
    });
    this.ended = new Promise((resolve) => this.process.once("close", resolve));
  }

  line = (text: string) => this.process.stdin!.write(`${text}\n`);

  /** Sends lines, ends the input and waits; gives the exit code. */
  async say(...lines: string[]): Promise<number | null> {
    for (const text of lines) this.line(text);
    this.process.stdin!.end();
    return this.ended;
  }

  async until(condition: (chat: this) => boolean): Promise<void> {
    for (let i = 0; i < 3000 && !condition(this); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(condition(this), this.out + this.err).toBe(true);
  }
}

interface Turn {
  id: string;
  status: string;
  reply: string;
  messages: { content: string }[];
}
const turns = async (conversation: string): Promise<Turn[]> => {
  const response = await fetch(`${server.url}/v1/conversations/${conversation}/turns?limit=100`);
  return ((await response.json()) as { data: Turn[] }).data;
};

it("shows the history, forks, rewinds and asks again", async () => {
  const chat = new Chat("--session", "ada", "--max-tokens", "5");
  expect(
    await chat.say("one", "two", "/history", "/fork 1", "three", "/history", "/rewind", "/history", "/retry"),
    chat.err,
  ).toBe(0);
  const [first, second, third, again] = chat.out.split("\n");
  for (const answer of [first, second, third, again]) expect(answer).toMatch(/^[a-z ]{5}$/);
  const fork = /forked after turn 1: (ada~[0-9a-z]{8})/.exec(chat.err)![1]!;
  expect((await turns("ada")).map(({ messages }) => messages[0]!.content)).toEqual(["one", "two"]);
  expect((await turns("ada")).map(({ reply }) => reply)).toEqual([first, second]);
  expect((await turns(fork)).map(({ messages }) => messages[0]!.content)).toEqual(["one"]);
  const histories = chat.err.split("\n").filter((text) => /^ +\d+ {2}> /.test(text));
  expect(histories.map((text) => text.trim())).toEqual(["1  > one", "2  > two", "1  > one", "2  > three", "1  > one"]);
});

it("goes on with a named conversation, and carries it", async () => {
  const chat = new Chat("--session", "ada", "--max-tokens", "4");
  expect(await chat.say("four")).toBe(0);
  expect((await turns("ada")).map(({ messages }) => messages[0]!.content)).toEqual(["one", "two", "four"]);
});

it("lists conversations, and goes on with the newest", async () => {
  const chat = new Chat("--max-tokens", "4");
  expect(await chat.say("the newest", "/rename A title of my own"), chat.err).toBe(0);
  const list = new Chat("--list");
  expect(await list.say()).toBe(0);
  const [, id] = /^ {2}1 {2}[-\d]+ [:\d]+ {2}(conv_[0-9a-f]{32}) {2}A title of my own$/m.exec(list.out) ?? [];
  expect(id, list.out).toBeDefined();
  expect(list.out).toMatch(/^ +\d {2}[-\d]+ [:\d]+ {2}ada$/m);
  const newest = new Chat("--continue", "--max-tokens", "4");
  expect(await newest.say("and on")).toBe(0);
  expect((await turns(id!)).map(({ messages }) => messages[0]!.content)).toEqual(["the newest", "and on"]);
});

it("Ctrl-C stops the answer and not the program", async () => {
  // It takes seconds: one of some hundred tokens can be over before the program gets a moment to hear of the key.
  const chat = new Chat("--session", "interrupted", "--max-tokens", "60000");
  chat.line("a long one");
  await chat.until(({ out }) => out.length > 20);
  chat.process.kill("SIGINT");
  await chat.until(({ err }) => err.includes("(stopped)"));
  expect(await chat.say("/history")).toBe(0);
  const [turn] = await turns("interrupted");
  expect(turn!.status).toBe("cancelled");
  expect(turn!.reply.length).toBeLessThan(60_000);
  expect(turn!.reply.startsWith(chat.out.slice(0, 20))).toBe(true);
});

it("an answer goes on after the server was killed and started again, and no word is lost", async () => {
  await serveStandingStill();
  const chat = new Chat("--session", "killed", "--max-tokens", "1900");
  chat.line("a long one");
  await chat.until(({ out }) => out.length > 10);
  await kill();
  const before = chat.out;
  await serve();
  expect(await chat.say(), chat.err).toBe(0);
  expect(before.length).toBeLessThan(1900);
  const [turn] = await turns("killed");
  expect(chat.out).toBe(`${turn!.reply}\n`);
  expect(turn!.reply.length).toBeGreaterThan(1800);
});

it("exits with 2 for what the user can mend, and with 1 for a server that stays away", async () => {
  const nowhere = new Chat("--session", "ada");
  expect(await nowhere.say("/fork 99")).toBe(2);
  expect(nowhere.err).toBe("rivulet: expected a turn from 0 to 3, got 99\n");
  await serveStandingStill();
  const lost = new Chat("--session", "lost", "--max-tokens", "1900", "--patience", "0");
  lost.line("a long one");
  await lost.until(({ out }) => out.length > 10);
  await kill();
  expect(await lost.ended).toBe(1);
  expect(lost.err).toBe("rivulet: the server did not come back\n");
  await serve();
});

it.each([7, 8])("generate says without a server what the server says, with defaults and the seed %i", async (seed) => {
  const pack = args[args.indexOf("--pack") + 1]!;
  const message = "Hello there, who is it?";
  const asked = { model: "tiny", messages: [{ role: "user", content: message }], max_tokens: 24, seed };
  const reply = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  const { choices } = (await reply.json()) as { choices: { message: { content: string } }[] };
  const own = await rivulet(
    "generate",
    pack,
    message,
    "--chat",
    "--seed",
    String(seed),
    "--max-tokens",
    "24",
    "--json",
  );
  expect(own.stderr).toBe("");
  expect(JSON.parse(own.stdout).text).toBe(choices[0]!.message.content);
});
