/** Replies of /v1/chat/completions: one object, or chunks of a stream. Built from a turn's events. */
import type { TokenLogprob } from "../dialogue/reply.ts";
import type { TurnEvent, TurnUsage } from "./turn.ts";

type Start = Extract<TurnEvent, { type: "start" }>;
type Token = Extract<TurnEvent, { type: "token" }>;
type End = Extract<TurnEvent, { type: "end" }>;

const frame = (start: Start, object: string) => ({
  id: start.id,
  object,
  created: Math.floor(start.createdMs / 1000),
  model: start.model,
  system_fingerprint: `fp_${start.fingerprint.slice(0, 16)}`,
});

const usageOf = ({ promptTokens, cachedTokens, completionTokens }: TurnUsage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

/** A turn that its client left has no one to read its reason; OpenAI has no word for it. */
const reasonOf = (end: End) => (end.reason === "cancelled" ? "length" : end.reason);

function logprobOf({ id, logprob, top }: TokenLogprob, bytesOf: Token["bytesOf"]) {
  const entry = (token: number, value: number) => {
    const bytes = bytesOf(token);
    return { token: new TextDecoder().decode(bytes), logprob: value, bytes: [...bytes] };
  };
  return { ...entry(id, logprob), top_logprobs: top.map((other) => entry(other.id, other.logprob)) };
}

/** Encodes one turn as `chat.completion.chunk` objects. */
export class ChatChunks {
  readonly #start: Start;
  readonly #includeUsage: boolean;

  constructor(start: Start, includeUsage: boolean) {
    this.#start = start;
    this.#includeUsage = includeUsage;
  }

  first = () => this.#chunk({ delta: { role: "assistant", content: "" } });

  /** Nothing when the token completes no text and reports nothing else. */
  token({ text, logprob, bytesOf }: Token) {
    if (text === "" && !logprob) return undefined;
    return this.#chunk({
      delta: text === "" ? {} : { content: text },
      ...(logprob ? { logprobs: { content: [logprobOf(logprob, bytesOf)], refusal: null } } : {}),
    });
  }

  *last(end: End) {
    if (end.text !== "") yield this.#chunk({ delta: { content: end.text } });
    yield { ...this.#chunk({ delta: {}, finish_reason: reasonOf(end) }), timings: end.timings };
    if (this.#includeUsage)
      yield { ...frame(this.#start, "chat.completion.chunk"), choices: [], usage: usageOf(end.usage) };
  }

  #chunk(choice: { delta: object; finish_reason?: string; logprobs?: object }) {
    return {
      ...frame(this.#start, "chat.completion.chunk"),
      choices: [{ index: 0, logprobs: null, finish_reason: null, ...choice }],
      ...(this.#includeUsage ? { usage: null } : {}),
    };
  }
}

/** One `chat.completion` object. */
export function chatCompletion(start: Start, content: string, tokens: readonly Token[], end: End) {
  const logprobs = tokens.flatMap(({ logprob, bytesOf }) => (logprob ? [logprobOf(logprob, bytesOf)] : []));
  return {
    ...frame(start, "chat.completion"),
    choices: [
      {
        index: 0,
        message: { role: "assistant", content, refusal: null },
        logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
        finish_reason: reasonOf(end),
      },
    ],
    usage: usageOf(end.usage),
    timings: end.timings,
  };
}
