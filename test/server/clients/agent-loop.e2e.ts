/**
 * An agent's loop through the plain client for `openai`: it names no conversation and sends its
 * whole history with every call.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { servedPack } from "../../support/served-pack.ts";
import { type Started, start } from "../../support/start-server.ts";

const CALLS = 20;
/** Of the system message, which such a loop begins with: a byte is a token here. */
const OPENING = 4800;
const work = mkdtempSync(join(tmpdir(), "rivulet-agent-"));
const servers: Started[] = [];
/** With the prompt cache, and without. */
let [kept, plain]: OpenAI[] = [];

beforeAll(async () => {
  const pack = await servedPack("tiny-long", work);
  const serve = async (ttl: string) => {
    const args = ["--port", "0", "--persist-to", join(work, ttl), "--pack", pack];
    const server = await start(args, { AUTO_RESUME_TTL: ttl });
    servers.push(server);
    return new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  };
  kept = await serve("3600");
  plain = await serve("0");
});
afterAll(async () => {
  for (const { supervisor, ended } of servers) {
    supervisor.kill("SIGTERM");
    await ended;
  }
  rmSync(work, { recursive: true, force: true });
});

it("reads again at most a twentieth of its growing history from the second call on, and replies to the bit as if all of it were read", async () => {
  const rules = Array.from({ length: 120 }, (_, n) => `Gauge ${n} may show ${100 + 7 * n} units. `).join("");
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: "system", content: rules.repeat(2).slice(0, OPENING) },
    { role: "user", content: "Begin." },
  ];
  const prompts: number[] = [];
  const shares: number[] = [];
  const ask = (client: OpenAI) =>
    client.chat.completions.create({
      ...{ model: "tiny", messages, max_tokens: 8, temperature: 0.8, seed: 11, logprobs: true, top_logprobs: 3 },
    });
  for (let call = 1; call <= CALLS; call++) {
    const { choices, usage } = await ask(kept!);
    const { prompt_tokens: prompt, prompt_tokens_details: details } = usage!;
    prompts.push(prompt);
    shares.push(details!.cached_tokens! / prompt);
    if ([1, 2, 10, CALLS].includes(call)) {
      const whole = await ask(plain!);
      expect(whole.usage!.prompt_tokens_details!.cached_tokens).toBe(0);
      expect(choices).toEqual(whole.choices);
    }
    messages.push(
      { role: "assistant", content: choices[0]!.message.content ?? "" },
      { role: "user", content: `Gauge ${call} shows ${100 + call}. Go on.` },
    );
  }
  expect([Math.min(...prompts) >= OPENING, Math.max(...prompts) <= 6000]).toEqual([true, true]);
  expect(shares[0]).toBe(0);
  expect(Math.min(...shares.slice(1))).toBeGreaterThanOrEqual(0.95);
});
