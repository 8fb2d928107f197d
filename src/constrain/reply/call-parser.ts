/**
 * CallParser: a reply's text, as it comes, as pieces of text and of tool calls. What could still become
 * the start of a call is held back.
 *
 * It reads what `replyGrammar` lets through; a call that the token limit cut off has the arguments that came.
 */
import { CALL_CLOSE, CALL_OPEN } from "./reply-grammar.ts";

export type ReplyPiece =
  | { type: "text"; text: string }
  /** Calls are numbered from 0. */
  | { type: "call"; index: number; name: string }
  | { type: "arguments"; index: number; text: string };

const HEAD = /^\s*\{\s*"name":\s*"([^"\\]*)",\s*"arguments":\s*(?=\S)/;

export type CallPlace = "anywhere" | "alone";

export class CallParser {
  readonly #place: CallPlace;
  #state: "text" | "head" | "arguments" | "tail" | "plain" = "text";
  #held = "";
  #calls = 0;
  /** Of the arguments: open brackets, and whether a string is open or its next character escaped. */
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** `alone`: text that does not begin with a call holds none, whatever it says. */
  constructor(place: CallPlace = "anywhere") {
    this.#place = place;
  }

  /** Calls that have begun. */
  get calls(): number {
    return this.#calls;
  }

  push(text: string): ReplyPiece[] {
    this.#held += text;
    const pieces: ReplyPiece[] = [];
    let before: string;
    do {
      before = `${this.#state}${this.#held.length}`;
      this.#step(pieces);
    } while (this.#held !== "" && before !== `${this.#state}${this.#held.length}`);
    return pieces;
  }

  /** The text has ended. What began like a call is text, but where only a call begins so. */
  flush(): ReplyPiece[] {
    const rest = this.#state === "text" && this.#place === "anywhere" ? this.#held : "";
    this.#held = "";
    return rest === "" ? [] : [{ type: "text", text: rest }];
  }

  #step(pieces: ReplyPiece[]): void {
    switch (this.#state) {
      case "text": {
        const open = this.#held.indexOf(CALL_OPEN);
        if (this.#place === "alone" && this.#calls === 0 && open !== 0 && startOf(this.#held) < this.#held.length) {
          this.#state = "plain";
          return;
        }
        const text =
          open >= 0 ? this.#held.slice(0, open) : this.#held.slice(0, this.#held.length - startOf(this.#held));
        // Between calls stands a line end, which is not the answer's.
        if (text !== "" && (this.#calls === 0 || text.trim() !== "")) pieces.push({ type: "text", text });
        this.#held = this.#held.slice(text.length + (open >= 0 ? CALL_OPEN.length : 0));
        if (open >= 0) this.#state = "head";
        return;
      }
      case "plain":
        if (this.#held !== "") pieces.push({ type: "text", text: this.#held });
        this.#held = "";
        return;
      case "head": {
        const [head, name] = HEAD.exec(this.#held) ?? [];
        if (head === undefined) return;
        pieces.push({ type: "call", index: this.#calls++, name: name! });
        this.#held = this.#held.slice(head.length);
        this.#state = "arguments";
        return;
      }
      case "arguments": {
        const text = this.#arguments();
        if (text !== "") pieces.push({ type: "arguments", index: this.#calls - 1, text });
        this.#held = this.#held.slice(text.length);
        return;
      }
      case "tail": {
        const close = this.#held.indexOf(CALL_CLOSE);
        if (close < 0) return;
        this.#held = this.#held.slice(close + CALL_CLOSE.length);
        this.#state = "text";
      }
    }
  }

  /** The part of what is held that belongs to the arguments: an object. */
  #arguments(): string {
    for (let at = 0; at < this.#held.length; at++) {
      const c = this.#held[at]!;
      if (this.#escaped) this.#escaped = false;
      else if (this.#inString) {
        this.#escaped = c === "\\";
        this.#inString = c !== '"';
      } else if (c === '"') this.#inString = true;
      else if (c === "{" || c === "[") this.#depth++;
      else if ((c === "}" || c === "]") && --this.#depth === 0) {
        this.#state = "tail";
        return this.#held.slice(0, at + 1);
      }
    }
    return this.#held;
  }
}

/** Length of the longest end of `text` that a call could begin with. */
function startOf(text: string): number {
  let length = Math.min(text.length, CALL_OPEN.length - 1);
  while (!CALL_OPEN.startsWith(text.slice(text.length - length))) length--;
  return length;
}
