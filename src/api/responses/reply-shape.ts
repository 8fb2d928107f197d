/** The fields of /v1/responses that say what form the reply has. */
import * as z from "zod";
import type { JsonSchema, ReplyShape } from "../../constrain/constraint.ts";
import { repeatedOnly, tolerant } from "../shared/ignored.ts";
import {
  type AskedShape,
  callable,
  description,
  jsonSchema,
  otherTool,
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

const tool = tolerant("tools[]", {
  type: z.literal("function"),
  name: toolName,
  description,
  parameters: jsonSchema.nullish(),
  strict: z.boolean().nullish(),
});

const namedTool = z.strictObject({ type: z.literal("function"), name: toolName });
/** Tools of other kinds may be among those that are allowed: none of them will be called. */
const allowedTool = z.union([namedTool, otherTool]);

const choiceObject = z.discriminatedUnion(
  "type",
  [
    namedTool,
    z.strictObject({
      type: z.literal("allowed_tools"),
      mode: toolMode.default("auto"),
      tools: z.array(allowedTool).min(1).max(TOOLS_MAX),
    }),
  ],
  "expected function or allowed_tools",
);

export const responseShape = {
  text: tolerant("text", {
    format: format.nullish(),
    verbosity: repeatedOnly(
      "text.verbosity",
      "the models are not told how long a reply should be",
      z.enum(["low", "medium", "high"]).nullish(),
    ),
  }).nullish(),
  tools: z
    .array(z.union([tool, otherTool]))
    .max(TOOLS_MAX)
    .nullish(),
  tool_choice: toolChoice(choiceObject),
  parallel_tool_calls: z.boolean().nullish(),
};

export type ShapeFields = z.infer<z.ZodObject<typeof responseShape>>;

/** Where a response's request has its schemas. */
export const responsePaths = {
  format: "text.format",
  schema: "text.format.schema",
  tools: "tools",
  parameters: (tool: number) => `tools[${tool}].parameters`,
};

/** Fails as `replyShape` does. */
export function shapeOf({ text, tools, tool_choice: choice, parallel_tool_calls: parallel }: ShapeFields): ReplyShape {
  const asked = { format: formatOf(text?.format), tools: functionsOf(tools), choice: flat(choice), parallel };
  return replyShape(asked);
}

/** Of the tools those that can be called. Notes the others. */
export const functionsOf = (tools: ShapeFields["tools"]) => tools && callable<z.infer<typeof tool>>(tools);

function flat(choice: ShapeFields["tool_choice"]): AskedShape["choice"] {
  if (choice == null || typeof choice === "string" || choice.type === "function") return choice;
  return { ...choice, tools: choice.tools.flatMap((one) => (one.type === "function" ? [one] : [])) };
}

function formatOf(asked: z.infer<typeof format> | null | undefined): ReplyShape["format"] {
  if (asked?.type !== "json_schema") return asked?.type === "json_object" ? asked : undefined;
  const { type, name, schema, strict } = asked;
  return { type, name, schema: schema as JsonSchema, strict: strict ?? false };
}
