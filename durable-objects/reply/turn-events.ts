/** tell: a turn's events, made again from what is known of it. Whoever asks, and whenever, is told the same. */
import type { TurnEvent } from "../../src/api/shared/turn.ts";
import { callsIn } from "../../src/constrain/reply/announce.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { ReplyText } from "../../src/dialogue/reply-text.ts";
import type { StoredTurn } from "../storage/turn-tree.ts";
import { Live, type Told } from "../turn/running-turn.ts";

/** Of a stored turn, all at once. `ids`: of the whole turn. */
export function toldOf(turn: StoredTurn, object: string, ids: Uint32Array): Told {
  const { id, parent, request, createdMs, model, fingerprint, origin: state, end, error, promptCount } = turn;
  const reply = [...ids.subarray(promptCount)];
  const index = reply.length + 1;
  const calls = callsIn(request);
  return {
    start: {
      ...{ type: "start", key: `${object}${id}`, createdMs, model, fingerprint, state },
      ...(calls ? { calls } : {}),
      ...(turn.recalled ? { recalled: turn.recalled } : {}),
      place: { conversation: request.conversation ?? null, turn: id, parent },
    },
    ids: reply,
    logprobs: turn.logprobs,
    last: error ? { type: "failed", index, error } : end && { type: "end", index, text: turn.reply ?? "", ...end },
  };
}

/** Follows a live turn until it is over; of one that was lost there is no last event. `read` is told how far the reader is. */
export async function* tell(
  told: Told,
  served: Served,
  { stop }: { stop: readonly string[] },
  read: (tokens: number) => void = () => {},
): AsyncGenerator<TurnEvent, void, void> {
  const live = told instanceof Live ? told : undefined;
  if (live) await live.until(() => live.start !== undefined || live.over);
  if (!told.start) return;
  yield told.start;
  if (told.start.fingerprint !== served.fingerprint) {
    // Another model's ids say nothing here, but the text is known.
    if (told.last) yield told.last;
    return;
  }
  const text = new ReplyText(served, { stop });
  let work: Live["work"];
  for (let index = 1; ; ) {
    if (index <= told.ids.length) {
      const id = told.ids[index - 1]!;
      const logprob = told.logprobs?.[index - 1];
      yield { type: "token", index, id, text: text.push(id), ...(logprob ? { logprob } : {}) };
      read(index++);
    } else if (told.last) {
      const last = told.last;
      return yield last.type === "end" ? { ...last, text: text.rest() } : last;
    } else if (live && !live.lost) {
      if (live.work && live.work !== work) {
        work = live.work;
        yield { type: "progress", ...work };
      } else await live.next();
    } else return;
  }
}
