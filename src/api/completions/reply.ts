/** CompletionReply: a turn as /v1/completions speaks: `text_completion` objects, whole or in pieces. */
import { Failure } from "../../core/failure.ts";
import type { ReplyEncoder, WireEvent } from "../shared/reply-encoder.ts";
import { failedEvents, frameOf, lastEvents, logprobOf, reasonOf, usageOf } from "../shared/reply-parts.ts";
import type { EndEvent, FailedEvent, LoggedToken, ReplyForm, StartEvent, TurnEvent } from "../shared/turn.ts";

/** The legacy form of log probabilities: columns. Offsets count characters of the choice's text. */
interface Columns {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  text_offset: number[];
}

interface Choice {
  pieces: string[];
  chars: number;
  columns: Columns;
  reason: string | null;
}

const noColumns = (): Columns => ({ tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] });

function columnsOf(logged: LoggedToken, offset: number): Columns {
  const { token, logprob, top_logprobs } = logprobOf(logged);
  const top = Object.fromEntries(top_logprobs.map((other) => [other.token, other.logprob]));
  return { tokens: [token], token_logprobs: [logprob], top_logprobs: [top], text_offset: [offset] };
}

export class CompletionReply implements ReplyEncoder {
  readonly #includeUsage: boolean;
  readonly #perPrompt: number;
  readonly #choices: Choice[] = [];
  #start: StartEvent | undefined;
  #end: EndEvent | FailedEvent | undefined;

  constructor({ includeUsage, echo }: ReplyForm) {
    this.#includeUsage = includeUsage;
    this.#perPrompt = Number(echo?.n ?? 1);
  }

  events(event: TurnEvent): WireEvent[] {
    switch (event.type) {
      case "start":
        this.#start = event;
        return [];
      case "token":
        return this.#piece(event.index, event.choice, event.text, event.logprob);
      case "choice":
        return [{ id: event.index, data: this.#finish(event) }];
      case "end":
        return this.#last(event);
      case "failed":
        this.#end = event;
        return failedEvents(event);
      default:
        return [];
    }
  }

  whole(): object {
    const end = this.#end;
    if (end?.type === "failed") throw Failure.from(end.error);
    return {
      ...this.#frame(),
      ...(end ? {} : { status: "in_progress" }),
      choices: end
        ? this.#choices.map(({ pieces, columns, reason }, index) => ({
            index,
            text: pieces.join(""),
            logprobs: columns.tokens.length > 0 ? columns : null,
            finish_reason: reason,
          }))
        : [],
      ...(end ? { usage: usageOf(end.usage), timings: end.timings } : {}),
    };
  }

  /** The text of the prompt comes first where the request asks for it. */
  #choice(index: number): { choice: Choice; prompt: string } {
    const known = this.#choices[index];
    if (known) return { choice: known, prompt: "" };
    const prompt = this.#start?.prompts?.[Math.floor(index / this.#perPrompt)] ?? "";
    const choice: Choice = { pieces: [prompt], chars: prompt.length, columns: noColumns(), reason: null };
    this.#choices[index] = choice;
    return { choice, prompt };
  }

  #piece(id: number, index = 0, text = "", logged?: LoggedToken): WireEvent[] {
    const { choice, prompt } = this.#choice(index);
    const columns = logged ? columnsOf(logged, choice.chars) : undefined;
    for (const name of Object.keys(columns ?? {}) as (keyof Columns)[])
      (choice.columns[name] as unknown[]).push(...columns![name]);
    choice.pieces.push(text);
    choice.chars += text.length;
    if (prompt + text === "" && !columns) return [];
    return [{ id, data: this.#chunk({ index, text: prompt + text, logprobs: columns ?? null, finish_reason: null }) }];
  }

  #finish({ choice: index = 0, text, reason }: Pick<EndEvent, "choice" | "text" | "reason">) {
    const { choice, prompt } = this.#choice(index);
    choice.pieces.push(text);
    choice.reason = reasonOf({ reason });
    return this.#chunk({ index, text: prompt + text, logprobs: null, finish_reason: choice.reason });
  }

  #last(end: EndEvent): WireEvent[] {
    this.#end = end;
    const chunks: object[] = [{ ...this.#finish(end), timings: end.timings }];
    if (this.#includeUsage) chunks.push({ ...this.#frame(), choices: [], usage: usageOf(end.usage) });
    return lastEvents(end, chunks);
  }

  #frame = () => frameOf(this.#start!, "cmpl-", "text_completion");

  #chunk = (choice: object) => ({
    ...this.#frame(),
    choices: [choice],
    ...(this.#includeUsage ? { usage: null } : {}),
  });
}
