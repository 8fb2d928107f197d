/** The fields of /v1/chat/completions that say what form the reply has. */
import * as z from "zod";
import type { ReplyShape } from "../../constrain/constraint.ts";
import { chatPaths, type ShapePaths } from "../../constrain/reply/reply-grammar.ts";
import { tolerant } from "../shared/ignored.ts";
import {
  type AskedShape,
  allowedFields,
  callable,
  functionFields,
  heldFormat,
  jsonSchema,
  replyFormat,
  replyShape,
  schemaFields,
  toolFields,
  toolName,
} from "../shared/reply-shape.ts";
import { isOlder, olderFields, olderShape } from "./older-calls.ts";

const responseFormat = replyFormat(
  z.strictObject({ type: z.literal("json_schema"), json_schema: z.strictObject(schemaFields) }),
  { schema: jsonSchema.nullish().openapi({ description: "As llama.cpp's clients say what the object is." }) },
);

const tool = tolerant("tools[]", {
  type: z.literal("function"),
  function: tolerant("tools[].function", functionFields),
});

const namedTool = z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: toolName }) });

const choiceObject = z.discriminatedUnion(
  "type",
  [
    namedTool,
    z.strictObject({
      type: z.literal("allowed_tools"),
      allowed_tools: z.strictObject(allowedFields(namedTool)),
    }),
  ],
  "expected function or allowed_tools",
);

export const chatShape = {
  response_format: responseFormat.nullish(),
  ...toolFields(tool, choiceObject),
  ...olderFields,
};

type Fields = z.infer<z.ZodObject<typeof chatShape>>;

/** Where a request has its schemas. */
export function pathsOf(body: Pick<Fields, "response_format" | "functions">): ShapePaths {
  return {
    ...chatPaths,
    ...(body.response_format?.type === "json_object" ? { schema: "response_format.schema" } : {}),
    ...(isOlder(body) ? { tools: "functions", parameters: (number) => `functions[${number}].parameters` } : {}),
  };
}

/** Fails as `replyShape` does. */
export function shapeOf(body: Fields): ReplyShape {
  const { response_format: asked, tools, tool_choice: choice, parallel_tool_calls: parallel } = body;
  const format = asked && asked.type !== "text" ? formatOf(asked) : undefined;
  const older = olderShape(body);
  if (older) return replyShape({ format, ...older });
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
  if (asked.type === "json_schema") return heldFormat(asked.json_schema);
  const { type, schema } = asked;
  return schema ? heldFormat({ name: "object", schema }) : { type };
}
