/** Tools in a prompt, where the pack's template has no words of its own for them. */
import type { Message } from "./text-codec.ts";

/** A piece of a rendering: the template's own text, or a message's content or another text of the caller's (-1). */
export type Piece = { template: string } | { message: number; text: string };

/** The form of Hermes, Qwen and Granite, whose templates have nearly these words. */
const HEAD =
  "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n";
const TAIL =
  '\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>';

/** What a template that tells of tools says of how they are called. */
export const CALL_MARK = "<tool_call>";

/**
 * The tools stand behind a system message's content, and before a user's. Their text is the
 * caller's, so it is encoded as text.
 */
export function withTools(content: { message: number; text: string }, { role, tools }: Message): Piece[] {
  if (!tools || tools.length === 0) return [content];
  const listed: Piece[] = [{ template: HEAD }, { message: -1, text: tools.join("\n") }, { template: TAIL }];
  if (role === "user") return [...listed, { template: "\n\n" }, content];
  return [content, { template: content.text === "" ? "" : "\n\n" }, ...listed];
}
