/**
 * replyTo: asks for an answer and follows it to its end, through lost connections and restarts of the server.
 *
 * Events carry the number of their token, so what comes after a break is exactly what is missing. Before the first
 * event the request itself is sent again, with the key that makes the server know it.
 */
import { Failure, failures } from "../core/failure.ts";
import { serverEvents } from "./event-source.ts";
import { type Server, Unreachable } from "./server.ts";
import type { Message, Timings, Usage } from "./turns.ts";

export interface ChatRequest {
  model: string;
  conversation: string;
  messages: Message[];
  /** A shared prefix that a new conversation begins with. */
  prefix?: string;
  temperature?: number;
  top_p?: number;
  top_k?: number;
  min_p?: number;
  repetition_penalty?: number;
  seed?: number;
  max_tokens?: number;
  response_format?: object;
}

/** What a reply comes from: a request that is sent, or a response that is followed from its start. */
export type ReplySource = { request: ChatRequest } | { response: string };

export type ReplyEvent =
  | { type: "accepted"; response: string; turn: string }
  | { type: "progress"; done: number; total: number }
  | { type: "text"; text: string }
  | { type: "lost"; attempt: number; retryMs: number }
  | { type: "back" }
  | { type: "end"; reason: string; usage?: Usage; timings?: Timings };

export interface Following {
  signal: AbortSignal;
  /**
   * Resolves when it is time to try again, at the latest after `ms`; rejects to give up.
   * `lostMs`: since the last event.
   */
  wait(ms: number, signal: AbortSignal, lostMs: number): Promise<void>;
  /** Called for each connection: a signal that tells when it is known to be dead. */
  broken?(): AbortSignal;
}

interface Chunk {
  id?: string;
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    prompt_tokens_details?: { cached_tokens?: number };
  } | null;
  timings?: Timings;
  progress?: { done: number; total: number };
  error?: { code: string; message: string };
}

const FIRST_WAIT_MS = 400;
const WAIT_MAX_MS = 10_000;

export async function* replyTo(
  server: Server,
  source: ReplySource,
  { signal, wait, broken }: Following,
): AsyncGenerator<ReplyEvent> {
  const key = crypto.randomUUID();
  let response = "response" in source ? source.response : undefined;
  let last = 0;
  let attempt = 0;
  let heardMs = performance.now();
  const end: { reason: string; usage?: Usage; timings?: Timings } = { reason: "" };

  const open = (signal: AbortSignal): Promise<Response> => {
    if (response !== undefined || !("request" in source)) {
      return server.open(`/v1/chat/completions/${response}?stream=true&starting_after=${last}`, { signal });
    }
    const body = {
      ...source.request,
      stream: true,
      stream_options: { include_usage: true, include_progress: true },
      background: true,
    };
    return server.open("/v1/chat/completions", { body, headers: { "idempotency-key": key }, signal });
  };

  for (;;) {
    const dead = broken?.();
    const connected = dead ? AbortSignal.any([signal, dead]) : signal;
    try {
      const { status, body } = await open(connected);
      if (attempt > 0) yield { type: "back" };
      // Nothing is left of a finished reply.
      if (status === 204 || !body) return yield { type: "end", ...end };
      for await (const { id, data } of serverEvents(body, connected)) {
        attempt = 0;
        heardMs = performance.now();
        if (data === "[DONE]") return yield { type: "end", ...end };
        const chunk = JSON.parse(data) as Chunk;
        if (chunk.error) throw Failure.from(chunk.error);
        if (chunk.id !== undefined && response === undefined) {
          response = chunk.id;
          yield { type: "accepted", response, turn: turnOf(response) };
        }
        if (chunk.progress) yield { type: "progress", ...chunk.progress };
        const [choice] = chunk.choices ?? [];
        if (choice?.delta?.content) yield { type: "text", text: choice.delta.content };
        if (choice?.finish_reason) end.reason = choice.finish_reason;
        if (chunk.timings) end.timings = chunk.timings;
        if (chunk.usage) end.usage = usageOf(chunk.usage);
        if (id !== undefined && id !== "") last = Number(id);
      }
      throw new Unreachable("the connection broke in the middle of the answer");
    } catch (thrown) {
      if (signal.aborted || !(dead?.aborted || mayPass(thrown))) throw thrown;
      const asks = thrown instanceof Unreachable ? thrown.retryMs : 0;
      const backOff = Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.75 + Math.random() / 2);
      attempt++;
      const retryMs = Math.round(Math.max(asks, backOff));
      yield { type: "lost", attempt, retryMs };
      await wait(retryMs, signal, performance.now() - heardMs);
    }
  }
}

/** An id of a response ends in its turn's. */
const turnOf = (response: string): string => response.slice(-16);

const mayPass = (thrown: unknown): boolean =>
  thrown instanceof Unreachable || (thrown instanceof Failure && failures[thrown.code].retry === "later");

const usageOf = ({ prompt_tokens, completion_tokens, prompt_tokens_details }: NonNullable<Chunk["usage"]>): Usage => ({
  prompt_tokens,
  completion_tokens,
  cached_tokens: prompt_tokens_details?.cached_tokens ?? 0,
});

/** Waits the whole time, unless the signal ends it. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
  });
}
