/** finished: the row of a turn that has ended, from what was accepted and what came of it. */

import type { ErrorBody } from "../../src/api/shared/error-body.ts";
import type { EndEvent, FinishReason, LoggedToken } from "../../src/api/shared/turn.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { ReplyText } from "../../src/dialogue/reply-text.ts";
import type { Accepted } from "../storage/journal.ts";
import type { StoredTurn, TurnStatus } from "../storage/stored-turn.ts";
import { chain } from "./match-history.ts";
import { textEnds } from "./reply-options.ts";

const statusOf: Record<FinishReason, TurnStatus> = { stop: "completed", length: "incomplete", cancelled: "cancelled" };

interface Outcome {
  reply: readonly number[];
  logprobs: LoggedToken[] | undefined;
  /** Tokens that its state holds. */
  position: number;
  generator: number[];
}

/** What a turn's last event says, apart from its text, which is made from the ids. */
type End = Omit<EndEvent, "type" | "index" | "text">;

export function endOf(
  accepted: Accepted,
  reason: FinishReason,
  tokens: number,
  timings: End["timings"],
  isSchemaChecked = false,
): End {
  const { start, promptCount, cachedTokens } = accepted;
  const usage = { promptTokens: start + promptCount, cachedTokens, completionTokens: tokens };
  return { reason, usage, timings, completedMs: Date.now(), ...(isSchemaChecked ? { schemaChecked: true } : {}) };
}

/** A turn without a token leaves nothing to go on from: it adds nothing to the log. */
export function finished(accepted: Accepted, served: Served, outcome: Outcome, end: End): StoredTurn {
  const { reply, position, generator, logprobs } = outcome;
  const text = new ReplyText(served, textEnds(accepted.request));
  const content = reply.map((id) => text.push(id)).join("") + text.rest();
  if (accepted.request.feedOnly) return fed(accepted, position, end);
  const isEmpty = reply.length === 0;
  const lasting = accepted.lasting?.length ?? accepted.promptCount;
  return {
    ...common(accepted),
    status: statusOf[end.reason],
    position,
    logged: accepted.start + (isEmpty ? 0 : lasting + reply.length),
    promptCount: isEmpty ? 0 : lasting,
    reply: content,
    ...(logprobs ? { logprobs } : {}),
    end,
    history: chain(accepted.asked, { role: "assistant", content }),
    messageCount: accepted.messageCount + 1,
    closed: served.manifest.generation.eos.includes(reply.at(-1) ?? -1),
    generator,
  };
}

/**
 * The same with what is known only once its state is bytes. `stateTag`: of the state that is written with it; a turn
 * that asked for no reply tells none.
 */
export const withState = (turn: StoredTurn, end: End, stateTag: string | undefined): StoredTurn => ({
  ...turn,
  end,
  ...(stateTag === undefined || turn.reply === null ? {} : { stateTag }),
});

/**
 * The row of a turn that asked for no reply. It hands on no generator, so that each conversation that begins
 * with it draws numbers of its own.
 */
function fed(accepted: Accepted, position: number, end: End): StoredTurn {
  const isWhole = end.reason !== "cancelled";
  return {
    ...common(accepted),
    status: isWhole ? "completed" : "cancelled",
    position: isWhole ? position : accepted.start,
    logged: accepted.start + (isWhole ? accepted.promptCount : 0),
    promptCount: isWhole ? accepted.promptCount : 0,
    reply: null,
    end,
    history: accepted.asked,
    messageCount: accepted.messageCount,
    closed: false,
    generator: [],
  };
}

/** The row of a failed turn. No turn can follow it; its tokens are kept so that its client can see what came. */
export function failed(accepted: Accepted, reply: readonly number[], error: ErrorBody["error"]): StoredTurn {
  return {
    ...common(accepted),
    status: "failed",
    position: 0,
    logged: accepted.start + accepted.promptCount + reply.length,
    promptCount: accepted.promptCount,
    reply: "",
    error,
    history: accepted.asked,
    messageCount: accepted.messageCount,
    closed: false,
    generator: [],
  };
}

function common(accepted: Accepted) {
  const { id, parent, depth, createdMs, start, request, digest, fingerprint, origin, asked, hasSystem } = accepted;
  const where = { id, parent, depth, createdMs, start, hidden: false };
  const { recalled, toolsKnown, tokenizer, template } = accepted;
  const what = {
    request,
    ...(recalled ? { recalled } : {}),
    ...(toolsKnown === undefined ? {} : { toolsKnown }),
    ...(digest === undefined ? {} : { digest }),
    fingerprint,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(template === undefined ? {} : { template }),
    model: request.model,
    origin,
  };
  return { ...where, ...what, asked, hasSystem };
}
