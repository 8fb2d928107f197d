/** plan: everything about a turn that can be known, and refused, before the model runs. */
import { newTurnId } from "../../src/api/shared/ids.ts";
import type { Recalled, TurnRequest } from "../../src/api/shared/turn.ts";
import { announce, toolsKnown } from "../../src/constrain/reply/announce.ts";
import { Failure } from "../../src/core/failure.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { inSlices } from "../../src/core/work.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { preludeTokens } from "../../src/dialogue/prelude.ts";
import { yieldToEvents } from "../../src/dialogue/round-robin.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import { beforeQuestion } from "../recall/brought.ts";
import { quotePast, recallTokens } from "../recall/quote-past.ts";
import { workerSenses } from "../recall/worker-senses.ts";
import { digestOf } from "../storage/idempotency.ts";
import type { Accepted, PlannedTurn } from "../storage/journal.ts";
import { renewCodes } from "../storage/older-codes.ts";
import { partsOf } from "./another-pack.ts";
import { chainAll } from "./match-history.ts";
import type { PlacedRequest } from "./place-request.ts";
import { knownTo, promptOf, unanswered } from "./prompt-of.ts";
import { checkBrought, checkRoom } from "./reply-options.ts";
import { truncated } from "./truncated.ts";

/** Hex digits: 16. From the key where there is one, so that a repeated request finds its turn. */
export const turnIdOf = ({ id, idempotencyKey }: Pick<TurnRequest, "id" | "idempotencyKey">): string =>
  idempotencyKey === undefined ? (id ?? newTurnId()) : sha256(`turn\n${idempotencyKey}`).slice(0, 16);

/** What a repeated request must have in common with the first; what the day left for either is not its caller's. */
export const turnDigest = (request: TurnRequest): string => digestOf({ ...request, grantedTokens: undefined });

/**
 * `isCounted`: the prompt is counted and not read, however long it is. `areItems`: the messages are added to
 * a conversation as its history.
 * Fails with `context_length_exceeded`, or as a template refuses its messages.
 */
export function plan(
  { request, store, tip, moved, story: told, recall }: PlacedRequest,
  id: string,
  served: Served,
  { isCounted = false, areItems = false } = {},
): PlannedTurn {
  // Items that are added to a conversation are its history, system messages too; those of a
  // request hold for that request.
  const story = areItems ? { ...told, fresh: request.messages, aside: [] } : told;
  const { parent, history } = story;
  const instructions = [...(request.instructions ?? []), ...story.aside];
  const lasting = (fresh: Message[], quoted: readonly Recalled[] = []): number[] => {
    const { base, messages } = unanswered(store, parent, fresh);
    if (messages.length === 0 && request.generate === false) return [];
    return promptOf(request, served, base, announce(messages, request, knownTo(base)), quoted);
  };
  const encode = (fresh: Message[], quoted: readonly Recalled[] = []): number[] =>
    instructed(instructions, fresh, (messages) => lasting(messages, quoted));
  const start = parent?.logged ?? 0;
  const { backend, manifest } = served;
  const room = Math.min(backend.contextLength - start, manifest.contextLength);
  const { messages: fresh, prompt: plain } = request.truncate
    ? truncated(story.fresh, room - Math.min(request.maxTokens ?? 1, room >> 2), encode)
    : { messages: story.fresh, prompt: encode(story.fresh) };
  const field = request.reply.object === "response" ? "input" : "messages";
  if (!isCounted) checkRoom(start + plain.length, backend.contextLength, field);
  if (!request.feedOnly && !isCounted) checkBrought(plain.length, manifest, field);
  const bound = recallTokens(request, recall);
  const maxTokens = bound && Math.min(bound, room - plain.length - 1);
  const last = unanswered(store, parent, fresh);
  const search = { store, ...last, served, maxTokens, senses: workerSenses };
  const { prompt, ...quoted } = quotePast(search, plain, (lines) => encode(fresh, lines), id);
  const { instructions: _, grantedTokens: __, ...kept } = request;
  const known = toolsKnown(last.messages, request, knownTo(last.base));
  const prelude = parent ? 0 : preludeTokens(served.prelude, prompt);
  const accepted: Accepted = {
    id,
    parent: parent?.id ?? null,
    depth: (parent?.depth ?? 0) + 1,
    // Never before its parent's, whatever the clock does.
    createdMs: Math.max(Date.now(), (parent?.createdMs ?? -1) + 1),
    request: { ...kept, messages: fresh },
    ...(request.idempotencyKey === undefined ? {} : { digest: turnDigest(request) }),
    fingerprint: served.fingerprint,
    ...partsOf(served),
    seed: request.seed ?? (moved || !parent?.generator.length ? entropy() : null),
    origin: parent ? (moved ? "forked" : "resumed") : "new",
    start,
    cachedTokens: 0,
    rebuiltTokens: 0,
    promptCount: prompt.length,
    ...(prelude > 0 ? { prelude } : {}),
    ...quoted,
    ...(request.persistent && instructions.length > 0 ? { lasting: lasting(fresh, quoted.recalled) } : {}),
    asked: chainAll(history, fresh),
    messageCount: (parent?.messageCount ?? 0) + fresh.length,
    ...(known === undefined ? {} : { toolsKnown: known }),
    hasSystem: (parent?.hasSystem ?? false) || fresh.some(({ role }) => role === "system"),
    attempts: 0,
  };
  const opening = () => commonIds(prompt, encode(withoutQuestion(fresh)));
  return { accepted, prompt: Uint32Array.from(prompt), tip, opening };
}

/**
 * The same, with codes of this release: where the question meets some that an earlier encoder made of what was said,
 * they are made anew, and then it is planned once more. So what is quoted depends on the branch alone, as it does
 * without an upgrade. `pause` lets others have their turn; it may throw.
 */
export async function planAhead(
  placed: PlacedRequest,
  id: string,
  served: Served,
  { isCounted = false, pause = yieldToEvents } = {},
): Promise<PlannedTurn> {
  const { store, story } = placed;
  const passages = store?.tree.passages;
  if (passages) passages.hasMetOlder = false;
  const planned = plan(placed, id, served, { isCounted });
  if (!passages?.hasMetOlder || !story.parent) return planned;
  await inSlices(renewCodes(store!, story.parent, workerSenses), pause);
  return plan(placed, id, served, { isCounted });
}

/** What recall would look through that the request itself brings, if it is on. */
export const broughtMessages = ({ request, story, recall }: PlacedRequest): Message[] =>
  recallTokens(request, recall) === undefined ? [] : beforeQuestion(story.fresh);

/** What many requests have in common: the messages of the system that they begin with, and another question. */
function withoutQuestion(messages: readonly Message[]): Message[] {
  const end = messages.findIndex(({ role }) => role !== "system");
  return [...messages.slice(0, end < 0 ? messages.length : end), { role: "user", content: "" }];
}

function commonIds(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((id, n) => id !== b[n]);
  return differs < 0 ? a.length : differs;
}

/**
 * The prompt with instructions before the new messages: as system messages at that place or, for a template that takes
 * none there, as the beginning of the first new message.
 */
function instructed(instructions: Message[], fresh: Message[], encode: (messages: Message[]) => number[]): number[] {
  if (instructions.length === 0) return encode(fresh);
  try {
    return encode([...instructions, ...fresh]);
  } catch (thrown) {
    const [first, ...others] = fresh;
    if (Failure.from(thrown).code !== "request_invalid" || !first) throw thrown;
    const content = [...instructions, first].map((one) => one.content).join("\n\n");
    return encode([{ ...first, content }, ...others]);
  }
}

/** 53 bits. */
const entropy = (): number => Number(crypto.getRandomValues(new BigUint64Array(1))[0]! >> 11n);
