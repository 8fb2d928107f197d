/**
 * rivulet/client: a typed client of a Rivulet server, for Node, browsers and Workers.
 *
 * ```ts
 * const rivulet = new Rivulet({ url: "http://127.0.0.1:8787" });
 * for await (const event of rivulet.ask({ conversation: "mine", text: "My name is Ada." }))
 *   if (event.type === "text") process.stdout.write(event.text);
 * ```
 */
import { Failure } from "../core/failure.ts";
import { Conversations } from "./conversations.ts";
import { Prefixes } from "./prefixes.ts";
import { pause, type ReplyEvent, replyTo } from "./reply.ts";
import { Server, Unreachable } from "./server.ts";
import { Streams } from "./streams.ts";
import { fedTokens, type Message, type Timings, type Usage } from "./turns.ts";

export { ConversationTree, rootOf } from "./conversation-tree.ts";
export type { Prefix, PrefixOptions } from "./prefixes.ts";
export type { ChatRequest, Following, ReplyEvent, ReplySource } from "./reply.ts";
export { replyTo } from "./reply.ts";
export type { Call } from "./server.ts";
export type {
  Forecast,
  GivenValue,
  RefusedValues,
  StreamAlert,
  StreamEvent,
  StreamInfo,
  StreamOptions,
  TakenValue,
  TakenValues,
} from "./streams.ts";
export type { Conversation, Message, ModelCard, Timings, Turn, TurnStatus, Usage } from "./turns.ts";
export { Conversations, Failure, fedTokens, Prefixes, Server, Streams, Unreachable };

export interface RivuletOptions {
  /** Where the server is; a path in it is kept, so a mounted server is named with its mount. */
  url: string;
  apiKey?: string;
  /** How long a lost connection is tried again. */
  patienceMs?: number;
}

export interface Ask {
  /** Any name of 1 to 256 visible ASCII characters. It is begun when it is not there. */
  conversation: string;
  /** The user's message. */
  text?: string;
  /** In place of `text`: only what is new, the server has the rest. */
  messages?: Message[];
  /** What a new conversation begins with: a text computed before, by its name. */
  prefix?: string;
  temperature?: number;
  topP?: number;
  seed?: number;
  maxTokens?: number;
  responseFormat?: object;
  signal?: AbortSignal;
}

export interface Answer {
  text: string;
  /** Why it ended: `stop`, `length`. */
  reason: string;
  usage?: Usage;
  timings?: Timings;
}

export class Rivulet {
  readonly server: Server;
  readonly conversations: Conversations;
  readonly prefixes: Prefixes;
  readonly streams: Streams;
  readonly #patienceMs: number;
  #model: string | undefined;

  constructor({ url, apiKey, patienceMs = 120_000 }: RivuletOptions) {
    this.server = new Server(url, apiKey);
    this.conversations = new Conversations(this.server);
    this.prefixes = new Prefixes(this.server);
    this.streams = new Streams(this.server);
    this.#patienceMs = patienceMs;
  }

  /** The served model's name. Fails with `model_unknown` where none is served. */
  async model(): Promise<string> {
    this.#model ??= (await this.conversations.model())?.id;
    if (this.#model === undefined) throw new Failure("model_unknown", `${this.server.url}: serves no model`);
    return this.#model;
  }

  /** Asks, and gives the events of the answer as they come, through lost connections and restarts of the server. */
  async *ask({ signal = new AbortController().signal, ...asked }: Ask): AsyncGenerator<ReplyEvent> {
    const { conversation, text, messages, prefix, temperature, topP, seed, maxTokens, responseFormat } = asked;
    const said = messages ?? (text === undefined ? [] : [{ role: "user", content: text }]);
    if (said.length === 0)
      throw new Failure("request_invalid", "text: expected a message, got none", { param: "text" });
    const request = {
      model: await this.model(),
      conversation,
      messages: said,
      ...(prefix === undefined ? {} : { prefix }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { top_p: topP }),
      ...(seed === undefined ? {} : { seed }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      ...(responseFormat === undefined ? {} : { response_format: responseFormat }),
    };
    const wait = (ms: number, until: AbortSignal, lostMs: number) => {
      if (lostMs > this.#patienceMs) throw new Unreachable(`${this.server.url}: the server did not come back`);
      return pause(ms, until);
    };
    yield* replyTo(this.server, { request }, { signal, wait });
  }

  /** Asks, and resolves to the whole answer. */
  async answer(asked: Ask): Promise<Answer> {
    let text = "";
    for await (const event of this.ask(asked)) {
      if (event.type === "text") text += event.text;
      else if (event.type === "end") {
        const { type: _, ...end } = event;
        return { text, ...end };
      }
    }
    throw new Unreachable(`${this.server.url}: the answer has no end`);
  }
}
