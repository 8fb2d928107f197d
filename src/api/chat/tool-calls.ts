/** Calls of tools in the messages of /v1/chat/completions: what a client sends back of them, and the answers. */
import * as z from "zod";
import { replyText } from "../../constrain/reply/reply-grammar.ts";
import { check } from "../../core/failure.ts";
import { TextSet } from "../../core/text-keys.ts";
import { TEXT_MAX_CHARS, text } from "../shared/fields.ts";
import { tolerant } from "../shared/ignored.ts";

/** Of one message: more than any model here writes at once. */
const CALLS_MAX = 128;
const callId = z.string().min(1).max(256);
/** Of a call that was made: it may have been another server's, with other rules for names. */
const calledName = text(256).refine((value) => value.length > 0, "expected a name");
const calledArguments = text(TEXT_MAX_CHARS).nullish();

/** Of messages in the older form of calls. */
export const functionCall = tolerant("messages[].function_call", { name: calledName, arguments: calledArguments });

const functionToolCall = tolerant("messages[].tool_calls[]", {
  id: callId,
  type: z.literal("function", "expected function or custom").default("function"),
  function: tolerant("messages[].tool_calls[].function", { name: calledName, arguments: calledArguments }),
});
const customToolCall = tolerant("messages[].tool_calls[]", {
  id: callId,
  type: z.literal("custom", "expected function or custom"),
  custom: tolerant("messages[].tool_calls[].custom", { name: calledName, input: text(TEXT_MAX_CHARS) }),
});

/** Of an assistant's message: a client sends calls back as they came, or another server's. */
export const toolCalls = z
  .array(z.union([functionToolCall, customToolCall]).transform(asFunction))
  .max(CALLS_MAX)
  .nullish();

export const toolCallId = callId.nullish();

/** What is fed of a call whatever kind it was. */
function asFunction(call: z.infer<typeof functionToolCall> | z.infer<typeof customToolCall>) {
  if (call.type === "function") return { id: call.id, function: call.function };
  const { name, input } = call.custom;
  return { id: call.id, function: { name, arguments: JSON.stringify({ input }) } };
}

/** What the model wrote, of what became of it. */
export const saidText = (content: string, calls: readonly z.infer<typeof functionCall>[]): string =>
  replyText(
    content,
    calls.map(({ name, arguments: given }) => ({ name, arguments: given || "{}" })),
  );

/** What a message says of calls. */
interface Calling {
  role: string;
  tool_calls?: z.infer<typeof toolCalls> | undefined;
  tool_call_id?: string | null | undefined;
}

/**
 * Fails with `request_invalid` where a tool answers a call that the history does not have.
 * Without a history nothing is known.
 */
export function checkCallIds(messages: readonly Calling[]): void {
  if (!messages.some(({ role }) => role === "assistant")) return;
  const known = new TextSet();
  messages.forEach(({ role, tool_calls, tool_call_id }, i) => {
    for (const { id } of tool_calls ?? []) known.add(id);
    const field = `messages[${i}].tool_call_id`;
    const answers = role !== "tool" || (tool_call_id != null && known.has(tool_call_id));
    check(answers, "request_invalid", () => `${field}: expected the id of a call in an earlier message`, field);
  });
}
