/** The fields of /v1/responses that say what form the reply has. */
import { z } from "@hono/zod-openapi";
import type { JsonSchema, ReplyShape } from "../../constrain/constraint.ts";
import {
  description,
  jsonSchema,
  replyShape,
  TOOLS_MAX,
  toolChoice,
  toolMode,
  toolName,
} from "../shared/reply-shape.ts";

const format = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("text") }),
    z.strictObject({ type: z.literal("json_object") }),
    z.strictObject({
      type: z.literal("json_schema"),
      name: toolName,
      description,
      schema: jsonSchema,
      strict: z.boolean().nullish(),
    }),
  ],
  "expected one of text, json_object, json_schema",
);

const tool = z.strictObject({
  type: z.literal("function", "expected function: built-in tools are not supported"),
  name: toolName,
  description,
  parameters: jsonSchema.nullish(),
  strict: z.boolean().nullish(),
});

const namedTool = z.strictObject({ type: z.literal("function"), name: toolName });

const choiceObject = z.discriminatedUnion(
  "type",
  [
    namedTool,
    z.strictObject({
      type: z.literal("allowed_tools"),
      mode: toolMode,
      tools: z.array(namedTool).min(1).max(TOOLS_MAX),
    }),
  ],
  "expected function or allowed_tools",
);

export const responseShape = {
  text: z
    .strictObject({
      format: format.nullish(),
      verbosity: z.enum(["low", "medium", "high"]).nullish().openapi({ description: "Ignored." }),
    })
    .nullish(),
  tools: z.array(tool).max(TOOLS_MAX).nullish(),
  tool_choice: toolChoice(choiceObject),
  parallel_tool_calls: z.boolean().nullish(),
};

type Fields = z.infer<z.ZodObject<typeof responseShape>>;

/** Where a response's request has its schemas. */
export const responsePaths = {
  format: "text.format",
  schema: "text.format.schema",
  tools: "tools",
  parameters: (tool: number) => `tools[${tool}].parameters`,
};

/** Fails as `replyShape` does. */
export function shapeOf({ text, tools, tool_choice: choice, parallel_tool_calls: parallel }: Fields): ReplyShape {
  return replyShape({ format: formatOf(text?.format), tools, choice, parallel, autoIsFree: true });
}

function formatOf(asked: z.infer<typeof format> | null | undefined): ReplyShape["format"] {
  if (asked?.type !== "json_schema") return asked?.type === "json_object" ? asked : undefined;
  const { type, name, schema, strict } = asked;
  return { type, name, schema: schema as JsonSchema, strict: strict ?? false };
}
