/**
 * batch: several replies of which nothing is kept, to one prompt or to a few.
 *
 * Each prompt is computed once; every reply goes on from a copy of that state, one after another, so
 * that memory holds one sequence.
 */
import { randomInt } from "node:crypto";
import { NO_OBJECT } from "../../src/api/shared/ids.ts";
import {
  type ChoiceEvent,
  noTimings,
  type Timings,
  type TokenEvent,
  type TurnEvent,
  type TurnRequest,
} from "../../src/api/shared/turn.ts";
import type { Saved, Sequence } from "../../src/backends/backend.ts";
import { announce, callsIn } from "../../src/constrain/reply/announce.ts";
import { check } from "../../src/core/failure.ts";
import { encodeAhead, textsOf } from "../../src/dialogue/encode-ahead.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { preludeTokens } from "../../src/dialogue/prelude.ts";
import { prefill, type Resumed, reply } from "../../src/dialogue/reply.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import type { SamplerState } from "../../src/sampling/sampling.ts";
import { admissionFor } from "../model/admission.ts";
import type { MemorySlot } from "../model/memory-slot.ts";
import { keepPrelude } from "../model/prelude-state.ts";
import { openingOf } from "../model/token-question.ts";
import { CachedPrompt } from "./cached-prompt.ts";
import type { Host } from "./context.ts";
import {
  checkAtOnce,
  checkBrought,
  checkForm,
  checkGranted,
  checkRoom,
  loggedToken,
  replyOptions,
} from "./reply-options.ts";
import { begunWith, fresh } from "./restore-state.ts";
import { logTurn } from "./turn-log.ts";
import { WorkBudget } from "./work-budget.ts";

const SEEDS = 2 ** 47;

/** A batch that has its memory slot. */
interface Batch {
  request: TurnRequest;
  served: Served;
  slot: MemorySlot;
  prompts: number[][];
  timings: Timings;
  budget: WorkBudget;
  env: Env;
}

export const isBatch = ({ prompts, choices = 1 }: TurnRequest): boolean => prompts !== undefined || choices > 1;

/** Resolves when it has a memory slot. Fails with what can be known before anything is computed. */
export async function enterBatch(
  request: TurnRequest,
  served: Served,
  { owner, env }: Pick<Host, "owner" | "env">,
  client: AbortSignal,
): Promise<Batch> {
  const { persistent, tenant, messages, prompts: given = [], grantedTokens } = request;
  check(!persistent, "bug", () => "a batch keeps nothing");
  const forget = await encodeAhead(served.codec, [
    ...given.filter((one) => typeof one === "string"),
    ...textsOf(messages),
  ]);
  let prompts: number[][];
  try {
    prompts = promptsOf(request, served);
  } finally {
    forget();
  }
  const queuedMs = Date.now();
  const slot = await admissionFor(served).enter({ owner, tenant }, client);
  const timings = { ...noTimings, queue_ms: Date.now() - queuedMs };
  const budget = new WorkBudget(served.backend, served.manifest.parameters, {
    pauses: false,
    ...(grantedTokens === undefined ? {} : { grantedTokens }),
  });
  return { request, served, slot, prompts, timings, budget, env };
}

/** Ids of each prompt. Fails with `request_invalid` for an id that is none, or `context_length_exceeded`. */
function promptsOf(request: TurnRequest, served: Served): number[][] {
  const { prompts, messages } = request;
  const { manifest, codec, prompt, backend } = served;
  const opening = openingOf(served);
  const ids = prompts?.map((given) => (typeof given === "string" ? [...opening, ...codec.encodeText(given)] : given));
  const all = ids ?? [prompt.start(announce(messages, request))];
  for (const [n, one] of all.entries()) {
    const wrong = one.find((id) => id >= backend.vocab);
    const param = all.length === 1 ? "prompt" : `prompt[${n}]`;
    check(wrong === undefined, "request_invalid", () => `${param}: ${wrong} is not a token's id`, param);
    const named = ids ? param : "messages";
    checkRoom(one.length, backend.contextLength, named);
    checkBrought(one.length, manifest, named);
  }
  return all;
}

/** What its client is sent. Ends early when that is gone. */
export async function* batchEvents(batch: Batch, gone: AbortSignal): AsyncGenerator<TurnEvent> {
  const { request, served, prompts, timings, budget } = batch;
  const { choices = 1, reply: form, seed = randomInt(SEEDS) } = request;
  const { codec, fingerprint, manifest } = served;
  const key = `${NO_OBJECT}${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const calls = callsIn(request);
  yield {
    type: "start",
    key,
    createdMs: Date.now(),
    model: manifest.name,
    fingerprint,
    state: "new",
    ...(calls ? { calls } : {}),
    ...(form.echo?.prompts ? { prompts: prompts.map((ids) => codec.decode(ids)) } : {}),
  };
  const total = prompts.length * choices;
  let index = 0;
  let cachedTokens = 0;
  let schemaChecked = false;
  for (const [p, feed] of prompts.entries()) {
    const later = prompts.slice(p + 1).reduce((sum, ids) => sum + ids.length, 0);
    const prompt = budget.spent ? undefined : await readPrompt(batch, feed, later + total - p * choices, gone);
    if (gone.aborted) return;
    cachedTokens += prompt?.cached ?? 0;
    for (let n = 0; n < choices; n++) {
      const choice = p * choices + n;
      let closed: Closing = { text: "", reason: "length" };
      // Only a warning of the platform ends a batch that was begun before its last reply.
      if (prompt && !budget.spent) {
        const ahead = later + total - choice - 1;
        for await (const event of choose(batch, prompt, { choice, isFirst: n === 0, seed: seed + n }, ahead)) {
          if (gone.aborted) return;
          if (event.type === "token") yield { ...event, index: ++index };
          else {
            closed = event;
            schemaChecked ||= event.schemaChecked;
          }
        }
      }
      const { text, reason } = closed;
      index++;
      if (choice < total - 1) {
        yield { type: "choice", index, choice, text, reason };
        continue;
      }
      const promptTokens = prompts.reduce((sum, ids) => sum + ids.length, 0);
      const usage = { promptTokens, cachedTokens, completionTokens: timings.decode_tokens };
      logTurn(key, request, { usage, timings, reason });
      const checked = schemaChecked ? { schemaChecked } : {};
      yield { type: "end", index, choice, text, reason, usage, timings, ...checked };
    }
  }
}

type Closing = Pick<ChoiceEvent, "text" | "reason">;

/** The state after a prompt, and all that its replies begin with. */
interface ReadPrompt {
  ids: number[];
  sequence: Sequence;
  saved: Saved;
  /** Tokens that came from the prompt cache. */
  cached: number;
  sampler: SamplerState;
  resumed: Resumed;
}

/**
 * Reads a prompt. Undefined when nobody waits any more. `ahead`: tokens that the budget must have left for what comes
 * after it, all later prompts and one token for each reply. Fails with `context_length_exceeded` where it has not,
 * before anything is computed: since later prompts are counted whole, that can only be at the first one.
 */
async function readPrompt(
  { request, served, slot, prompts, timings, budget, env }: Batch,
  feed: number[],
  ahead: number,
  gone: AbortSignal,
): Promise<ReadPrompt | undefined> {
  const { backend } = served;
  const { tenant } = request;
  const beganMs = Date.now();
  const ids = Uint32Array.from(feed);
  const prelude = preludeTokens(served.prelude, ids);
  const begun = { ids, prelude, opening: () => 0 };
  const found = await CachedPrompt.find(env, tenant, served, begun, { keeps: "all" });
  const { sequence, ...from } = found?.begun ? begunWith(found.begun) : await fresh(backend, ids, prelude);
  const fed = sequence.position;
  const cached = fed - from.prelude;
  slot.computes(sequence, tenant);
  checkGranted(feed.length - cached + ahead + 1, budget.grantedTokensLeft);
  checkAtOnce(feed.length - cached + ahead, budget.tokensLeft, adviceFor(request, prompts.length));
  const primed = new Sampler(backend.vocab, from.sampler, 0);
  let logits: Float32Array = new Float32Array(0);
  for await (const read of prefill(served, sequence, primed, feed, { fed, prelude })) {
    logits = Float32Array.from(read.logits);
    slot.beat();
    if (gone.aborted) return undefined;
    if (sequence.position === prelude) await keepPrelude(backend, sequence);
    await found?.reached(sequence);
  }
  budget.spend(feed.length - cached);
  timings.prefill_ms += Date.now() - beganMs;
  timings.prefill_tokens += feed.length - cached;
  const saved = { position: sequence.position, tensors: await sequence.save() };
  return {
    ids: feed,
    sequence,
    saved,
    cached,
    sampler: primed.state(),
    resumed: { fed: feed.length, reply: [], logits },
  };
}

/** A batch has no conversation to be told to name. */
function adviceFor(request: TurnRequest, prompts: number): { param: string; advice: string } {
  if (request.prompts === undefined)
    return { param: "messages", advice: 'Ask for one reply and name a "conversation": its turns may take longer' };
  return { param: "prompt", advice: prompts > 1 ? "Send the prompts in several requests" : "Send a shorter one" };
}

type Chosen = Omit<TokenEvent, "index"> | (Closing & { type: "end"; schemaChecked: boolean });

/** One reply to a prompt that was read. It ends as at a limit of tokens where the budget has only `ahead` left. */
async function* choose(
  { request, served, slot, timings, budget }: Batch,
  prompt: ReadPrompt,
  { choice, isFirst, seed }: { choice: number; isFirst: boolean; seed: number },
  ahead: number,
): AsyncGenerator<Chosen> {
  const sequence = isFirst ? prompt.sequence : await served.backend.open(prompt.saved);
  slot.computes(sequence, request.tenant);
  const { backend } = served;
  const sampler = new Sampler(backend.vocab, prompt.sampler, seed, backend.lend?.bind(backend));
  const options = await replyOptions({ request, start: 0, promptCount: prompt.ids.length }, served);
  // One more, since a prompt is read only where the budget is not at its very end.
  options.maxTokens = Math.min(options.maxTokens, budget.tokensLeft - ahead - 1);
  const beganMs = Date.now();
  const ids: number[] = [];
  let closing: Closing = { text: "", reason: "length" };
  for await (const event of reply(served, sequence, sampler, prompt.ids, options, prompt.resumed)) {
    slot.beat();
    if (event.type === "end") closing = event;
    if (event.type !== "token") continue;
    timings.decode_tokens++;
    ids.push(event.id);
    budget.spend(1);
    const logprob = event.logprobs && loggedToken(event.logprobs, served);
    yield { type: "token", choice, id: event.id, text: event.text, ...(logprob ? { logprob } : {}) };
    if (budget.spent) break;
  }
  timings.decode_ms += Date.now() - beganMs;
  sequence.release();
  const { text, reason } = closing;
  const isWhole = reason === "stop";
  const schemaChecked = isWhole && (await checkForm(ids, request, served, options.constraint?.schemas));
  yield { type: "end", text, reason, schemaChecked };
}
