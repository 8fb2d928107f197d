/** ChatClient: one persistent session of a Rivulet server, over its OpenAI-shaped HTTP API. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { Failure } from "../core/failure.ts";

export interface ChatSettings {
  url: string;
  session: string;
  key?: string;
  temperature?: number;
  maxTokens?: number;
}

/** What a turn cost, as the server tells. */
export interface TurnReport {
  state: string;
  fed: number;
  carried: number;
  prefillMs: number;
  tokens: number;
  decodeMs: number;
}

interface Message {
  role: "system" | "user";
  content: string;
}

interface Chunk {
  choices?: { delta: { content?: string } }[];
  usage?: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } } | null;
  timings?: { state: string; prefill_tokens: number; prefill_ms: number; decode_tokens: number; decode_ms: number };
  error?: { code: string; message: string };
}

export class ChatClient {
  readonly #settings: ChatSettings;
  #model: string | undefined;

  constructor(settings: ChatSettings) {
    this.#settings = settings;
  }

  /** The served model's name. */
  async model(): Promise<string> {
    const list = (await (await this.#fetch("/v1/models")).json()) as { data: { id: string }[] };
    this.#model = list.data[0]?.id;
    if (this.#model === undefined) throw new Failure("model_unknown", `${this.#settings.url}: serves no model`);
    return this.#model;
  }

  /** Sends new messages; yields text as it comes and returns what the turn cost. */
  async *say(messages: Message[], signal: AbortSignal): AsyncGenerator<string, TurnReport | undefined, void> {
    const { session, temperature, maxTokens } = this.#settings;
    const response = await this.#fetch("/v1/chat/completions", signal, {
      model: this.#model ?? (await this.model()),
      conversation: session,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    });
    const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    let timings: Chunk["timings"];
    let usage: Chunk["usage"];
    for await (const { data } of events) {
      if (data === "[DONE]") return timings && usage ? report(timings, usage) : undefined;
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error) throw failureOf(chunk.error);
      timings = chunk.timings ?? timings;
      usage = chunk.usage ?? usage;
      const text = chunk.choices?.[0]?.delta.content;
      if (text) yield text;
    }
    throw new Failure("busy", "the connection broke in the middle of the answer");
  }

  async #fetch(path: string, signal?: AbortSignal, body?: object): Promise<Response> {
    const { url, key } = this.#settings;
    const headers = { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) };
    const init = {
      headers,
      ...(signal ? { signal } : {}),
      ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
    };
    const response = await fetch(new URL(path, url), init).catch((cause: Error) => {
      if (cause.name === "AbortError") throw cause;
      throw new Failure("request_invalid", `${url}: no server answers there; start one with npm start`, { cause });
    });
    if (response.ok) return response;
    const { error } = (await response.json().catch(() => ({}))) as Chunk;
    throw error
      ? failureOf(error)
      : new Failure("request_invalid", `${url}: expected a Rivulet server, got status ${response.status}`);
  }
}

const failureOf = ({ code, message }: NonNullable<Chunk["error"]>): Failure => Failure.from({ code, message });

const report = (timings: NonNullable<Chunk["timings"]>, usage: NonNullable<Chunk["usage"]>): TurnReport => ({
  state: timings.state,
  fed: timings.prefill_tokens,
  carried: usage.prompt_tokens_details.cached_tokens,
  prefillMs: timings.prefill_ms,
  tokens: timings.decode_tokens,
  decodeMs: timings.decode_ms,
});
