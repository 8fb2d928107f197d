/** StoredTurn: a turn that is over, as its row keeps it. */
import type { ErrorBody } from "../../src/api/shared/error-body.ts";
import type { EndEvent, LoggedToken, Recalled, StateOrigin, TurnRequest } from "../../src/api/shared/turn.ts";
import type { Said } from "./passages.ts";

export type TurnStatus = "completed" | "incomplete" | "cancelled" | "failed";

/** A turn's place in the tree and in the token log. */
export interface TurnNode {
  id: string;
  parent: string | null;
  /** Turns on the path to it, itself included. */
  depth: number;
  createdMs: number;
  status: TurnStatus;
  /** Tokens of the path before it, tokens that its state holds, and tokens of the path with it. */
  start: number;
  position: number;
  logged: number;
  /** Forgotten by its owner; kept for the turns that follow it. */
  hidden: boolean;
}

/** What else is known of a turn. */
export interface TurnRecord {
  /** As it was asked; its messages are those that were new. */
  request: TurnRequest;
  /** SHA-256 of the request as it came, where an idempotency key stands for it. */
  digest?: string;
  fingerprint: string;
  /**
   * The first digits of the SHA-256 of the pack's tokenizer and chat template, which say what the ids mean.
   * Absent: of an earlier release.
   */
  tokenizer?: string;
  template?: string;
  /** The name that it was served under. */
  model: string;
  origin: StateOrigin;
  /** What was quoted to the model before the question, and lies in the turn's ids. Absent: recall was off. */
  recalled?: Recalled[];
  /** Null: messages that ask for no reply. */
  reply: string | null;
  /** Of its ids, the first are the prompt's. */
  promptCount: number;
  logprobs?: LoggedToken[];
  end?: Omit<EndEvent, "type" | "index" | "text">;
  error?: ErrorBody["error"];
  /** Chained hash of every message up to the one before the reply, and up to the reply. */
  asked: string;
  history: string;
  messageCount: number;
  hasSystem: boolean;
  /** Digest of the tools that the model has read of last, where it has (`toolsKnown` of announce.ts). */
  toolsKnown?: string;
  /** The log ends with the token that ends a reply. */
  closed: boolean;
  generator: number[];
  /**
   * Of the state that was written with the row (`stateTag` of codec.ts). Absent: none was,
   * or an earlier release wrote it.
   */
  stateTag?: string;
}

export type StoredTurn = TurnNode & TurnRecord;

/** What was said in a turn: instructions are of its request only. */
export function saidIn({ request, reply }: Pick<StoredTurn, "request" | "reply">): Said {
  const instructions = request.reply.echo?.instructions;
  const [first, ...rest] = request.messages;
  const isSaid = first?.role !== "system" || first.content !== instructions;
  return { messages: isSaid ? request.messages : rest, reply };
}

/** Whether it brought something to go on from. */
export const movesOn = ({ status, logged, start }: StoredTurn): boolean => status !== "failed" && logged > start;
