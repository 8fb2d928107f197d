/**
 * An agent's loop of twenty calls through the plain client for `openai`: it names no conversation and
 * sends its whole history every time.
 *
 *     node bench/agent-loop.ts [tokens of the system message, about]
 *
 * Two servers, with and without the prompt cache; the second is asked only some of the calls, for the same replies.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import OpenAI from "openai";
import { commandLine } from "../scripts/command-line.ts";
import { packFolder } from "../scripts/serve-pack.ts";
import { serverPid, start } from "../test/support/start-server.ts";
import { processMs } from "./process.ts";
import { figure, machine, table, writeSection } from "./section.ts";

const { positionals } = commandLine({}, [0, 1]);
const OPENING = Number(positionals[0] ?? 4000);
const CALLS = 20;
const COMPARED = [1, CALLS];
const model = basename(packFolder());

/** About four characters are a token; of names and numbers, three and a half. */
const filler = (tokens: number, of: string): string => `${of} `.repeat(Math.ceil((4 * tokens) / (of.length + 1)));
const rules = Array.from({ length: 12 }, (_, n) =>
  filler(
    OPENING / 12,
    `Gauge ${n} of the plant may show ${100 + 7 * n} units at most; beyond that the valve beside it is closed.`,
  ),
);

interface Call {
  /** Processor time of the server's process. */
  ms: number;
  prompt: number;
  cached: number;
  text: string;
}

/** Streamed, so that the headers come before a prompt that a busy machine reads for minutes. */
async function ask({ client, pid }: Server, messages: OpenAI.ChatCompletionMessageParam[]): Promise<Call> {
  const beganMs = processMs(pid);
  const runner = client.chat.completions.stream({
    ...{ model, messages, temperature: 0, max_tokens: 16, stream_options: { include_usage: true } },
  });
  const { choices, usage } = await runner.finalChatCompletion();
  const { prompt_tokens: prompt = 0, prompt_tokens_details: details } = usage ?? {};
  const text = choices[0]!.message.content ?? "";
  return { ms: processMs(pid) - beganMs, prompt, cached: details?.cached_tokens ?? 0, text };
}

interface Server {
  client: OpenAI;
  pid: number;
  end(): Promise<void>;
}

async function served(ttl: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-loop-"));
  const server = await start(["--port", "0", "--persist-to", folder], { AUTO_RESUME_TTL: ttl });
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0, timeout: 1_800_000 });
  const end = async () => {
    server.supervisor.kill("SIGTERM");
    await server.ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const made = { client, pid: serverPid(folder), end };
  await ask(made, [{ role: "user", content: "hello" }]);
  return made;
}

const [kept, plain] = [await served("3600"), await served("0")];
const messages: OpenAI.ChatCompletionMessageParam[] = [
  { role: "system", content: `You watch the gauges of a plant and say what is out of order. ${rules.join("")}` },
  { role: "user", content: "Begin with the first gauge." },
];
const rows: (string | number)[][] = [];
const shares: number[] = [];
for (let n = 1; n <= CALLS; n++) {
  const call = await ask(kept, messages);
  const share = call.cached / call.prompt;
  shares.push(share);
  if (COMPARED.includes(n)) {
    const whole = await ask(plain, messages);
    if (whole.text !== call.text) throw new Error(`call ${n}: another reply where nothing was kept`);
    const ratio = `${figure(whole.ms / call.ms)}×`;
    rows.push([n, call.prompt, `${figure(100 * share)} %`, figure(call.ms), figure(whole.ms), ratio]);
  }
  messages.push(
    { role: "assistant", content: call.text },
    {
      role: "user",
      content: `Gauge ${n} shows ${100 + n} units. ${filler(12, "It has been so since the morning.")}Go on.`,
    },
  );
}
await kept.end();
await plain.end();
const least = figure(100 * Math.min(...shares.slice(1)));
console.error(`least cached from the second call on: ${least} %`);
writeSection(
  "node bench/agent-loop.ts",
  `## An agent's loop without a conversation

\`node bench/agent-loop.ts ${OPENING}\`: ${CALLS} calls of the \`openai\` client, which names no conversation and sends the whole history every time; replies of at most 16
tokens, the same replies from both servers, processor time of the whole server. From the second call on at least ${least} % of a prompt's tokens came from the cache. ${machine()}

${table(["call", "tokens of the prompt", "cached", "ms of CPU", "ms of CPU without the cache", "ratio"], rows)}`,
);
