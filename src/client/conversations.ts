/** Conversations: list, tree, fork, rewind, rename, delete, export and import. */
import { Failure } from "../core/failure.ts";
import type { Server } from "./server.ts";
import type { Conversation, ModelCard, Turn } from "./turns.ts";

interface Page<T> {
  data: T[];
  has_more?: boolean;
  last_id?: string | null;
}

const PAGE_ITEMS = 100;
const at = (id: string, rest = ""): string => `/v1/conversations/${encodeURIComponent(id)}${rest}`;

export class Conversations {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Every model that is served; the first is the one that is meant where none is named. */
  models = async (): Promise<ModelCard[]> => (await this.#server.json<Page<ModelCard>>("/v1/models")).data;

  model = async (): Promise<ModelCard | undefined> => (await this.models())[0];

  /** Newest first, at most `max`. */
  list = (max = 500): Promise<Conversation[]> => this.#all("/v1/conversations?order=desc&", max);

  /** Those in whose titles or turns the words stand, best first. */
  search = async (words: string): Promise<Conversation[]> =>
    (await this.#server.json<Page<Conversation>>(`/v1/conversations?limit=50&query=${encodeURIComponent(words)}`)).data;

  /** Every turn of the conversation tree, oldest first. */
  turns = async (id: string): Promise<Turn[]> =>
    (await this.#all<Turn>(at(id, "/turns?all=true&"), 10_000)).map((turn) => ({ ...turn, reply: textOf(turn.reply) }));

  /** `prefix`: a shared prefix that it begins with. */
  create = (metadata: Record<string, string>, prefix?: string): Promise<Conversation> =>
    this.#server.json("/v1/conversations", { body: { metadata, ...(prefix === undefined ? {} : { prefix }) } });

  get = (id: string): Promise<Conversation> => this.#server.json(at(id));

  rename = (id: string, metadata: Record<string, string>): Promise<Conversation> =>
    this.#server.json(at(id), { body: { metadata } });

  /** A new conversation that stands at `turn`. */
  fork = (id: string, turn: string | null): Promise<Conversation> =>
    this.#server.json(at(id, "/fork"), { body: { turn } });

  rewind = (id: string, turn: string | null): Promise<Conversation & { recompute_tokens: number }> =>
    this.#server.json(at(id, "/rewind"), { body: { turn } });

  async delete(id: string): Promise<void> {
    await this.#server.open(at(id), { method: "DELETE" });
  }

  export = async (id: string): Promise<Blob> => (await this.#server.open(at(id, "/export"))).blob();

  /** Under the name that it had, or under a new one where that is taken. */
  async import(file: Blob): Promise<Conversation> {
    const call = { body: file, headers: { "content-type": "application/vnd.rivulet.conversation" } };
    try {
      return await this.#server.json("/v1/conversations/import", call);
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.code === "conversation_conflict")) throw thrown;
      const id = `conv_${crypto.randomUUID().replaceAll("-", "")}`;
      return this.#server.json(`/v1/conversations/import?id=${id}`, call);
    }
  }

  /** `path` ends where the first of its own parameters would begin. */
  async #all<T>(path: string, max: number): Promise<T[]> {
    const found: T[] = [];
    let after = "";
    while (found.length < max) {
      const page = await this.#server.json<Page<T>>(`${path}limit=${PAGE_ITEMS}${after}`);
      found.push(...page.data);
      if (!page.has_more || !page.last_id) break;
      after = `&after=${encodeURIComponent(page.last_id)}`;
    }
    return found;
  }
}

/** A reply is text, or a message around it. */
function textOf(reply: unknown): string {
  if (typeof reply === "string") return reply;
  const content = (reply as { content?: unknown } | null)?.content;
  return typeof content === "string" ? content : "";
}
