/** announce: tells the model of the tools that it may call, in the first of the new messages that can say so. */
import { sha256 } from "../../core/sha256.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import type { ReplyShape, Tool } from "../constraint.ts";
import type { CallPlace } from "./call-parser.ts";

/**
 * `known`: digest of the tools that the model has read of last, as `toolsKnown` gives it; it is
 * not told of the same ones again.
 */
export function announce(messages: readonly Message[], shape: ReplyShape, known?: string): Message[] {
  const tools = announced(shape);
  const at = digestOf(tools) === known ? -1 : tellingMessage(messages, tools);
  return messages.map((message, i) => (i === at ? { ...message, tools } : message));
}

/**
 * Digest of the tools that the model has read of last, once these messages were announced; 16 hex
 * digits. Undefined: it has read of none. A turn without tools, or that may call none, leaves what is
 * known as it is: the state still holds it.
 */
export function toolsKnown(messages: readonly Message[], shape: ReplyShape, known?: string): string | undefined {
  const tools = announced(shape);
  return tellingMessage(messages, tools) < 0 ? known : digestOf(tools);
}

/** Place of the message that says which tools there are, or -1. */
const tellingMessage = (messages: readonly Message[], tools: readonly string[]): number =>
  tools.length === 0 ? -1 : messages.findIndex(({ role }) => role === "system" || role === "user");

const digestOf = (tools: readonly string[]): string => sha256(JSON.stringify(tools)).slice(0, 16);

/**
 * Where calls may stand in a reply's text: `anywhere`, or not beside other text, or nowhere.
 * What a CallParser wants to know.
 */
export function callsIn({ tools = [], toolChoice = "auto", format }: ReplyShape): CallPlace | undefined {
  if (tools.length === 0 || toolChoice === "none") return undefined;
  return toolChoice === "auto" && !format ? "anywhere" : "alone";
}

/** As models are trained to see them: JSON, one a line. */
function announced(shape: ReplyShape): string[] {
  return callsIn(shape)
    ? shape.tools!.map((tool) => JSON.stringify({ type: "function", function: described(tool) }))
    : [];
}

const described = ({ name, description, parameters = { type: "object", properties: {} } }: Tool) => ({
  name,
  ...(description === undefined ? {} : { description }),
  parameters,
});
