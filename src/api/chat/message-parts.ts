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
    if (this.#parser) return this.#delta(this.#parser.push(text));
    return this.#delta(text === "" ? [] : [{ type: "text", text }]);
  }

  /** The last text, and what was held back. Of a second call there is nothing left to say. */
  end(text: string): Delta | undefined {
    const parser = this.#parser;
    return parser ? this.#delta([...parser.push(text), ...parser.flush()]) : this.push(text);
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
