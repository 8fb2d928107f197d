/** ChatSession: one conversation of a server, and where in it we stand. The server keeps all of it; here is only its name. */
import { Conversations } from "../client/conversations.ts";
import { Family, rootOf } from "../client/family.ts";
import { pause, type ReplyEvent, replyTo } from "../client/reply.ts";
import { Server, Unreachable } from "../client/server.ts";
import type { Conversation, Message, Turn } from "../client/turns.ts";
import { check, Failure } from "../core/failure.ts";

export interface ChatSettings {
  /** What a new conversation begins with. */
  system?: string;
  temperature?: number;
  maxTokens?: number;
  /** How long a lost connection is tried again. */
  patienceMs: number;
}

const TITLE_MAX = 60;

export class ChatSession {
  readonly #server: Server;
  readonly #settings: ChatSettings;
  readonly conversations: Conversations;
  /** Undefined until the first message, when none was named. */
  id: string | undefined;
  #model = "";

  constructor(url: string, key: string | undefined, settings: ChatSettings) {
    this.#server = new Server(url, key);
    this.#settings = settings;
    this.conversations = new Conversations(this.#server);
  }

  /** The served model's name. Fails with `request_invalid` where no server answers: the URL is the user's. */
  async connect(): Promise<string> {
    const model = await this.conversations.model().catch((thrown) => {
      if (!(thrown instanceof Unreachable)) throw thrown;
      throw new Failure("request_invalid", `${thrown.message}; start one with npm start`, { cause: thrown });
    });
    check(model, "model_unknown", () => `${this.#server.url}: serves no model`);
    this.#model = model.id;
    return model.id;
  }

  /** Turns from the first to where we stand. */
  async path(): Promise<Turn[]> {
    const { id } = this;
    if (id === undefined) return [];
    const turns = await this.conversations.turns(rootOf(id)).catch((thrown: unknown) => {
      // A name that no message was sent under yet.
      if (thrown instanceof Failure && thrown.code === "not_found") return [];
      throw thrown;
    });
    const here = turns.find(({ conversations }) => conversations.includes(id));
    return new Family(turns).path(here?.id ?? null);
  }

  /** Newest first; forks stand under the conversation they came from. */
  list = (): Promise<Conversation[]> => this.conversations.list();

  /** Goes on from the first `turns` turns in a conversation of its own. */
  async fork(turns: number): Promise<void> {
    this.id = (await this.conversations.fork(this.#named(), await this.#turnAt(turns))).id;
  }

  /** Takes back all but the first `turns` turns. */
  async rewind(turns: number): Promise<void> {
    await this.conversations.rewind(this.#named(), await this.#turnAt(turns));
  }

  async rename(title: string): Promise<void> {
    const { metadata } = await this.conversations.get(this.#named());
    await this.conversations.rename(this.#named(), { ...metadata, title });
  }

  /** Sends a message; the events of its answer, to the end. */
  async *say(content: string, signal: AbortSignal): AsyncGenerator<ReplyEvent> {
    const { system, temperature, maxTokens, patienceMs } = this.#settings;
    const messages: Message[] = [{ role: "user", content }];
    const fresh = this.id === undefined;
    if (system !== undefined && (fresh || (await this.path()).length === 0))
      messages.unshift({ role: "system", content: system });
    if (fresh) this.id = (await this.conversations.create({ title: titleOf(content) })).id;
    const question = {
      model: this.#model,
      conversation: this.id!,
      messages,
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    };
    const wait = (ms: number, until: AbortSignal, lostMs: number) => {
      if (lostMs > patienceMs) throw new Unreachable("the server did not come back");
      return pause(ms, until);
    };
    yield* replyTo(this.#server, { question }, { signal, wait });
  }

  /** Ends an answer where it stands. */
  async cancel(response: string): Promise<void> {
    await this.#server.open(`/v1/chat/completions/${response}/cancel`, { method: "POST" });
  }

  #named(): string {
    check(this.id !== undefined, "request_invalid", () => "the conversation has no turns yet");
    return this.id;
  }

  /** The last of the first `turns` turns; null for none. */
  async #turnAt(turns: number): Promise<string | null> {
    const path = await this.path();
    check(turns >= 0 && turns <= path.length, "request_invalid", () => `expected a turn from 0 to ${path.length}`);
    return path[turns - 1]?.id ?? null;
  }
}

const titleOf = (content: string): string => content.trim().replaceAll(/\s+/g, " ").slice(0, TITLE_MAX);
