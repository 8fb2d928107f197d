/** ChatWords: one reply's text as a chat message says it: content, and calls of tools. */
import { CallParser, type CallPlace, type ReplyPiece } from "../../constrain/reply/call-parser.ts";
import { callId } from "../shared/ids.ts";

interface Call {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

/** What a piece of a stream adds; entries of a call that has begun carry its arguments only. */
interface Delta {
  content?: string;
  tool_calls?: (Partial<Call> & { index: number })[];
}

export class ChatWords {
  readonly #key: string;
  readonly #choice: number;
  readonly #parser: CallParser | undefined;
  readonly #content: string[] = [];
  readonly #calls: Call[] = [];
  /**
   * What is known and not told yet. A call is told first with empty arguments, as OpenAI does and clients rely on; what
   * follows it waits for the next event, because one event is one chunk, with one id to resume from.
   */
  readonly #untold: ReplyPiece[] = [];

  /** `key`: the turn's, for the ids of calls. */
  constructor(key: string, choice: number, calls: CallPlace | undefined) {
    this.#key = key;
    this.#choice = choice;
    this.#parser = calls && new CallParser(calls);
  }

  get hasCalls(): boolean {
    return this.#calls.length > 0;
  }

  push(text: string): Delta | undefined {
    this.#read(text);
    return this.#delta(this.#next());
  }

  /** The last text, and what was held back, in one. Of a second call there is nothing left to say. */
  end(text: string): Delta | undefined {
    this.#read(text, true);
    return this.#delta(this.#untold.splice(0));
  }

  /** The same, in as many pieces as it takes to begin every call with empty arguments. */
  endInSteps(text: string): Delta[] {
    this.#read(text, true);
    const deltas: Delta[] = [];
    while (this.#untold.length > 0) deltas.push(this.#delta(this.#next())!);
    return deltas;
  }

  #read(text: string, isLast = false): void {
    const parser = this.#parser;
    if (parser) this.#untold.push(...parser.push(text), ...(isLast ? parser.flush() : []));
    else if (text !== "") this.#untold.push({ type: "text", text });
  }

  /** Up to where a call begins. */
  #next(): ReplyPiece[] {
    const at = this.#untold.findIndex(({ type }) => type === "call");
    return this.#untold.splice(0, at < 0 ? this.#untold.length : at + 1);
  }

  message() {
    const content = this.#content.join("");
    if (!this.hasCalls) return { content };
    return { content: content === "" ? null : content, tool_calls: structuredClone(this.#calls) };
  }

  #delta(pieces: readonly ReplyPiece[]): Delta | undefined {
    const content: string[] = [];
    const entries = new Map<number, NonNullable<Delta["tool_calls"]>[number]>();
    for (const piece of pieces) {
      if (piece.type === "text") content.push(piece.text);
      else if (piece.type === "call") {
        const call: Call = {
          id: callId(this.#key, piece.index, this.#choice),
          type: "function",
          function: { name: piece.name, arguments: "" },
        };
        this.#calls.push(call);
        entries.set(piece.index, { index: piece.index, ...structuredClone(call) });
      } else {
        this.#calls[piece.index]!.function.arguments += piece.text;
        const entry = entries.get(piece.index) ?? {
          index: piece.index,
          function: { arguments: "" } as Call["function"],
        };
        entry.function!.arguments += piece.text;
        entries.set(piece.index, entry);
      }
    }
    this.#content.push(...content);
    if (content.length + entries.size === 0) return undefined;
    return {
      ...(content.length > 0 ? { content: content.join("") } : {}),
      ...(entries.size > 0 ? { tool_calls: [...entries.values()] } : {}),
    };
  }
}
