/** ChatReply: a turn as /v1/chat/completions speaks: one `chat.completion`, or `chat.completion.chunk` objects. */
import { Failure } from "../../core/failure.ts";
import { rivuletOf } from "../shared/recall.ts";
import type { ReplyEncoder, WireEvent } from "../shared/reply-encoder.ts";
import {
  failedEvents,
  frameOf,
  lastEvents,
  logprobOf,
  reasonOf,
  schemaChecked,
  usageOf,
} from "../shared/reply-parts.ts";
import type {
  ChoiceEvent,
  EndEvent,
  FailedEvent,
  ProgressEvent,
  ReplyForm,
  StartEvent,
  TokenEvent,
  TurnEvent,
} from "../shared/turn.ts";
import { ChatWords } from "./message-parts.ts";
import { withOlderCall } from "./older-calls.ts";

interface Choice {
  said: ChatWords;
  logprobs: object[];
  reason: string | null;
}

export class ChatReply implements ReplyEncoder {
  readonly #includeUsage: boolean;
  readonly #includeProgress: boolean;
  readonly #olderCalls: boolean;
  readonly #choices: Choice[] = [];
  #start: StartEvent | undefined;
  #end: EndEvent | FailedEvent | undefined;

  constructor({
    includeUsage,
    includeProgress,
    olderCalls,
  }: Pick<ReplyForm, "includeUsage" | "includeProgress" | "olderCalls">) {
    this.#includeUsage = includeUsage;
    this.#includeProgress = includeProgress === true;
    this.#olderCalls = olderCalls === true;
  }

  events(event: TurnEvent): WireEvent[] {
    switch (event.type) {
      case "start":
        this.#start = event;
        this.#choice(0);
        return [{ id: 0, data: this.#chunk(0, { delta: { role: "assistant", content: "" } }) }];
      case "progress":
        return this.#includeProgress ? [{ data: this.#progress(event) }] : [];
      case "token":
        return this.#token(event);
      case "choice":
        return [{ id: event.index, data: this.#finish(event, event.text) }];
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
      ...this.#frame("chat.completion"),
      ...(end ? {} : { status: "in_progress" }),
      choices: end ? this.#choices.map(this.#shown) : [],
      ...(end ? { usage: usageOf(end.usage), timings: end.timings, ...schemaChecked(end) } : {}),
      ...this.#reference(),
    };
  }

  /** Its place in what was said so far; `delta` opens it when it is a further one. */
  #choice(index: number): { choice: Choice; opening: object } {
    const known = this.#choices[index];
    if (known) return { choice: known, opening: {} };
    const { key, calls } = this.#start!;
    const choice: Choice = { said: new ChatWords(key, index, calls), logprobs: [], reason: null };
    this.#choices[index] = choice;
    return { choice, opening: { role: "assistant" } };
  }

  /** Nothing when the token says nothing that is certain, and reports nothing else. */
  #token({ index, choice: n = 0, text, logprob }: TokenEvent): WireEvent[] {
    if (text === "" && !logprob) return [];
    const { choice, opening } = this.#choice(n);
    const said = choice.said.push(text);
    if (!said && !logprob) return [];
    const content = logprob ? [logprobOf(logprob)] : [];
    choice.logprobs.push(...content);
    const fields = {
      delta: { ...opening, ...said },
      ...(logprob ? { logprobs: { content, refusal: null } } : {}),
    };
    return [{ id: index, data: this.#chunk(n, fields) }];
  }

  #last(end: EndEvent): WireEvent[] {
    this.#end = end;
    const n = end.choice ?? 0;
    const chunks: object[] = [];
    const { choice, opening } = this.#choice(n);
    choice.said.endInSteps(end.text).forEach((said, i) => {
      chunks.push(this.#chunk(n, { delta: { ...(i === 0 ? opening : {}), ...said } }));
    });
    chunks.push({ ...this.#finish(end, ""), timings: end.timings, ...schemaChecked(end), ...this.#reference() });
    if (this.#includeUsage)
      chunks.push({ ...this.#frame("chat.completion.chunk"), choices: [], usage: usageOf(end.usage) });
    return lastEvents(end, chunks);
  }

  #progress = ({ done, total }: ProgressEvent) => ({
    ...this.#frame("chat.completion.chunk"),
    choices: [],
    progress: { done, total },
  });

  #finish({ choice: n = 0, reason }: Pick<ChoiceEvent | EndEvent, "choice" | "reason">, text: string) {
    const { choice, opening } = this.#choice(n);
    const delta = { ...opening, ...choice.said.end(text) };
    const called = this.#olderCalls ? "function_call" : "tool_calls";
    choice.reason = reason === "stop" && choice.said.hasCalls ? called : reasonOf({ reason });
    return this.#chunk(n, { delta, finish_reason: choice.reason });
  }

  #frame = (object: string) => frameOf(this.#start!, "chatcmpl-", object);

  #reference = () => rivuletOf(this.#start);

  #words = (words: object) => (this.#olderCalls ? withOlderCall(words) : words);

  #chunk(index: number, { delta, ...choice }: { delta: object; finish_reason?: string; logprobs?: object }) {
    return {
      ...this.#frame("chat.completion.chunk"),
      choices: [{ index, delta: this.#words(delta), logprobs: null, finish_reason: null, ...choice }],
      ...(this.#includeUsage ? { usage: null } : {}),
    };
  }

  #shown = ({ said, logprobs, reason }: Choice, index: number) => ({
    index,
    message: { role: "assistant", ...this.#words(said.message()), refusal: null },
    logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
    finish_reason: reason,
  });
}
