/**
 * Sampling of a conversation, its system prompt and its model: of one that has begun as its metadata tells, of
 * the next new one as chosen here.
 */
import { computed } from "@preact/signals";
import { systemOfDocument } from "../src/client/documents.ts";
import type { ChatRequest } from "../src/client/reply.ts";
import { kept } from "./kept.ts";
import { api, attempt, conversations, opened, path } from "./store.ts";

export interface Settings {
  /** What a new conversation begins with. */
  system?: string;
  /** Absent: the first that the server has. */
  model?: string;
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  seed?: number;
}

/** Fields of the dialog, with their bounds. */
export const dialogFields = [
  { name: "temperature", label: "Temperature", min: 0, max: 2, step: 0.05, hint: "0 always takes the likeliest word" },
  { name: "top_p", label: "Top p", min: 0, max: 1, step: 0.05, hint: "how much of the likely words may be drawn" },
  { name: "max_tokens", label: "Longest answer", min: 1, max: 100_000, step: 1, hint: "in tokens" },
  { name: "seed", label: "Seed", min: 0, max: 2 ** 31, step: 1, hint: "the same seed gives the same answer" },
] as const;

const ofNew = kept<Settings>("settings", {});

/** Where a conversation's metadata keeps them: a value there has at most 512 characters. */
export const METADATA_KEY = "settings";

const begun = computed(() => conversations.value.find(({ id }) => id === opened.value));
/** The system message that the shown conversation began with. */
export const beganWith = computed(() => {
  const said = path.value[0]?.messages.find(({ role }) => role === "system")?.content;
  return said !== undefined && begun.value?.rivulet.prefix ? systemOfDocument(said) : said;
});

export const settings = computed<Settings>(() => (opened.value === null ? ofNew.value : ofBegun()));

function ofBegun(): Settings {
  try {
    return JSON.parse(begun.value?.metadata[METADATA_KEY] ?? "{}");
  } catch {
    return {};
  }
}

/** What is written to the metadata of a conversation that begins. */
export const samplingText = ({ system: _, ...sampling }: Settings): string => JSON.stringify(sampling);

export const choose = (next: Settings): Promise<void> =>
  attempt(async () => {
    const id = opened.peek();
    if (id === null) {
      ofNew.value = next;
      return;
    }
    const { metadata } = await api.get(id);
    const changed = await api.rename(id, { ...metadata, [METADATA_KEY]: samplingText(next) });
    conversations.value = conversations.value.map((other) => (other.id === id ? changed : other));
  });

/** The system prompt of the next new conversation is not the one after it. */
export const forgetSystem = (): void => {
  const { system: _, ...rest } = ofNew.peek();
  ofNew.value = rest;
};

export const requestSettings = ({ temperature, top_p, max_tokens, seed }: Settings): Partial<ChatRequest> => ({
  ...(temperature === undefined ? {} : { temperature }),
  ...(top_p === undefined ? {} : { top_p }),
  ...(max_tokens === undefined ? {} : { max_tokens }),
  ...(seed === undefined ? {} : { seed }),
});
