/**
 * What a hop between stages costs: two servers of one model, whole and in stages, asked in turn so that a
 * busy machine slows both alike.
 *
 * npm start -- --pack <whole> --port 8001 --persist-to <a>; npm start -- --pack <staged>
 * --port 8002 --persist-to <b>; then
 * node bench/hops.ts http://127.0.0.1:8001 http://127.0.0.1:8002 [stages] [rounds]
 */
import { commandLine } from "../scripts/command-line.ts";

const DECODED = 48;

const { positionals } = commandLine({}, [2, 4]);
const [whole, staged, stages = "2", rounds = "8"] = positionals as [string, string, string?, string?];

interface Best {
  model: string;
  prefillMs: number;
  decodeMs: number;
  loadMs: number;
  saveMs: number;
}

/** A second turn, so that its state is loaded; best of all rounds, per token. */
async function measure(url: string, round: number, best: Best): Promise<void> {
  const ask = async (content: string) => {
    const body = {
      model: best.model,
      conversation: `hops-${process.pid}-${round}`,
      max_tokens: DECODED,
      temperature: 0,
    };
    const messages = [{ role: "user", content }];
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify({ ...body, messages }) };
    const answer = (await (await fetch(`${url}/v1/chat/completions`, init)).json()) as {
      timings: Record<string, number>;
    };
    return answer.timings;
  };
  await ask("Tell me of the river.");
  const timings = await ask("The river carries what it was given and forgets nothing. ".repeat(20));
  best.prefillMs = Math.min(best.prefillMs, timings.prefill_ms! / timings.prefill_tokens!);
  best.decodeMs = Math.min(best.decodeMs, timings.decode_ms! / timings.decode_tokens!);
  best.loadMs = Math.min(best.loadMs, timings.load_ms!);
  best.saveMs = Math.min(best.saveMs, timings.save_ms!);
}

async function modelOf(url: string): Promise<string> {
  const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
  return data[0]!.id;
}

const servers = await Promise.all(
  [whole, staged].map(async (url) => {
    const none = { prefillMs: Infinity, decodeMs: Infinity, loadMs: Infinity, saveMs: Infinity };
    return { url, best: { model: await modelOf(url), ...none } };
  }),
);
for (let round = 0; round < Number(rounds); round++)
  for (const { url, best } of servers) await measure(url, round, best);
const [one, many] = servers.map(({ best }) => best) as [Best, Best];
const show = (best: Best) =>
  `prefill ${best.prefillMs.toFixed(2)} ms/token, decode ${best.decodeMs.toFixed(2)} ms/token, load ${best.loadMs} ms, save ${best.saveMs} ms`;
console.log(`whole: ${show(one)}`);
console.log(`${stages} stages: ${show(many)}`);
console.log(`a hop: ${((many.decodeMs - one.decodeMs) / Number(stages)).toFixed(2)} ms per decoded token`);
