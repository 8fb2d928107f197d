/** What begins an answer: a message at the end, an edited one beside a turn, the same once more. */
import { batch } from "@preact/signals";
import type { Family } from "../src/client/family.ts";
import type { Message, Turn } from "../src/client/turns.ts";
import { follow, leaveAnswer } from "./answer.ts";
import { api, attempt, conversations, family, inAddress, leaf, model, opened, outdate } from "./store.ts";

const TITLE_MAX = 60;
/** Stands for a turn's id until the server has given one. */
const UNNAMED = "…";

/** Sends a message at the end of the shown path. */
export const send = (text: string): Promise<void> => ask(leaf.value, [{ role: "user", content: text }]);

/** Asks the same again, or an edited message instead: a branch beside the turn. */
export const askInstead = (turn: Turn, messages: Message[] = turn.messages): Promise<void> =>
  ask(family.value.get(turn.parent) ? turn.parent : null, messages);

const ask = (after: string | null, messages: Message[]): Promise<void> =>
  attempt(async () => {
    leaveAnswer();
    outdate();
    const known = family.value.without(UNNAMED);
    const parent = after === UNNAMED ? (family.value.get(UNNAMED)?.parent ?? null) : after;
    const turn: Turn = {
      id: UNNAMED,
      parent,
      response_id: "",
      created_at: Date.now() / 1000,
      status: "running",
      messages,
      reply: "",
      usage: null,
      timings: null,
      conversations: [],
    };
    batch(() => {
      family.value = known.with(turn);
      leaf.value = turn.id;
    });
    await follow(turn, async () => {
      model.value ??= await api.model();
      const conversation = await headAt(known, parent, messages);
      return { question: { model: model.value?.id ?? "", conversation, messages }, conversation };
    });
  });

/** The conversation that stands at this turn: a new one for a new page, a fork where none does. */
async function headAt(known: Family, parent: string | null, messages: Message[]): Promise<string> {
  const here = known.get(parent)?.conversations[0];
  if (here !== undefined) return here;
  if (opened.value !== null && known.turns.length > 0) return (await api.fork(opened.value, parent)).id;
  if (opened.value !== null) return opened.value;
  const title = messages.at(-1)!.content.trim().replaceAll(/\s+/g, " ").slice(0, TITLE_MAX);
  const begun = await api.create({ title });
  opened.value = begun.id;
  inAddress(begun.id);
  // The server lists it from its first turn on.
  conversations.value = [begun, ...conversations.value];
  return begun.id;
}
