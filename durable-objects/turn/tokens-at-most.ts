/**
 * tokensAtMost: how many tokens a turn can compute, from its request alone, so that they can be
 * reserved before anything is encoded.
 *
 * A token stands for a byte of the text at least, and a prompt and its reply have no more room than the model's
 * context. What a conversation holds already is free.
 */
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";

/** What the template writes around a message, and once around all of them and the tools. */
const MESSAGE_TOKENS = 16;
const FRAME_TOKENS = 512;
/** Bytes of UTF-8 for a unit of UTF-16. */
const BYTES_OF_UNIT = 3;

type Sized = Pick<
  TurnRequest,
  "messages" | "instructions" | "prompts" | "tools" | "maxTokens" | "choices" | "generate" | "feedOnly" | "recall"
>;

/** `contextLength`: of the model. A prefix may be longer than that, and is refused later. */
export function tokensAtMost(request: Sized, contextLength: number): number {
  const { messages, instructions = [], prompts, tools, maxTokens = contextLength, choices = 1, recall } = request;
  if (request.generate === false) return 0;
  const quoted = typeof recall === "object" ? recall.maxTokens : 0;
  const shared = FRAME_TOKENS + quoted + (tools ? sizeOf(JSON.stringify(tools)) : 0);
  const sizes = prompts
    ? prompts.map((prompt) => (typeof prompt === "string" ? FRAME_TOKENS + sizeOf(prompt) : prompt.length))
    : [[...instructions, ...messages].reduce((sum, message) => sum + sizeOfMessage(message), shared)];
  if (request.feedOnly) return sizes[0]!;
  const reply = Math.min(maxTokens, contextLength);
  return sizes.reduce((sum, size) => sum + Math.min(size, contextLength) + reply * choices, 0);
}

const sizeOf = (text: string): number => BYTES_OF_UNIT * text.length;

const sizeOfMessage = ({ content, name = "", tools = [] }: Message): number =>
  [content, name, ...tools].reduce((sum, text) => sum + sizeOf(text), MESSAGE_TOKENS);
