/** A seeded dialogue over HTTP, and what a server says it holds afterwards. */
import { Broken, TurnClient } from "./turn-client.ts";

export interface Dialogue {
  model: string;
  conversation: string;
  turns: number;
  maxTokens: number;
  seed: number;
}

export interface Told {
  text: string;
  reason: string | undefined;
}

const subjects = [
  "the sea",
  "a red house",
  "winter",
  "an old clock",
  "bread",
  "the moon",
  "a river",
  "music",
  "stones",
  "glass",
];

/** Sampled, so that a generator that lost its state shows as surely as a model that did. */
export const turnOf = ({ model, conversation, maxTokens, seed }: Dialogue, n: number, more: object = {}): TurnClient =>
  new TurnClient({
    key: `${conversation}-${n}`,
    body: {
      model,
      conversation,
      messages: [{ role: "user", content: `Turn ${n + 1}: tell me about ${subjects[(n + seed) % subjects.length]}.` }],
      max_tokens: maxTokens,
      temperature: 0.8,
      seed: seed * 1000 + n,
      ...more,
    },
  });

export const toldOf = ({ text, reason }: TurnClient): Told => ({ text, reason });

/** The dialogue without any fault. */
export async function undisturbed(url: string, dialogue: Dialogue): Promise<Told[]> {
  const told: Told[] = [];
  for (let n = 0; n < dialogue.turns; n++) {
    const client = turnOf(dialogue, n);
    const outcome = await client.connect(url);
    if (outcome !== "finished") throw new Broken(`turn ${n + 1} without faults is ${outcome}: ${client.broken}`);
    told.push(toldOf(client));
  }
  return told;
}

interface StoredTurn {
  id: string;
  parent: string | null;
  status: string;
  reply: { content: string } | string | null;
  messages: { role: string; content: string }[];
}

/** The turns that the server holds, oldest first. */
export async function storedTurns(
  url: string,
  { conversation }: Pick<Dialogue, "conversation">,
): Promise<StoredTurn[]> {
  const response = await fetch(`${url}/v1/conversations/${conversation}/turns?limit=100`);
  const body = (await response.json()) as { data: StoredTurn[] };
  if (!response.ok) throw new Broken(`turns: ${response.status} ${JSON.stringify(body)}`);
  return body.data;
}

export async function servedModel(url: string): Promise<string> {
  const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
  return data[0]!.id;
}
