/** Calls of tools in the messages of /v1/chat/completions: what a client sends back of them, and the answers. */
import { z } from "@hono/zod-openapi";
import { replyText } from "../../constrain/reply/reply-grammar.ts";
import { check } from "../../core/failure.ts";
import { TEXT_MAX_CHARS, text } from "../shared/fields.ts";
import { TOOLS_MAX, toolName } from "../shared/reply-shape.ts";

const callId = z.string().min(1).max(128);

/** Of an assistant's message: a client sends our calls back as they came. */
export const toolCalls = z
  .array(
    z.strictObject({
      id: callId,
      type: z.literal("function", "expected function"),
      function: z.strictObject({ name: toolName, arguments: text(TEXT_MAX_CHARS) }),
    }),
  )
  .max(TOOLS_MAX)
  .nullish();

export const toolCallId = callId.nullish();

/** What the model wrote, of what became of it. */
export const saidText = (content: string, calls: z.infer<typeof toolCalls>): string =>
  replyText(
    content,
    (calls ?? []).map((call) => call.function),
  );

interface Told {
  role: string;
  tool_calls?: z.infer<typeof toolCalls>;
  tool_call_id?: string | null | undefined;
}

/** Fails with `request_invalid` where a tool answers a call that the history does not have. Without a history nothing is known. */
export function checkCallIds(messages: readonly Told[]): void {
  if (!messages.some(({ role }) => role === "assistant")) return;
  const known = new Set<string>();
  messages.forEach(({ role, tool_calls, tool_call_id }, i) => {
    for (const { id } of tool_calls ?? []) known.add(id);
    const field = `messages[${i}].tool_call_id`;
    const answers = role !== "tool" || (tool_call_id != null && known.has(tool_call_id));
    check(answers, "request_invalid", () => `${field}: expected the id of a call in a message before`, field);
  });
}
