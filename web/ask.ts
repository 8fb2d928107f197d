/** What begins an answer: a message at the end, an edited one beside a turn, the same once more. */
import { batch } from "@preact/signals";
import type { ConversationTree } from "../src/client/conversation-tree.ts";
import { messageWith, titleOfDocument } from "../src/client/documents.ts";
import type { Message, Turn } from "../src/client/turns.ts";
import { type Fate, follow, leaveAnswer } from "./answer.ts";
import { readDocument } from "./documents.ts";
import { draft, sendDraft } from "./drafts.ts";
import { forgetSystem, METADATA_KEY, requestSettings, type Settings, samplingText, settings } from "./settings.ts";
import { api, attempt, conversations, inAddress, leaf, models, opened, outdate, path, tree, UNNAMED } from "./store.ts";

const TITLE_MAX = 60;

/** How a conversation that is not there yet begins. */
interface Beginning {
  settings: Settings;
  /** Gives the shared prefix, when it is read. */
  document?: () => Promise<string>;
  /** In place of the first words. */
  title?: string;
}

/** Sends the draft at the end of the shown path. */
export function send(): Promise<void> {
  const isNew = path.peek().length === 0 && opened.peek() === null;
  const chosen = settings.peek();
  const fate = sendDraft();
  const { text, attachment, document } = fate.draft;
  const said = text.trim();
  if (!isNew) {
    const content = attachment ? messageWith(attachment, said) : said;
    return ask(leaf.peek(), [{ role: "user", content }], { settings: chosen }, fate);
  }
  const messages = [{ role: "user", content: said }];
  if (attachment) {
    const beginning = {
      settings: chosen,
      title: attachment.name,
      document: () => readDocument(attachment, chosen.system),
    };
    return ask(null, messages, beginning, fate);
  }
  if (document !== undefined) {
    const beginning = { settings: chosen, title: titleOfDocument(document), document: async () => document };
    return ask(null, messages, beginning, fate);
  }
  if (chosen.system) messages.unshift({ role: "system", content: chosen.system });
  return ask(null, messages, { settings: chosen }, fate);
}

/** Whether there is anything to send. */
export const isSendable = (): boolean => draft.value.text.trim() !== "";

/** Asks the same again, or an edited message instead: a branch beside the turn. */
export const askInstead = (turn: Turn, messages: Message[] = turn.messages): Promise<void> =>
  ask(turn.parent, messages, { settings: settings.peek() });

const ask = (after: string | null, messages: Message[], beginning: Beginning, fate?: Fate): Promise<void> =>
  attempt(async () => {
    leaveAnswer();
    outdate();
    const known = tree.value.without(UNNAMED);
    const parent = after === UNNAMED ? (tree.value.get(UNNAMED)?.parent ?? null) : after;
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
      tree.value = known.with(turn);
      leaf.value = turn.id;
    });
    const asks = async () => {
      if (models.value.length === 0) models.value = await api.models();
      const conversation = await headAt(known, parent, messages, beginning, fate);
      const model = modelOf(conversation, beginning.settings);
      return { request: { model, conversation, messages, ...requestSettings(beginning.settings) }, conversation };
    };
    await follow(turn, asks, fate);
  });

/** A conversation stays with the model that it began with. */
function modelOf(conversation: string, { model }: Settings): string {
  const begun = conversations.value.find(({ id }) => id === conversation)?.rivulet.model ?? model;
  return models.value.find(({ id }) => id === begun)?.id ?? models.value[0]?.id ?? "";
}

/** The conversation that stands at this turn: a new one for a new page, a fork where none does. */
async function headAt(
  known: ConversationTree,
  parent: string | null,
  messages: Message[],
  beginning: Beginning,
  fate: Fate | undefined,
): Promise<string> {
  const here = known.get(parent)?.conversations[0];
  if (here !== undefined) return here;
  if (opened.value !== null && known.turns.length > 0) return (await api.fork(opened.value, parent)).id;
  if (opened.value !== null) return opened.value;
  const prefix = await beginning.document?.();
  const words = messages.at(-1)!.content.trim().replaceAll(/\s+/g, " ");
  const title = (beginning.title === undefined ? words : `${beginning.title}: ${words}`).slice(0, TITLE_MAX);
  const begun = await api.create({ title, [METADATA_KEY]: samplingText(beginning.settings) }, prefix);
  fate?.named(begun.id);
  opened.value = begun.id;
  inAddress(begun.id);
  forgetSystem();
  // The server lists it from its first turn on.
  conversations.value = [begun, ...conversations.value];
  return begun.id;
}
