/** The fields of /v1/chat/completions that say what form the reply has. */
import * as z from "zod";
import "../shared/openapi.ts";
import type { JsonSchema, ReplyShape } from "../../constrain/constraint.ts";
import { tolerant } from "../shared/ignored.ts";
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

const tool = tolerant("tools[]", {
  type: z.literal("function"),
  function: tolerant("tools[].function", {
    name: toolName,
    description,
    parameters: jsonSchema.nullish(),
    strict: z.boolean().nullish().openapi({
      description:
        "True: the arguments satisfy their whole schema, or the request is refused and the error names the keyword. Otherwise, what generation cannot be constrained to is checked afterwards.",
    }),
  }),
});

const namedTool = z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: toolName }) });
/** Tools of other kinds may be among those that are allowed: none of them will be called. */
const allowedTool = z.union([namedTool, otherTool]);

const choiceObject = z.discriminatedUnion(
  "type",
  [
    namedTool,
    z.strictObject({
      type: z.literal("allowed_tools"),
      allowed_tools: z.strictObject({
        mode: toolMode.default("auto"),
        tools: z.array(allowedTool).min(1).max(TOOLS_MAX),
      }),
    }),
  ],
  "expected function or allowed_tools",
);

export const chatShape = {
  response_format: responseFormat.nullish(),
  tools: z
    .array(z.union([tool, otherTool]))
    .max(TOOLS_MAX)
    .nullish(),
  tool_choice: toolChoice(choiceObject),
  parallel_tool_calls: z.boolean().nullish(),
};

type Fields = z.infer<z.ZodObject<typeof chatShape>>;

/** Fails as `replyShape` does. */
export function shapeOf({
  response_format: asked,
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: Fields): ReplyShape {
  const format = asked && asked.type !== "text" ? formatOf(asked) : undefined;
  const functions = tools && callable<z.infer<typeof tool>>(tools);
  return replyShape({ format, tools: functions?.map((one) => one.function), choice: flat(choice), parallel });
}

/** A choice as the Responses API writes it. */
function flat(choice: Fields["tool_choice"]): AskedShape["choice"] {
  if (choice == null || typeof choice === "string") return choice;
  if (choice.type === "function") return { type: choice.type, name: choice.function.name };
  const { mode, tools } = choice.allowed_tools;
  return { type: choice.type, mode, tools: tools.flatMap((one) => (one.type === "function" ? [one.function] : [])) };
}

function formatOf(
  asked: Exclude<NonNullable<Fields["response_format"]>, { type: "text" }>,
): NonNullable<ReplyShape["format"]> {
  if (asked.type === "json_object") return asked;
  const { name, schema, strict } = asked.json_schema;
  return { type: "json_schema", name, schema: schema as JsonSchema, strict: strict ?? false };
}
