/** MessageReply: a turn as Anthropic's /v1/messages speaks: one `message` object, or its events. */
import { CallParser, type ReplyPiece } from "../../constrain/reply/call-parser.ts";
import { Failure } from "../../core/failure.ts";
import type { ErrorBody } from "../shared/error-body.ts";
import { callId } from "../shared/ids.ts";
import { rivuletOf } from "../shared/recall.ts";
import type { ReplyEncoder, WireEvent } from "../shared/reply-encoder.ts";
import { schemaChecked } from "../shared/reply-parts.ts";
import type { EndEvent, FailedEvent, StartEvent, TurnEvent, TurnUsage } from "../shared/turn.ts";
import { messageError } from "./error-body.ts";

interface TextBlock {
  type: "text";
  text: string;
}
interface ToolUseBlock {
  type: "tool_use";
  id: string;
  name: string;
  /** JSON text as it came; clients get it parsed. */
  written: string;
}
type Block = TextBlock | ToolUseBlock;
interface StreamEvent {
  type: string;
  [field: string]: unknown;
}

/**
 * Anthropic counts what was read from a cache apart from the input. Nothing here is
 * written to one at a price of its own.
 */
const usageOf = ({ promptTokens, cachedTokens, completionTokens }: TurnUsage) => ({
  input_tokens: promptTokens - cachedTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cachedTokens,
  output_tokens: completionTokens,
  cache_creation: null,
  server_tool_use: null,
  service_tier: "standard",
});

export class MessageReply implements ReplyEncoder {
  readonly #blocks: Block[] = [];
  #open = false;
  #calls: CallParser | undefined;
  #start: StartEvent | undefined;
  #end: EndEvent | FailedEvent | undefined;
  /** Of the next event of the wire. It depends on nothing but the turn's events, so a replay numbers the same. */
  #number = 0;

  events(event: TurnEvent): WireEvent[] {
    switch (event.type) {
      case "start":
        this.#start = event;
        this.#calls = event.calls && new CallParser(event.calls);
        return this.#numbered([{ type: "message_start", message: this.#message() }, { type: "ping" }]);
      case "token":
        return this.#numbered(this.#pieces(this.#read(event.text)));
      case "end":
        return this.#numbered(this.#last(event));
      case "failed":
        this.#end = event;
        return this.#numbered([errorEvent(event.error)]);
      default:
        return [];
    }
  }

  lost = (error: ErrorBody["error"]): WireEvent => ({ event: "error", data: errorEvent(error) });

  whole(): object {
    if (this.#end?.type === "failed") throw Failure.from(this.#end.error);
    return this.#message();
  }

  #read(text: string, isLast = false): ReplyPiece[] {
    if (!this.#calls) return text === "" ? [] : [{ type: "text", text }];
    return [...this.#calls.push(text), ...(isLast ? this.#calls.flush() : [])];
  }

  #pieces(pieces: readonly ReplyPiece[]): StreamEvent[] {
    return pieces.flatMap((piece) => {
      if (piece.type === "call") {
        const block = { type: "tool_use" as const, id: callId(this.#start!.key, piece.index), name: piece.name };
        return [...this.#close(), this.#begin({ ...block, written: "" })];
      }
      const last = this.#blocks.at(-1);
      if (piece.type === "arguments") {
        if (last?.type === "tool_use") last.written += piece.text;
        return [this.#delta({ type: "input_json_delta", partial_json: piece.text })];
      }
      const begun =
        this.#open && last?.type === "text" ? [] : [...this.#close(), this.#begin({ type: "text", text: "" })];
      (this.#blocks.at(-1) as TextBlock).text += piece.text;
      return [...begun, this.#delta({ type: "text_delta", text: piece.text })];
    });
  }

  #begin(block: Block): StreamEvent {
    this.#blocks.push(block);
    this.#open = true;
    return { type: "content_block_start", index: this.#blocks.length - 1, content_block: shown({ ...block }) };
  }

  #delta = (delta: object): StreamEvent => ({ type: "content_block_delta", index: this.#blocks.length - 1, delta });

  #close(): StreamEvent[] {
    if (!this.#open) return [];
    this.#open = false;
    return [{ type: "content_block_stop", index: this.#blocks.length - 1 }];
  }

  #last(end: EndEvent): StreamEvent[] {
    const rest = this.#pieces(this.#read(end.text, true));
    this.#end = end;
    const { stop_reason, stop_sequence, usage, ...more } = this.#message();
    const { timings, rivulet } = more as { timings?: object; rivulet?: object };
    const own = { timings, ...schemaChecked(end), ...(rivulet ? { rivulet } : {}) };
    const delta = { type: "message_delta", delta: { stop_reason, stop_sequence }, usage, ...own };
    return [...rest, ...this.#close(), delta, { type: "message_stop" }];
  }

  #numbered = (events: readonly StreamEvent[]): WireEvent[] =>
    events.map((data) => ({ id: this.#number++, event: data.type, data }));

  #message() {
    const end = this.#end?.type === "end" ? this.#end : undefined;
    const { key, model, promptTokens = 0, cachedTokens = 0 } = this.#start!;
    return {
      id: `msg_${key}`,
      type: "message",
      role: "assistant",
      model,
      content: this.#blocks.map(shown),
      stop_reason: end ? this.#reason(end) : null,
      stop_sequence: end?.stopSequence ?? null,
      stop_details: null,
      container: null,
      usage: usageOf(end?.usage ?? { promptTokens, cachedTokens, completionTokens: 0 }),
      ...(end ? { timings: end.timings, ...schemaChecked(end) } : {}),
      ...rivuletOf(this.#start),
    };
  }

  #reason({ reason, stopSequence, unasked }: EndEvent): string | null {
    if (unasked) return null;
    if (reason !== "stop") return "max_tokens";
    if (stopSequence !== undefined) return "stop_sequence";
    return this.#blocks.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";
  }
}

const errorEvent = (error: ErrorBody["error"]): StreamEvent => ({ type: "error", error: messageError(error) });

/** A call that was cut off has no input that could be parsed. */
function shown(block: Block): object {
  if (block.type === "text") return { ...block };
  const { written, ...rest } = block;
  try {
    return { ...rest, input: JSON.parse(written || "{}") };
  } catch {
    return { ...rest, input: {} };
  }
}
