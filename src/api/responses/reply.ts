/**
 * ResponseReply: a turn as /v1/responses speaks: one `response` object, or its events.
 *
 * `sequence_number` counts wire events from 0 and is their id. It depends on nothing but the turn's
 * events, so a replay numbers the same.
 */
import { CallParser, type ReplyPiece } from "../../constrain/reply/call-parser.ts";
import { callId } from "../shared/ids.ts";
import { rivuletOf } from "../shared/recall.ts";
import type { ReplyEncoder, WireEvent } from "../shared/reply-encoder.ts";
import { logprobOf, schemaChecked } from "../shared/reply-parts.ts";
import type { EndEvent, FailedEvent, ReplyForm, StartEvent, TokenEvent, TurnEvent, TurnUsage } from "../shared/turn.ts";
import { type ItemStatus, type OutputEvent, ResponseOutput } from "./output.ts";

const usageOf = ({ promptTokens, cachedTokens, completionTokens }: TurnUsage) => ({
  input_tokens: promptTokens,
  input_tokens_details: { cached_tokens: cachedTokens },
  output_tokens: completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: promptTokens + completionTokens,
});

/**
 * What a response repeats of its request, as far as the request was silent. All fields of Open Responses and of OpenAI,
 * and no null where they have a number.
 */
const silent = {
  background: false,
  frequency_penalty: 0,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: "default",
  store: true,
  temperature: 1,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
};

const endings = {
  stop: ["completed", "completed"],
  length: ["incomplete", "incomplete"],
  cancelled: ["cancelled", "incomplete"],
} as const;

export class ResponseReply implements ReplyEncoder {
  readonly #echo: Record<string, unknown>;
  readonly #sampling: Record<string, unknown>;
  #output = new ResponseOutput("");
  #calls: CallParser | undefined;
  #start: StartEvent | undefined;
  #end: EndEvent | FailedEvent | undefined;
  #number = 0;

  constructor({ echo = {}, sampling }: Pick<ReplyForm, "echo" | "sampling">) {
    this.#echo = echo;
    this.#sampling = sampling
      ? {
          temperature: sampling.temperature,
          top_p: sampling.topP,
          presence_penalty: sampling.presencePenalty,
          frequency_penalty: sampling.frequencyPenalty,
        }
      : {};
  }

  events(event: TurnEvent): WireEvent[] {
    switch (event.type) {
      case "start":
        this.#start = event;
        this.#output = new ResponseOutput(event.key);
        this.#calls = event.calls && new CallParser(event.calls);
        return this.#numbered([this.#state("response.created"), this.#state("response.in_progress")]);
      case "token":
        return this.#numbered(this.#token(event));
      case "end":
        return [...this.#numbered(this.#last(event)), { data: "[DONE]" }];
      case "failed":
        return [...this.#numbered(this.#failed(event)), { data: "[DONE]" }];
      default:
        return [];
    }
  }

  whole(): object {
    const end = this.#end;
    const { key = "", createdMs = 0, model } = this.#start ?? {};
    return {
      id: `resp_${key}`,
      object: "response",
      created_at: Math.floor(createdMs / 1000),
      completed_at: this.#completedAt(),
      status: this.#status(),
      error: end?.type === "failed" ? { code: "server_error", message: end.error.message } : null,
      incomplete_details: end?.type === "end" && end.reason === "length" ? { reason: "max_output_tokens" } : null,
      model,
      output: structuredClone(this.#output.items),
      usage: end?.type === "end" ? usageOf(end.usage) : null,
      ...silent,
      ...this.#sampling,
      ...this.#echo,
      ...(end?.type === "end" ? { timings: end.timings, ...schemaChecked(end) } : {}),
      ...rivuletOf(this.#start),
    };
  }

  /** Seconds, of a response that is complete. A turn of an earlier release does not say when it ended. */
  #completedAt(): number | null {
    const end = this.#end;
    if (end?.type !== "end" || end.reason !== "stop") return null;
    return Math.floor((end.completedMs ?? this.#start!.createdMs) / 1000);
  }

  #status(): string {
    if (!this.#end) return "in_progress";
    return this.#end.type === "failed" ? "failed" : endings[this.#end.reason][0];
  }

  #token({ text, logprob }: TokenEvent): OutputEvent[] {
    const logged = logprob && logprobOf(logprob);
    return this.#calls ? this.#pieces(this.#calls.push(text), logged) : this.#output.text(text, logged);
  }

  /** A log probability goes with its token's text; those of a call's tokens have no place. */
  #pieces(pieces: readonly ReplyPiece[], logged?: object): OutputEvent[] {
    if (pieces.length === 0 && this.#calls!.calls === 0) return this.#output.text("", logged);
    const { key } = this.#start!;
    return pieces.flatMap((piece) =>
      piece.type === "text"
        ? this.#output.text(piece.text, logged)
        : piece.type === "call"
          ? this.#output.call(callId(key, piece.index), piece.name)
          : this.#output.arguments(piece.text),
    );
  }

  #last(end: EndEvent): OutputEvent[] {
    this.#end = end;
    if (end.unasked) return [this.#state("response.completed")];
    const status: ItemStatus = endings[end.reason][1];
    const rest = this.#calls
      ? this.#pieces([...this.#calls.push(end.text), ...this.#calls.flush()])
      : this.#output.text(end.text);
    const events = [...rest, ...this.#output.end(status)];
    return [...events, this.#state(`response.${status}`)];
  }

  #failed(event: FailedEvent): OutputEvent[] {
    this.#end = event;
    const { code, message, param } = event.error;
    const failure = { type: "error", code, message, param };
    return this.#start ? [...this.#output.close("incomplete"), failure, this.#state("response.failed")] : [failure];
  }

  #state = (type: string): OutputEvent => ({ type, response: this.whole() });

  #numbered = (events: OutputEvent[]): WireEvent[] =>
    events.map((event) => {
      const { type, ...fields } = event;
      const id = this.#number++;
      return { id, event: type, data: { type, sequence_number: id, ...fields } };
    });
}
