/** The fields of /v1/chat/completions that say what form the reply has, and what came of calls. */
import { z } from "@hono/zod-openapi";
import type { JsonSchema, ReplyShape } from "../constrain/constraint.ts";
import { checkShape } from "../constrain/constraint-for.ts";
import { replyText, type ShapePaths } from "../constrain/reply-grammar.ts";
import { check } from "../core/failure.ts";
import { TEXT_MAX_CHARS, text } from "./fields.ts";

export const TOOLS_MAX = 128;
const SCHEMA_MAX_CHARS = 65_536;
const DESCRIPTION_MAX_CHARS = 4096;

export const toolName = z.string().regex(/^[\w-]{1,64}$/, "expected 1 to 64 letters, digits, _ or -");
export const description = text(DESCRIPTION_MAX_CHARS).nullish();

/** Its keywords are looked at by `checkShape`. */
export const jsonSchema = z
  .record(z.string(), z.unknown())
  .refine(
    (schema) => JSON.stringify(schema).length <= SCHEMA_MAX_CHARS,
    `expected at most ${SCHEMA_MAX_CHARS} characters`,
  )
  .openapi({
    type: "object",
    description: "A JSON Schema. A keyword that replies cannot be held to is refused by name.",
  });

const responseFormat = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("text") }),
    z.strictObject({ type: z.literal("json_object") }),
    z.strictObject({
      type: z.literal("json_schema"),
      json_schema: z.strictObject({ name: toolName, description, schema: jsonSchema, strict: z.boolean().nullish() }),
    }),
  ],
  "expected one of text, json_object, json_schema",
);

const tool = z.strictObject({
  type: z.literal("function", "expected function: custom tools are not supported"),
  function: z.strictObject({
    name: toolName,
    description,
    parameters: jsonSchema.nullish(),
    strict: z.boolean().nullish().openapi({ description: "Without effect: arguments always fit their schema." }),
  }),
});

export const chatShape = {
  response_format: responseFormat.nullish(),
  tools: z.array(tool).max(TOOLS_MAX).nullish(),
  tool_choice: z
    .union(
      [
        z.enum(["none", "auto", "required"]),
        z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: toolName }) }),
      ],
      "expected none, auto, required or {type: function, function: {name}}",
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};

type Fields = z.infer<z.ZodObject<typeof chatShape>>;

/**
 * Fails with `request_invalid` where the fields contradict each other, or ask for what replies cannot be held to. `paths`: where the request
 * has them; in a chat unless given.
 */
export function shapeOf(
  { response_format: asked, tools, tool_choice: choice, parallel_tool_calls }: Fields,
  paths?: ShapePaths,
): ReplyShape {
  const names = (tools ?? []).map(({ function: { name } }) => name);
  const refuse = (param: string, holds: boolean, message: string) =>
    check(holds, "request_invalid", () => `${param}: ${message}`, param);
  refuse("tools", new Set(names).size === names.length, "expected every name once");
  refuse("tool_choice", choice == null || choice === "none" || names.length > 0, "expected tools beside it");
  const toolChoice = choice && typeof choice === "object" ? { name: choice.function.name } : choice;
  const shape: ReplyShape = {
    ...(asked && asked.type !== "text" ? { format: formatOf(asked) } : {}),
    ...(names.length > 0 ? { tools: tools!.map(({ function: of }) => toolOf(of)) } : {}),
    ...(toolChoice ? { toolChoice } : {}),
    ...(parallel_tool_calls == null ? {} : { parallelToolCalls: parallel_tool_calls }),
  };
  checkShape(shape, paths);
  return shape;
}

function formatOf(
  asked: Exclude<NonNullable<Fields["response_format"]>, { type: "text" }>,
): NonNullable<ReplyShape["format"]> {
  if (asked.type === "json_object") return asked;
  const { name, schema, strict } = asked.json_schema;
  return { type: "json_schema", name, schema: schema as JsonSchema, strict: strict ?? false };
}

const toolOf = ({ name, description: said, parameters }: z.infer<typeof tool>["function"]) => ({
  name,
  ...(said ? { description: said } : {}),
  ...(parameters ? { parameters: parameters as JsonSchema } : {}),
});

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
