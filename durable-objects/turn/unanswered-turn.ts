/**
 * unansweredTurn: messages that ask for no reply, as a turn. Nothing of it is computed: they are read with the next
 * turn (`unanswered` of plan.ts).
 */
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import { placeRequest } from "./place-request.ts";
import { plan } from "./plan.ts";

/**
 * `areItems`: they are added to a conversation as its history, not said in a request. Fails as a turn with them would.
 */
export function unansweredTurn(
  request: TurnRequest,
  id: string,
  served: Served,
  store: ConversationStore | undefined,
  { areItems = false } = {},
): StoredTurn {
  const { accepted } = plan(placeRequest(request, served, store), id, served, { areItems });
  const parent = accepted.parent === null ? undefined : store!.tree.require(accepted.parent);
  const { attempts: _, rebuiltTokens: __, cachedTokens: ___, seed: ____, lasting: _____, ...kept } = accepted;
  return {
    ...kept,
    model: request.model,
    status: "completed",
    hidden: false,
    reply: null,
    promptCount: 0,
    position: parent?.position ?? 0,
    logged: accepted.start,
    history: accepted.asked,
    closed: parent?.closed ?? false,
    generator: parent?.generator ?? [],
  };
}
