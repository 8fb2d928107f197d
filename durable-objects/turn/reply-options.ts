/** replyOptions: how an accepted turn is to be answered: sampling, form, and the bounds of model and pack. */
import type { LoggedToken, TurnRequest } from "../../src/api/shared/turn.ts";
import { checkReply } from "../../src/constrain/check/reply-check.ts";
import type { HeldSchema } from "../../src/constrain/constraint.ts";
import { constraintFor } from "../../src/constrain/constraint-for.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { inSlices } from "../../src/core/work.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { type ReplyOptions, type TokenLogprob, yieldToEvents } from "../../src/dialogue/reply.ts";
import { ReplyText } from "../../src/dialogue/reply-text.ts";
import type { TextEnds } from "../../src/dialogue/text-ends.ts";
import { packSampling, type Sampling } from "../../src/sampling/sampling.ts";
import type { Accepted } from "../storage/journal.ts";

/** The prompt must leave room for a token. */
export function checkRoom(tokens: number, contextLength: number, param = "messages"): void {
  if (tokens < contextLength) return;
  const message = `${param}: this model's maximum context length is ${contextLength} tokens, with the reply; ${tokens} came with what the conversation holds`;
  throw new Failure("context_length_exceeded", message, { param });
}

/**
 * What a request without a conversation has to compute before its reply must be done in one invocation,
 * since nothing keeps it where it would pause. `advice`: how the caller gets a reply all the same. Fails
 * with `context_length_exceeded`.
 */
export function checkAtOnce(
  tokens: number,
  tokensLeft: number,
  { param = "messages", advice = 'Name a "conversation": its turns may take longer' } = {},
): void {
  if (tokens < tokensLeft) return;
  const message = `${param}: without a conversation at most ${tokensLeft} tokens are computed for one request; ${tokens} came that no earlier one left. ${advice}`;
  throw new Failure("context_length_exceeded", message, { param });
}

/** What one request may bring at once, also where a bounded cache lets the conversation go on without end. */
export function checkBrought(tokens: number, { contextLength }: Served["manifest"], param = "messages"): void {
  if (tokens < contextLength) return;
  const message = `${param}: this model's maximum context length is ${contextLength} tokens for one request with its reply; ${tokens} came; longer texts go to /v1/prefixes`;
  throw new Failure("context_length_exceeded", message, { param });
}

type OfReply = "request" | "start" | "promptCount" | "grantedReply";

/**
 * What is left of the day's tokens must do for the prompt, of which `tokens` are computed, and a token of the reply.
 * Fails with `rate_limit_exceeded` before anything is computed.
 */
export function checkGranted(tokens: number, granted = Number.POSITIVE_INFINITY, nowMs = Date.now()): void {
  if (tokens <= granted) return;
  const message = `tokens_per_day: ${granted} are left today beside what turns that run may take, and ${tokens} would be computed for this prompt and the first token of its reply; GET /v1/usage shows what is used`;
  const afterSeconds = Math.ceil((DAY_MS - (nowMs % DAY_MS)) / 1000);
  throw new Failure("rate_limit_exceeded", message, { param: "tokens_per_day", afterSeconds });
}
const DAY_MS = 24 * 60 * 60_000;

/** The reply ends where the context does, or where the day's tokens do. Preparing a form takes its time in slices. */
export async function replyOptions(
  { request, start, promptCount, grantedReply = Infinity }: Pick<Accepted, OfReply>,
  served: Served,
): Promise<ReplyOptions> {
  const { topLogprobs, maxTokens = left(served, promptCount) } = request;
  const constraint = await constraintFor(request, served.codec, served.manifest.generation.eos);
  return {
    sampling: withPackDefaults(request, served),
    maxTokens: request.feedOnly
      ? 0
      : Math.min(maxTokens, served.backend.contextLength - start - promptCount, grantedReply),
    ...textEnds(request),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(constraint ? { constraint } : {}),
  };
}

/**
 * Where a bounded cache lets a conversation go on without end, one request and its reply have the
 * model's context to themselves.
 */
const left = ({ manifest }: Served, promptCount: number): number => Math.max(1, manifest.contextLength - promptCount);

/**
 * Checks of a whole reply what its form was not held to while it was written, and says whether there was anything to
 * check. Failure `schema_unmet` when the reply does not satisfy its schema: nothing goes on from such a turn.
 */
export async function checkForm(
  ids: readonly number[],
  request: TurnRequest,
  served: Served,
  schemas: readonly HeldSchema[] = [],
): Promise<boolean> {
  if (schemas.length === 0) return false;
  const text = new ReplyText(served, textEnds(request));
  const content = ids.map((id) => text.push(id)).join("") + text.rest();
  const { checked, unmet } = await inSlices(checkReply(content, request, schemas), yieldToEvents);
  const message = () =>
    `${unmet}: the reply does not satisfy the schema, some keywords of which can only be checked afterwards; try again, or send strict: true, which refuses such keywords and names them`;
  check(unmet === undefined, "schema_unmet", message, unmet);
  return checked;
}

/** What the request says of where its reply's text ends. Every place that makes text of a reply's ids asks this. */
export const textEnds = ({ stop }: TurnRequest): TextEnds => ({ stop, ignoreEos: false });

/** How a request's ids are chosen: what it says, and what the pack says where it is silent. */
export function withPackDefaults(request: TurnRequest, { manifest }: Served): Sampling {
  const { logitBias, ...asked } = request.sampling;
  return { ...packSampling(manifest.generation), ...asked, logitBias: new Map(logitBias ?? []) };
}

/**
 * A token's log probability and its alternatives, as they are sent and stored: by the bytes that the tokens show as.
 */
export function loggedToken({ id, logprob, top }: TokenLogprob, { codec }: Served): LoggedToken {
  const bytes = (token: number) => [...codec.tokenBytes(token)];
  return { bytes: bytes(id), logprob, top: top.map((other) => ({ bytes: bytes(other.id), logprob: other.logprob })) };
}
