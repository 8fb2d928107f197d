/**
 * ChatSession: one conversation of a server, and where in it we stand. The server keeps
 * all of it; here is only its name.
 */

import { ConversationTree, rootOf } from "../client/conversation-tree.ts";
import { Conversations } from "../client/conversations.ts";
import { documentName, documentText, messageWith, type NamedText, titleOfDocument } from "../client/documents.ts";
import { type Prefix, Prefixes } from "../client/prefixes.ts";
import { pause, type ReplyEvent, replyTo } from "../client/reply.ts";
import { type Server, Unreachable } from "../client/server.ts";
import type { Conversation, Message, Turn } from "../client/turns.ts";
import { check, Failure } from "../core/failure.ts";

interface ChatSettings {
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
  readonly #prefixes: Prefixes;
  readonly conversations: Conversations;
  /** Read before the conversation begins. */
  #prefix: string | undefined;
  /** Goes with the next message of a conversation that has begun. */
  #document: NamedText | undefined;
  /** Undefined until the first message, when none was named. */
  id: string | undefined;
  /** The conversation that is known to have turns. */
  #begun: string | undefined;
  #model = "";

  constructor(server: Server, settings: ChatSettings) {
    this.#server = server;
    this.#settings = settings;
    this.conversations = new Conversations(this.#server);
    this.#prefixes = new Prefixes(this.#server);
  }

  /** The served model's name. */
  async connect(): Promise<string> {
    const model = await this.conversations.model();
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
    const path = new ConversationTree(turns).path(here?.id ?? null);
    this.#begun = path.length > 0 ? id : undefined;
    return path;
  }

  /** Whether anything was said in it. */
  hasBegun = async (): Promise<boolean> => this.id !== undefined && (await this.path()).length > 0;

  /**
   * Where the next message begins a conversation, the document is read now, once; else it goes with the next message.
   */
  async attach(document: NamedText, onProgress: (prefix: Prefix) => void): Promise<"read" | "sent with the message"> {
    if (await this.hasBegun()) {
      this.#document = document;
      return "sent with the message";
    }
    const { system } = this.#settings;
    const name = await documentName(document, system);
    await this.#prefixes.compute(name, documentText(document, system), { onProgress });
    this.#prefix = name;
    return "read";
  }

  /** What the next conversation begins with; undefined asks for the model's own. */
  async beginWith(system: string | undefined): Promise<void> {
    const begun = "the conversation has begun with another; /new begins one with this";
    check(!(await this.hasBegun()), "request_invalid", () => begun);
    this.#settings.system = system;
    this.#prefix = undefined;
  }

  /** Where the words stand; in titles only, on a server that cannot search. */
  async search(words: string): Promise<Conversation[]> {
    try {
      return await this.conversations.search(words);
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.code === "request_invalid")) throw thrown;
      const wanted = words.toLowerCase();
      return (await this.list()).filter(({ metadata }) => metadata.title?.toLowerCase().includes(wanted));
    }
  }

  /** Newest first; forks stand under the conversation they came from. */
  list = (): Promise<Conversation[]> => this.conversations.list();

  /** Goes on from the first `turns` turns in a conversation of its own. */
  async fork(turns: number): Promise<void> {
    this.id = (await this.conversations.fork(this.#named(), await this.#turnAt(turns))).id;
    this.#begun = turns > 0 ? this.id : undefined;
  }

  /** Takes back all but the first `turns` turns. */
  async rewind(turns: number): Promise<void> {
    await this.conversations.rewind(this.#named(), await this.#turnAt(turns));
    if (turns === 0) this.#begun = undefined;
  }

  async rename(title: string): Promise<void> {
    const { metadata } = await this.conversations.get(this.#named());
    await this.conversations.rename(this.#named(), { ...metadata, title });
  }

  /**
   * Sends a message; the events of its answer, to the end. `anew`: the turns before it were deleted elsewhere,
   * and it was given without them.
   */
  async *say(content: string, signal: AbortSignal): AsyncGenerator<ReplyEvent | { type: "anew" }> {
    const { system, temperature, maxTokens, patienceMs } = this.#settings;
    const document = this.#document;
    const messages: Message[] = [{ role: "user", content: document ? messageWith(document, content) : content }];
    const fresh = this.id === undefined;
    const prefix = this.#prefix;
    if (system !== undefined && prefix === undefined && !(await this.hasBegun()))
      messages.unshift({ role: "system", content: system });
    const title = titleOf(prefix === undefined ? content : `${titleOfDocument(prefix)}: ${content}`);
    if (fresh) {
      this.id = (await this.conversations.create({ title }, prefix)).id;
      this.#prefix = undefined;
    }
    const hasPast = this.#begun !== undefined && this.#begun === this.id;
    const request = {
      model: this.#model,
      conversation: this.id!,
      messages,
      // One that was named with --session, and has no turns yet.
      ...(!fresh && prefix !== undefined ? { prefix } : {}),
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    };
    const wait = (ms: number, until: AbortSignal, lostMs: number) => {
      if (lostMs > patienceMs) throw new Unreachable("the server did not come back");
      return pause(ms, until);
    };
    for await (const event of replyTo(this.#server, { request }, { signal, wait })) {
      // Until the server has the message, what goes with it waits for the next try.
      if (event.type === "accepted") {
        this.#document = undefined;
        this.#prefix = undefined;
      }
      yield event;
    }
    if (hasPast && (await this.#isAnew())) yield { type: "anew" };
    this.#begun = this.id;
  }

  /**
   * The server begins a conversation anew where there is none of its name. Whoever cannot be told
   * that has the answer all the same.
   */
  async #isAnew(): Promise<boolean> {
    const conversation = await this.conversations.get(this.#named()).catch(() => undefined);
    return conversation?.rivulet.turns === 1;
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
