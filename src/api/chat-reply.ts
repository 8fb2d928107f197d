/** ChatReply: a turn as /v1/chat/completions speaks: one `chat.completion`, or `chat.completion.chunk` objects. */
import { Failure } from "../core/failure.ts";
import type { ReplyEncoder, WireEvent } from "./reply-encoder.ts";
import type { EndEvent, LoggedToken, ReplyForm, StartEvent, TokenEvent, TurnEvent, TurnUsage } from "./turn.ts";

type FailedEvent = Extract<TurnEvent, { type: "failed" }>;

export const usageOf = ({ promptTokens, cachedTokens, completionTokens }: TurnUsage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

/** A turn that its client left has no one to read its reason; OpenAI has no word for it. */
const reasonOf = (end: EndEvent) => (end.reason === "cancelled" ? "length" : end.reason);

function logprobOf({ top, ...chosen }: LoggedToken) {
  const entry = ({ bytes, logprob }: Omit<LoggedToken, "top">) => ({
    token: new TextDecoder().decode(Uint8Array.from(bytes)),
    logprob,
    bytes,
  });
  return { ...entry(chosen), top_logprobs: top.map(entry) };
}

export class ChatReply implements ReplyEncoder {
  readonly #includeUsage: boolean;
  readonly #content: string[] = [];
  readonly #logprobs: object[] = [];
  #start: StartEvent | undefined;
  #end: EndEvent | FailedEvent | undefined;

  constructor({ includeUsage }: Pick<ReplyForm, "includeUsage">) {
    this.#includeUsage = includeUsage;
  }

  events(event: TurnEvent): WireEvent[] {
    switch (event.type) {
      case "start":
        this.#start = event;
        return [{ id: 0, data: this.#chunk({ delta: { role: "assistant", content: "" } }) }];
      case "token":
        return this.#token(event);
      case "end":
        return this.#last(event);
      case "failed":
        this.#end = event;
        return [{ id: event.index, data: { error: event.error } }, { data: "[DONE]" }];
      default:
        return [];
    }
  }

  whole(): object {
    const end = this.#end;
    if (end?.type === "failed") throw Failure.from(end.error);
    return {
      ...this.#frame("chat.completion"),
      ...(end ? {} : { status: "in_progress" }),
      choices: end ? [this.#choice(end)] : [],
      ...(end ? { usage: usageOf(end.usage), timings: end.timings } : {}),
      ...this.#place(),
    };
  }

  #choice(end: EndEvent) {
    return {
      index: 0,
      message: { role: "assistant", content: this.#content.join(""), refusal: null },
      logprobs: this.#logprobs.length > 0 ? { content: this.#logprobs, refusal: null } : null,
      finish_reason: reasonOf(end),
    };
  }

  /** Nothing when the token completes no text and reports nothing else. */
  #token({ index, text, logprob }: TokenEvent): WireEvent[] {
    this.#content.push(text);
    const content = logprob ? [logprobOf(logprob)] : [];
    this.#logprobs.push(...content);
    if (text === "" && !logprob) return [];
    const choice = {
      delta: text === "" ? {} : { content: text },
      ...(logprob ? { logprobs: { content, refusal: null } } : {}),
    };
    return [{ id: index, data: this.#chunk(choice) }];
  }

  #last(end: EndEvent): WireEvent[] {
    this.#end = end;
    this.#content.push(end.text);
    const chunks: object[] = end.text === "" ? [] : [this.#chunk({ delta: { content: end.text } })];
    chunks.push({
      ...this.#chunk({ delta: {}, finish_reason: reasonOf(end) }),
      timings: end.timings,
      ...this.#place(),
    });
    if (this.#includeUsage)
      chunks.push({ ...this.#frame("chat.completion.chunk"), choices: [], usage: usageOf(end.usage) });
    return [...chunks.map((data, i) => ({ id: end.index + i, data })), { data: "[DONE]" }];
  }

  #frame(object: string) {
    const { key, createdMs, model, fingerprint } = this.#start!;
    return {
      id: `chatcmpl-${key}`,
      object,
      created: Math.floor(createdMs / 1000),
      model,
      system_fingerprint: `fp_${fingerprint.slice(0, 16)}`,
    };
  }

  #place = () => (this.#start?.place ? { rivulet: this.#start.place } : {});

  #chunk(choice: { delta: object; finish_reason?: string; logprobs?: object }) {
    return {
      ...this.#frame("chat.completion.chunk"),
      choices: [{ index: 0, logprobs: null, finish_reason: null, ...choice }],
      ...(this.#includeUsage ? { usage: null } : {}),
    };
  }
}
