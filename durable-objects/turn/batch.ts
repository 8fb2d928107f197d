/**
 * batch: several replies of which nothing is kept, to one prompt or to a few.
 *
 * Each prompt is computed once; every reply goes on from a copy of that state, one after another, so that memory holds one sequence.
 */
import { randomInt } from "node:crypto";
import { encoderFor } from "../../src/api/encoders.ts";
import { errorBody } from "../../src/api/shared/error-body.ts";
import {
  type ChoiceEvent,
  noTimings,
  type Timings,
  type TurnEvent,
  type TurnRequest,
} from "../../src/api/shared/turn.ts";
import { announce, callsIn } from "../../src/constrain/reply/announce.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import { encodeAhead, textsOf } from "../../src/dialogue/encode-ahead.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { reply, slices } from "../../src/dialogue/reply.ts";
import { ReplyText } from "../../src/dialogue/reply-text.ts";
import { computesFor, roundRobin } from "../../src/dialogue/round-robin.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import type { MemorySlot } from "../model/admission.ts";
import { admissionFor } from "../model/admission.ts";
import { openingOf } from "../model/token-question.ts";
import { logFailure } from "../platform/log-failure.ts";
import { SseBody } from "../platform/sse-body.ts";
import { CachedPrompt } from "./cached-prompt.ts";
import type { Host } from "./context.ts";
import { checkBrought, checkRoom, loggedToken, replyOptions, requireSchema } from "./reply-options.ts";
import { logTurn } from "./turn-log.ts";
import { WorkBudget } from "./work-budget.ts";

const SEEDS = 2 ** 47;

interface Work {
  request: TurnRequest;
  served: Served;
  slot: MemorySlot;
  prompts: number[][];
  timings: Timings;
  env: Env;
}

export const isBatch = ({ prompts, choices = 1 }: TurnRequest): boolean => prompts !== undefined || choices > 1;

/** `done` is a promise of everything that goes on after the headers. Fails before them with what can be known then. */
export async function batch(
  request: TurnRequest,
  served: Served,
  host: Pick<Host, "owner" | "ended" | "env">,
  client: AbortSignal,
): Promise<{ response: Response; done: Promise<void> }> {
  check(!request.persistent, "bug", () => "a batch keeps nothing");
  const encoder = encoderFor(request.reply);
  const given = request.prompts?.filter((prompt) => typeof prompt === "string") ?? [];
  const texts = [...given, ...textsOf(request.messages)];
  const forget = await encodeAhead(served.codec, texts);
  let prompts: number[][];
  try {
    prompts = promptsOf(request, served);
  } finally {
    forget();
  }
  const queuedMs = Date.now();
  const slot = await admissionFor(served).enter({ owner: host.owner, tenant: request.tenant }, client);
  const timings = { ...noTimings, queue_ms: Date.now() - queuedMs };
  const work: Work = { request, served, slot, prompts, timings, env: host.env };
  const enteredMs = Date.now();
  let last: TurnEvent | undefined;
  const leave = () => {
    slot.leave();
    const { promptTokens = 0, completionTokens = 0 } = last?.type === "end" ? last.usage : {};
    host.ended(request.tenant, request.id ?? "", promptTokens + completionTokens);
    metrics.objectSeconds.add((Date.now() - enteredMs) / 1000);
  };
  const headers = { "x-rivulet-state": "new", "cache-control": "no-store" };
  if (!request.reply.stream) {
    try {
      for await (const event of run(work, client)) {
        last = event;
        encoder.events(event);
      }
    } finally {
      leave();
    }
    if (client.aborted) throw new Failure("busy", "the caller left before the replies were complete");
    return { response: Response.json(encoder.whole(), { headers }), done: Promise.resolve() };
  }
  const stream = new SseBody(client);
  const tell = async () => {
    let index = 0;
    try {
      for await (const event of run(work, stream.gone)) {
        last = event;
        if ("index" in event) index = event.index;
        for (const wire of encoder.events(event)) await stream.send(wire);
      }
    } catch (thrown) {
      const event: TurnEvent = { type: "failed", index: index + 1, error: errorBody(logFailure(thrown)).error };
      for (const wire of encoder.events(event)) await stream.send(wire);
    } finally {
      leave();
    }
    stream.end();
  };
  return { response: stream.response(headers), done: tell() };
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

async function* run(work: Work, gone: AbortSignal): AsyncGenerator<TurnEvent> {
  const { request, served, slot, prompts, timings } = work;
  const { choices = 1, reply: form, seed = randomInt(SEEDS) } = request;
  const { codec, fingerprint, manifest } = served;
  const key = `${"0".repeat(32)}${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const calls = callsIn(request);
  const start = { type: "start", key, createdMs: Date.now(), model: manifest.name, fingerprint, state: "new" } as const;
  const budget = new WorkBudget(served.backend, manifest.parameters, { pauses: false });
  yield {
    ...start,
    ...(calls ? { calls } : {}),
    ...(form.echo?.prompts ? { prompts: prompts.map((ids) => codec.decode(ids)) } : {}),
  };
  const total = prompts.length * choices;
  let [index, tokens, cachedTokens] = [0, 0, 0];
  let schemaChecked = false;
  const closing = (choice: number, { text, reason }: Closing): TurnEvent => {
    index++;
    if (choice < total - 1) return { type: "choice", index, choice, text, reason };
    const promptTokens = prompts.reduce((sum, ids) => sum + ids.length, 0);
    const usage = { promptTokens, cachedTokens, completionTokens: tokens };
    logTurn(key, request, { usage, timings, reason });
    return {
      type: "end",
      index,
      choice,
      text,
      reason,
      usage,
      timings,
      ...(schemaChecked ? { schemaChecked: true } : {}),
    };
  };
  for (const [p, feed] of prompts.entries()) {
    const prompt = budget.spent ? undefined : await prefill(work, feed, gone);
    if (gone.aborted) return;
    cachedTokens += prompt?.cached ?? 0;
    budget.spend(feed.length - (prompt?.cached ?? 0));
    for (let n = 0; n < choices; n++) {
      const choice = p * choices + n;
      // What is over an invocation's budget ends as at a limit of tokens.
      let closed: Closing = { text: "", reason: "length" };
      if (prompt && !budget.spent) {
        const sequence = n === 0 ? prompt.sequence : await served.backend.open(prompt.saved);
        slot.hold(sequence);
        computesFor(sequence, request.tenant);
        const sampler = new Sampler(served.backend.vocab, prompt.sampler, seed + n);
        const options = await replyOptions({ request, start: 0, promptCount: feed.length }, served);
        const beganMs = Date.now();
        const ids: number[] = [];
        for await (const event of reply(served, sequence, sampler, feed, options, prompt.resumed)) {
          slot.beat();
          if (gone.aborted) return;
          if (event.type === "end") closed = event;
          if (event.type !== "token") continue;
          tokens++;
          ids.push(event.id);
          budget.spend(1);
          const logprob = event.logprobs && loggedToken(event.logprobs, served);
          yield {
            type: "token",
            index: ++index,
            choice,
            id: event.id,
            text: event.text,
            ...(logprob ? { logprob } : {}),
          };
          if (budget.spent) break;
        }
        timings.decode_ms += Date.now() - beganMs;
        timings.decode_tokens = tokens;
        sequence.release();
        const schemas = options.constraint?.schemas ?? [];
        if (closed.reason === "stop" && schemas.length > 0) {
          const text = new ReplyText(served, request);
          const content = ids.map((id) => text.push(id)).join("") + text.rest();
          schemaChecked = (await requireSchema(content, request, schemas)) || schemaChecked;
        }
      }
      yield closing(choice, closed);
    }
  }
}

type Closing = Pick<ChoiceEvent, "text" | "reason">;

/** The state after a prompt, and all that its replies begin with. Undefined when nobody waits any more. */
async function prefill({ request, served, slot, timings, env }: Work, feed: number[], gone: AbortSignal) {
  const { backend } = served;
  const { tenant } = request;
  const beganMs = Date.now();
  const begun = { ids: Uint32Array.from(feed), opening: () => 0 };
  const found = await CachedPrompt.find(env, tenant, served, begun, { keeps: "all" });
  const sequence = found?.begun?.sequence ?? (await backend.open());
  const cached = sequence.position;
  slot.hold(sequence);
  computesFor(sequence, tenant);
  const order = roundRobin(backend);
  const primed = new Sampler(backend.vocab, found?.begun?.sampler, 0);
  let logits: Float32Array = new Float32Array(0);
  for (const { slice, last } of slices(feed, backend.sliceTokens, cached)) {
    logits = Float32Array.from(await order.forward(sequence, slice, last ? "last" : "none"));
    for (const id of slice) primed.accept(id);
    slot.beat();
    if (gone.aborted) return undefined;
    await found?.reached(sequence);
  }
  timings.prefill_ms += Date.now() - beganMs;
  timings.prefill_tokens += feed.length - cached;
  const saved = { position: sequence.position, tensors: await sequence.save() };
  return { sequence, saved, cached, sampler: primed.state(), resumed: { fed: feed.length, reply: [], logits } };
}
