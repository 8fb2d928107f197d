/** saidMessages: the messages of /v1/messages as the model is given them. */
import { writtenJson } from "../../constrain/reply/call-text.ts";
import { check } from "../../core/failure.ts";
import { TextSet } from "../../core/text-keys.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import { type SaidReply, saidReply, writeReplies } from "../shared/said-reply.ts";
import type { Block } from "./blocks.ts";

export interface Said {
  role: "user" | "assistant" | "system";
  content?: string | Block[] | null | undefined;
}

/**
 * An assistant's text and calls are one message, which is what the model wrote, also where a client has parted them.
 * Results of tools are messages of their own. Fails with `request_invalid` where a block has the wrong role, or a
 * result answers no call of the history.
 */
export function saidMessages(given: readonly Said[]): Message[] {
  const calls = new TextSet();
  const isKnown = given.some(({ role }) => role === "assistant");
  const messages: Message[] = [];
  const replies: SaidReply[] = [];
  let open: SaidReply | undefined;
  for (const [i, { role, content }] of given.entries()) {
    const blocks = typeof content === "string" ? [{ type: "text" as const, text: content }] : (content ?? []);
    if (role !== "assistant") open = undefined;
    else if (!open) {
      open = saidReply();
      messages.push(open.message);
      replies.push(open);
    }
    let said: Message | undefined;
    for (const [j, block] of blocks.entries()) {
      const field = `messages[${i}].content[${j}]`;
      const wrong = (holds: boolean, name: string, message: string) =>
        check(holds, "request_invalid", () => `${name}: ${message}`, name);
      if (block.type === "left_out") continue;
      if (block.type === "tool_use") {
        wrong(open !== undefined, `${field}.type`, "expected tool_use in an assistant's message");
        calls.add(block.id);
        open!.calls.push({ name: block.name, arguments: writtenJson(block.input ?? {}) });
      } else if (block.type === "tool_result") {
        wrong(role === "user", `${field}.type`, "expected tool_result in a user's message");
        const answers = !isKnown || calls.has(block.tool_use_id);
        wrong(answers, `${field}.tool_use_id`, "expected the id of a tool_use in an earlier message");
        messages.push({ role: "tool", content: textOf(block.content), callId: block.tool_use_id });
        said = undefined;
      } else if (open) open.text += block.text;
      else if (said) said.content += block.text;
      else {
        said = { role, content: block.text };
        messages.push(said);
      }
    }
  }
  writeReplies(replies);
  return messages;
}

const textOf = (content: Extract<Block, { type: "tool_result" }>["content"]): string =>
  typeof content === "string" ? content : (content ?? []).map((one) => one.text).join("");
