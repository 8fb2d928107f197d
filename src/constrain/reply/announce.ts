/** announce: tells the model of the tools that it may call, in the first of the new messages that can say so. */
import type { Message } from "../../tokenizer/text-codec.ts";
import type { ReplyShape, Tool } from "../constraint.ts";
import type { CallPlace } from "./call-parser.ts";

/** `before`: the shape of the turn that these messages follow; tools that it had are known. */
export function announce(messages: readonly Message[], shape: ReplyShape, before: ReplyShape = {}): Message[] {
  const tools = announced(shape);
  const isKnown = tools.length === 0 || JSON.stringify(tools) === JSON.stringify(announced(before));
  const at = isKnown ? -1 : messages.findIndex(({ role }) => role === "system" || role === "user");
  return messages.map((message, i) => (i === at ? { ...message, tools } : message));
}

/** Where calls may stand in a reply's text: `anywhere`, or not beside other text, or nowhere. What a CallParser wants to know. */
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
