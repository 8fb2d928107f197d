/** The fields of /v1/responses that say what form the reply has. */
import * as z from "zod";
import type { ReplyShape } from "../../constrain/constraint.ts";
import { repeatedOnly, tolerant } from "../shared/ignored.ts";
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

const format = replyFormat(z.strictObject({ type: z.literal("json_schema"), ...schemaFields }), {});

const tool = tolerant("tools[]", { type: z.literal("function"), ...functionFields });

const namedTool = z.strictObject({ type: z.literal("function"), name: toolName });

const choiceObject = z.discriminatedUnion(
  "type",
  [namedTool, z.strictObject({ type: z.literal("allowed_tools"), ...allowedFields(namedTool) })],
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
  ...toolFields(tool, choiceObject),
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
  if (asked?.type === "json_schema") return heldFormat(asked);
  return asked?.type === "json_object" ? asked : undefined;
}
