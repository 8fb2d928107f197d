/** The fields of /v1/chat/completions that say what form the reply has. */
import * as z from "zod";
import type { ReplyShape } from "../../constrain/constraint.ts";
import { tolerant } from "../shared/ignored.ts";
import {
  type AskedShape,
  allowedFields,
  callable,
  functionFields,
  heldFormat,
  replyFormat,
  replyShape,
  schemaFields,
  toolFields,
  toolName,
} from "../shared/reply-shape.ts";

const responseFormat = replyFormat(
  z.strictObject({ type: z.literal("json_schema"), json_schema: z.strictObject(schemaFields) }),
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

export const chatShape = { response_format: responseFormat.nullish(), ...toolFields(tool, choiceObject) };

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
  return asked.type === "json_object" ? asked : heldFormat(asked.json_schema);
}
