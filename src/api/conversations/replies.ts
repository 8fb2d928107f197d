/** Replies of /v1/conversations, made of what an object shows of its heads and turns. */
import * as z from "zod";
import "../shared/openapi.ts";
import type { CallPlace } from "../../constrain/reply/call-parser.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import { MAIN } from "../shared/ids.ts";
import { recalledReply, recallField, shownRecall } from "../shared/recall.ts";
import type { Recalled, RecallMode } from "../shared/turn.ts";
import { timingsReply } from "../shared/usage.ts";
import { hitReply } from "./search.ts";

const count = z.int().min(0);
const turn = z.string().openapi({ example: "0123456789abcdef" });

export const conversationReply = z
  .strictObject({
    id: z.string(),
    object: z.literal("conversation"),
    created_at: z.int(),
    metadata: z.record(z.string(), z.string()),
    rivulet: z.strictObject({
      model: z.string().nullable(),
      turn: turn
        .nullable()
        .openapi({ description: "The turn that the conversation stands at; null at the beginning." }),
      turns: count,
      tokens: count,
      state_bytes: count,
      expires_at: z.int().nullable(),
      forked_from: z.strictObject({ conversation: z.string().nullable(), turn: turn.nullable() }).nullable(),
      prefix: z.string().nullable(),
      recall: recallField.optional(),
    }),
    hits: z.array(hitReply).optional().openapi({ description: "In a search: the passages that match." }),
    recompute_tokens: count.optional().openapi({
      description: "After a rewind: how many tokens the next turn computes again; 0 if the state is kept.",
    }),
  })
  .openapi("Conversation");

/** A head, as its object shows it. */
export interface HeadView {
  conversation: string | null;
  createdMs: number;
  metadata: Record<string, string>;
  expiresMs: number | null;
  forkedFrom: { conversation: string | null; turn: string | null } | null;
  prefix: string | null;
  /** Absent: `auto`. */
  recall?: RecallMode;
  model: string | null;
  turn: string | null;
  /** Turns and tokens along its path; bytes of its state. */
  turns: number;
  tokens: number;
  stateBytes: number;
  recomputeTokens?: number;
}

export function shownConversation(id: string, head: HeadView): z.infer<typeof conversationReply> {
  const { createdMs, metadata, expiresMs, forkedFrom, prefix, model, turn: at, turns, tokens, stateBytes } = head;
  return {
    id,
    object: "conversation",
    created_at: Math.floor(createdMs / 1000),
    metadata,
    rivulet: {
      model,
      turn: at,
      turns,
      tokens,
      state_bytes: stateBytes,
      expires_at: expiresMs === null ? null : Math.floor(expiresMs / 1000),
      forked_from: forkedFrom && { conversation: forkedFrom.conversation, turn: forkedFrom.turn },
      prefix,
      recall: shownRecall(head.recall ?? "auto"),
    },
    ...(head.recomputeTokens === undefined ? {} : { recompute_tokens: head.recomputeTokens }),
  };
}

const message = z.looseObject({ role: z.string(), content: z.string() });

export const turnReply = z
  .strictObject({
    id: turn,
    object: z.literal("turn"),
    parent: turn.nullable(),
    response_id: z.string(),
    created_at: z.int(),
    status: z.string(),
    messages: z.array(message),
    reply: z.string().nullable(),
    usage: z.strictObject({ prompt_tokens: count, cached_tokens: count, completion_tokens: count }).nullable(),
    timings: timingsReply.nullable(),
    recalled: recalledReply.optional(),
    error: z.looseObject({ code: z.string() }).nullable(),
    state_kept: z.boolean(),
    conversations: z.array(z.string()).openapi({ description: "The conversations that stand at this turn." }),
  })
  .openapi("Turn");

/** A turn, as its object shows it. */
export interface TurnView {
  id: string;
  parent: string | null;
  createdMs: number;
  status: string;
  messages: Message[];
  /** Null: messages that asked for none. */
  reply: string | null;
  /** Calls of tools may stand in the reply. */
  calls?: CallPlace;
  /** What follows it costs only its own tokens. */
  stateKept: boolean;
  usage: { promptTokens: number; cachedTokens: number; completionTokens: number } | null;
  timings: z.infer<typeof timingsReply> | null;
  /** Lines quoted to the model before the question; absent where recall was off. */
  recalled?: Recalled[];
  error: { code: string; message: string } | null;
  /** Heads that stand at it. */
  heads: string[];
}

/** `object`: its name; `root`: the conversation that the family began as. */
export function shownTurn(view: TurnView, object: string, root: string): z.infer<typeof turnReply> {
  const { id, parent, createdMs, status, messages, reply, stateKept, usage, timings, error, heads } = view;
  return {
    id,
    object: "turn",
    parent,
    response_id: `resp_${object}${id}`,
    created_at: Math.floor(createdMs / 1000),
    status,
    messages: messages.map(({ callId, ...said }) => ({ ...said, ...(callId ? { tool_call_id: callId } : {}) })),
    reply,
    usage: usage && {
      prompt_tokens: usage.promptTokens,
      cached_tokens: usage.cachedTokens,
      completion_tokens: usage.completionTokens,
    },
    timings,
    ...(view.recalled ? { recalled: view.recalled } : {}),
    error: error && { ...error },
    state_kept: stateKept,
    conversations: heads.map((head) => (head === MAIN ? root : `${root}~${head}`)),
  };
}

export const listOf = (entry: z.ZodType, name: string) =>
  z
    .strictObject({
      object: z.literal("list"),
      data: z.array(entry),
      first_id: z.string().nullable(),
      last_id: z.string().nullable(),
      has_more: z.boolean(),
    })
    .openapi(name);

export function list<T extends { id: string }>(data: T[], hasMore: boolean) {
  return {
    object: "list" as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

export const removed = (object: string) =>
  z.strictObject({ id: z.string(), object: z.literal(object), deleted: z.literal(true) });
