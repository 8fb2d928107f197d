/** plan: everything about a turn that can be known, and refused, before the model runs. */
import { DEFAULT_MAX_TOKENS, type TurnRequest } from "../src/api/turn.ts";
import { announce } from "../src/constrain/announce.ts";
import { constraintFor } from "../src/constrain/constraint-for.ts";
import { check, Failure } from "../src/core/failure.ts";
import type { Served } from "../src/dialogue/load.ts";
import type { ReplyOptions } from "../src/dialogue/reply.ts";
import { greedy, type Sampling } from "../src/engine/sampling.ts";
import type { Store, StoredTurn } from "./store.ts";
import { type Continuation, continuation } from "./transcript.ts";

export interface Plan {
  /** The last turns whose states are kept, newest first; empty at the beginning of a conversation. */
  recent: StoredTurn[];
  story: Continuation;
  /** Ids of the log that the state does not hold yet: the end of the last reply. */
  pending: number[];
  /** Ids of the new messages, up to where the reply begins. */
  prompt: number[];
  options: ReplyOptions;
}

/** Fails with `not_found`, `model_changed`, `conversation_conflict` or `context_length_exceeded`. */
export function plan(request: TurnRequest, served: Served, store: Store): Plan {
  const recent = request.persistent ? recentTurns(request, served, store) : [];
  const [last] = recent;
  const story = continuation(last, request.messages);
  const pending = last ? [...store.ids(last.position, last.logged)] : [];
  const messages = announce(story.fresh, request);
  const prompt = last
    ? served.prompt.append({ hasSystem: last.hasSystem, closed: last.closed }, messages)
    : served.prompt.start(messages);
  const tokens = (last?.logged ?? 0) + prompt.length;
  const { topLogprobs } = request;
  const constraint = constraintFor(request, served.codec, served.manifest.generation.eos);
  const options = {
    sampling: samplingOf(request, served),
    maxTokens: maxTokensOf(request, tokens, served.backend.contextLength),
    stop: request.stop,
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(constraint ? { constraint } : {}),
  };
  return { recent, story, pending, prompt, options };
}

function recentTurns({ tenant }: TurnRequest, { fingerprint }: Served, store: Store): StoredTurn[] {
  const identity = store.identity();
  if (!identity) return [];
  // Another tenant's conversation does not exist.
  check(identity.owner === tenant, "not_found", () => "no such conversation", "conversation");
  const changed =
    "this conversation's state belongs to another model or another version of it; begin a new conversation";
  check(identity.fingerprint === fingerprint, "model_changed", () => changed, "conversation");
  return store.recent();
}

/** The prompt must leave room for a token; the reply ends where the context does. */
function maxTokensOf({ maxTokens = DEFAULT_MAX_TOKENS }: TurnRequest, tokens: number, contextLength: number): number {
  if (tokens < contextLength) return Math.min(maxTokens, contextLength - tokens);
  const message = `messages: ${tokens} tokens with what the conversation holds, the model takes ${contextLength} with its reply`;
  throw new Failure("context_length_exceeded", message, { param: "messages" });
}

function samplingOf(request: TurnRequest, { manifest }: Served): Sampling {
  const { logitBias, ...asked } = request.sampling;
  const { temperature, topP, topK, repetitionPenalty } = manifest.generation;
  const stated = Object.entries({ temperature, topP, topK, repetitionPenalty }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...greedy, ...Object.fromEntries(stated), ...asked, logitBias: new Map(logitBias ?? []) };
}
