/** Content of /v1/messages: blocks that say something here, and what becomes of those that do not. */
import * as z from "zod";
import { TEXT_MAX_CHARS, text } from "../shared/fields.ts";
import { leftOut, tolerant } from "../shared/ignored.ts";

const BLOCKS_MAX = 1024;
const BLOCKS = "messages[].content[]";
const notText = "expected text, tool_use or tool_result: images and files are not supported";

const words = text(TEXT_MAX_CHARS);
const textBlock = tolerant(BLOCKS, { type: z.literal("text"), text: words });
const saidText = ({ text: said }: { text: string }) => ({ type: "text" as const, text: said });

/** A document whose text is in the request is that text, below its title; of other documents nothing could be read. */
const documentBlock = tolerant(BLOCKS, {
  type: z.literal("document"),
  title: words.nullish(),
  context: words.nullish(),
  source: z.discriminatedUnion(
    "type",
    [
      tolerant(`${BLOCKS}.source`, { type: z.literal("text"), data: words }),
      tolerant(`${BLOCKS}.source`, {
        type: z.literal("content"),
        content: z.union([words, z.array(textBlock).max(BLOCKS_MAX)], "expected a string or text blocks"),
      }),
    ],
    "expected a source of type text or content: files are not supported",
  ),
}).transform(({ title, context, source }) => {
  const given = source.type === "text" ? source.data : source.content;
  const body = typeof given === "string" ? given : given.map((one) => one.text).join("");
  return saidText({ text: [title, context, body].filter(Boolean).join("\n") });
});

const searchResult = tolerant(BLOCKS, {
  type: z.literal("search_result"),
  source: words,
  title: words,
  content: z.array(textBlock).max(BLOCKS_MAX),
}).transform(({ title, source, content }) =>
  saidText({ text: [title, source, content.map((one) => one.text).join("")].join("\n") }),
);

const callId = z.string().min(1).max(256);

const toolUse = tolerant(BLOCKS, {
  type: z.literal("tool_use"),
  id: callId,
  // Of a call that was made: it may have been another server's, with other rules for names.
  name: text(256).refine((value) => value.length > 0, "expected a name"),
  input: z.record(z.string(), z.unknown(), "expected an object").nullish(),
});

const readable = [textBlock, documentBlock, searchResult] as const;
const toolResult = tolerant(BLOCKS, {
  type: z.literal("tool_result"),
  tool_use_id: callId,
  content: z
    .union(
      [words, z.array(z.discriminatedUnion("type", readable, notText)).max(BLOCKS_MAX)],
      "expected a string or a list of blocks",
    )
    .nullish(),
});

/** Thoughts of other models, and what another server's own tools did. */
const foreign = leftOut(BLOCKS, [
  "thinking",
  "redacted_thinking",
  "server_tool_use",
  "web_search_tool_result",
  "web_fetch_tool_result",
  "code_execution_tool_result",
  "bash_code_execution_tool_result",
  "text_editor_code_execution_tool_result",
  "tool_search_tool_result",
  "mcp_tool_use",
  "mcp_tool_result",
]);

const block = z.discriminatedUnion("type", [...readable, toolUse, toolResult, foreign], notText);

export type Block = z.infer<typeof block>;

export const content = z.union([words, z.array(block).max(BLOCKS_MAX)], "expected a string or a list of blocks");

const systemBlock = tolerant("system[]", { type: z.literal("text"), text: words });
export const system = z.union([words, z.array(systemBlock).max(BLOCKS_MAX)], "expected a string or text blocks");
