/** Rivulet and llama-server with the same weights, as two servers that speak the same chat completions. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverPid, start } from "../../test/support/start-server.ts";
import { startLlamaServer } from "./llama-server.ts";

export interface ChatServer {
  engine: string;
  url: string;
  pid: number;
  /** What only this server's request has. */
  extra: object;
  end(): Promise<void>;
}

const nameOf = (pack: string): string => JSON.parse(readFileSync(join(pack, "manifest.json"), "utf8")).name;

/** One process that computes. With `folder` it keeps its data there when it ends. */
export async function rivuletChat(pack: string, folder?: string): Promise<ChatServer> {
  const kept = folder ?? mkdtempSync(join(tmpdir(), "rivulet-chat-"));
  const server = await start(["--port", "0", "--persist-to", kept, "--pack", pack]);
  const end = async () => {
    server.supervisor.kill("SIGTERM");
    await server.ended;
    if (folder === undefined) rmSync(kept, { recursive: true, force: true });
  };
  // No reply ends before its length.
  const extra = { model: nameOf(pack), logit_bias: { 0: -100, 2: -100 } };
  return { engine: "Rivulet", url: server.url, pid: serverPid(kept), extra, end };
}

/** So many slots, each of `tokens` tokens. */
export async function llamaChat(file: string, slots: number, tokens: number, args: string[] = []): Promise<ChatServer> {
  const own = ["--parallel", String(slots), "--ctx-size", String(slots * tokens), "--flash-attn", "on"];
  const { url, pid, end } = await startLlamaServer(file, [...own, ...args]);
  return { engine: `llama-server -np ${slots}`, url, pid, extra: { ignore_eos: true }, end };
}

interface Answer {
  text: string;
  tokens: number;
}

/** One streamed reply; `onFirst` when its first text has come. Fails where the server refuses. */
export async function chat(
  { url, extra }: ChatServer,
  body: object,
  onFirst: () => void = () => undefined,
): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ stream: true, stream_options: { include_usage: true }, ...extra, ...body }),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  const answer: Answer = { text: "", tokens: 0 };
  let rest = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const { choices, usage } = JSON.parse(line.slice(6));
      const text: string = choices?.[0]?.delta?.content ?? "";
      if (text !== "" && answer.text === "") onFirst();
      answer.text += text;
      if (usage) answer.tokens = usage.completion_tokens;
    }
  }
  return answer;
}

/** All that lies in a folder. */
export const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((n, { parentPath, name }) => n + statSync(join(parentPath, name)).size, 0);
