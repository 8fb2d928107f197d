/**
 * KeptChat: a chat to which recall quotes what it finds in its earlier turns, as a server does in a kept conversation.
 */
import { withQuote } from "../durable-objects/recall/quote-passages.ts";
import type { Served } from "../src/dialogue/load.ts";
import { quotedFor, StoredTurns } from "./long-dialogue/stored.ts";
import type { Chat } from "./memory-chat.ts";

export class KeptChat {
  readonly #served: Served;
  readonly #chat: Chat;
  readonly #stored: StoredTurns;
  readonly #recalls: boolean;

  /** `recalls`: without, it is the chat alone. */
  constructor(served: Served, chat: Chat, recalls: boolean) {
    this.#served = served;
    this.#chat = chat;
    this.#stored = new StoredTurns(served.codec);
    this.#recalls = recalls;
  }

  /** The answer of a turn that the conversation keeps. */
  async say(text: string, maxTokens: number): Promise<string> {
    const { answer } = await this.#answer(this.#chat, text, maxTokens);
    this.#stored.add(text, answer);
    return answer;
  }

  /** The answer, and what was quoted for it; the conversation goes on as if nobody had asked. */
  async ask(text: string, maxTokens: number): Promise<{ quoted: string[]; answer: string }> {
    const copy = await this.#chat.copy();
    const asked = await this.#answer(copy, text, maxTokens);
    copy.end();
    return asked;
  }

  async #answer(chat: Chat, text: string, maxTokens: number) {
    const found = this.#recalls ? quotedFor(this.#stored, text, this.#served) : [];
    const answer = await chat.send(withQuote([{ role: "user", content: text }], found), maxTokens);
    return { quoted: found.map((passage) => passage.text), answer };
  }

  end(): void {
    this.#chat.end();
  }
}
