/** Turn events, made again from what is known of a turn: every reader receives the same ones, whenever it comes. */
import type { StartEvent, TurnEvent, TurnRequest } from "../../src/api/shared/turn.ts";
import { callsIn } from "../../src/constrain/reply/announce.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { ReplyText } from "../../src/dialogue/reply-text.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import { textEnds } from "../turn/reply-options.ts";
import { type KnownTurn, RunningTurn } from "../turn/running-turn.ts";

/** Of a stored turn, all at once. `ids`: of the whole turn. */
export function knownTurn(turn: StoredTurn, object: string, ids: Uint32Array): KnownTurn & { start: StartEvent } {
  const { id, parent, request, createdMs, model, fingerprint, origin: state, end, error, promptCount } = turn;
  const reply = [...ids.subarray(promptCount)];
  const index = reply.length + 1;
  const calls = callsIn(request);
  return {
    start: {
      type: "start",
      key: `${object}${id}`,
      createdMs,
      model,
      fingerprint,
      state,
      ...(calls ? { calls } : {}),
      ...(turn.recalled ? { recalled: turn.recalled } : {}),
      ...(end ? { promptTokens: end.usage.promptTokens, cachedTokens: end.usage.cachedTokens } : {}),
      reference: { conversation: request.conversation ?? null, turn: id, parent },
    },
    ids: reply,
    logprobs: turn.logprobs,
    last: error ? { type: "failed", index, error } : end && { type: "end", index, text: turn.reply ?? "", ...end },
  };
}

/**
 * Whether the ids of a turn that another pack has ended give its text here too, as they do
 * where the packs have one tokenizer.
 */
function readsAlike({ ids, last }: KnownTurn, served: Served, request: TurnRequest): boolean {
  const text = new ReplyText(served, textEnds(request));
  const said = ids.map((id) => text.push(id)).join("") + text.rest();
  return last?.type === "end" && last.text === said;
}

/**
 * Follows a running turn until it is over. A turn that was lost has no last event. `read` hears how far the reader is.
 */
export async function* turnEvents(
  turn: KnownTurn,
  served: Served,
  request: TurnRequest,
  read: (tokens: number) => void = () => {},
): AsyncGenerator<TurnEvent, void, void> {
  const running = turn instanceof RunningTurn ? turn : undefined;
  if (running) await running.until(() => running.start !== undefined || running.over);
  if (!turn.start) return;
  yield turn.start;
  if (turn.start.fingerprint !== served.fingerprint && !readsAlike(turn, served, request)) {
    // The ids say nothing here, but the text is known.
    if (turn.last) yield turn.last;
    return;
  }
  const text = new ReplyText(served, textEnds(request));
  let prefill: RunningTurn["prefill"];
  for (let index = 1; ; ) {
    if (index <= turn.ids.length) {
      const id = turn.ids[index - 1]!;
      const logprob = turn.logprobs?.[index - 1];
      yield { type: "token", index, id, text: text.push(id), ...(logprob ? { logprob } : {}) };
      read(index++);
    } else if (turn.last) {
      const last = turn.last;
      if (last.type !== "end") return yield last;
      const rest = text.rest();
      return yield { ...last, text: rest, ...(text.met === undefined ? {} : { stopSequence: text.met }) };
    } else if (running && !running.lost) {
      if (running.prefill && running.prefill !== prefill) {
        prefill = running.prefill;
        yield { type: "progress", ...prefill };
      } else await running.next();
    } else return;
  }
}
