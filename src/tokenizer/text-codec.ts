/** TextCodec: the two directions between text and token ids. Users' text can never become a control token. */
import type { Work } from "../core/work.ts";

export interface TextCodec {
  readonly vocab: number;
  /**
   * Ids of every token that steers the model: specials of tokenizer.json, begin and end of text, added
   * tokens that the template names.
   */
  readonly control: ReadonlySet<number>;
  /** Text from outside: specials are spelled out as ordinary text, never recognised. */
  encodeText(text: string): number[];
  /**
   * Does the work of `encodeText` with pauses: until it is forgotten, as often as it was done ahead, `encodeText` of
   * this very text costs nothing. For texts that would hold others up.
   */
  ahead?(text: string): Work<void>;
  forget?(text: string): void;
  /** Text of the pack's own template: specials become their ids. */
  encodeTemplate(text: string): number[];
  /** A decoder for one reply. Special tokens decode to nothing; other added tokens (`<tool_call>`) to their text. */
  detokenizer(): Detokenizer;
  /** All at once. */
  decode(ids: readonly number[]): string;
  /** Bytes of one token as text would show it (for logprobs). */
  tokenBytes(id: number): Uint8Array;
  /** The bytes of all tokens at once, as `tokenBytes` gives them; not kept. */
  tokenBlock(): TokenBlock;
  /** The same as `tokenBytes`, and of a control token its name: what `encodeTemplate` reads. */
  spelledBytes(id: number): Uint8Array;
}

/** Byte strings one behind the other: that of token i is `bytes[starts[i] … starts[i + 1]]`. */
export interface TokenBlock {
  bytes: Uint8Array;
  /** (V + 1) */
  starts: Uint32Array;
}

export interface Detokenizer {
  /** Text that became complete with this id; "" while a character is unfinished. Never half a character. */
  push(id: number): string;
  /** What is still held back, with U+FFFD for bytes that never became a character. */
  flush(): string;
}

export interface Message {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  /** Participant's or tool's name, when given. */
  name?: string;
  /** The call that a tool's message answers; of no meaning to the model. */
  callId?: string;
  /** Tools that the model hears of with this message, each as JSON; of system and user messages. */
  tools?: readonly string[];
}

/** Turns messages into ids through the pack's chat template, one segment at a time. */
export interface PromptBuilder {
  /** Ids of a whole new conversation, ending where the assistant's answer begins unless it is not `answering`. */
  start(messages: readonly Message[], answering?: boolean): number[];
  /**
   * Ids that continue a conversation: closes the assistant's last answer, adds the new messages if there are any, opens
   * the next answer. `closed` says that the log already ends with the end-of-turn token that the model sampled.
   */
  append(history: { hasSystem: boolean; closed: boolean }, messages: readonly Message[]): number[];
  /** The template takes a system message between the assistant's and the user's, and writes it there. */
  readonly takesSystemLater: boolean;
  /** Ids of a system message up to the end of its text: what conversations that share it have in common. */
  system(text: string): number[];
  /** Ids of a new conversation from there on: `system(text)` and these are `start` of the same messages. */
  afterSystem(messages: readonly Message[]): number[];
}
