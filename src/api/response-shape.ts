/** The fields of /v1/responses that say what form the reply has. */
import { z } from "@hono/zod-openapi";
import type { JsonSchema, ReplyShape, Tool } from "../constrain/constraint.ts";
import { checkShape } from "../constrain/constraint-for.ts";
import { check } from "../core/failure.ts";
import { description, jsonSchema, TOOLS_MAX, toolMode, toolName } from "./chat-shape.ts";

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
  tool_choice: z
    .union(
      [z.enum(["none", "auto", "required"]), choiceObject],
      "expected none, auto, required or an object of type function or allowed_tools",
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};

type Fields = z.infer<z.ZodObject<typeof responseShape>>;

const paths = {
  format: "text.format",
  schema: "text.format.schema",
  tools: "tools",
  parameters: (tool: number) => `tools[${tool}].parameters`,
};

/** Fails with `request_invalid` where the choice names a tool that is not there, or a schema asks for what replies cannot be held to. */
export function shapeOf({ text, tools, tool_choice, parallel_tool_calls }: Fields): ReplyShape {
  const asked = text?.format;
  const names = (tools ?? []).map(({ name }) => name);
  const choice = typeof tool_choice === "string" ? { type: "any" as const, mode: tool_choice } : tool_choice;
  const toolChoice = choice?.type === "function" ? { name: choice.name } : choice?.mode;
  const refuse = (param: string, holds: boolean, message: string) =>
    check(holds, "request_invalid", () => `${param}: ${message}`, param);
  refuse("tools", new Set(names).size === names.length, "expected every name once");
  const needsTools = choice != null && (choice.type !== "any" || choice.mode === "required");
  refuse("tool_choice", !needsTools || names.length > 0, "expected tools beside it");
  const shape: ReplyShape = {
    ...(asked?.type === "json_object" ? { format: asked } : {}),
    ...(asked?.type === "json_schema"
      ? {
          format: {
            type: asked.type,
            name: asked.name,
            schema: asked.schema as JsonSchema,
            strict: asked.strict ?? true,
          },
        }
      : {}),
    ...(names.length > 0 ? { tools: tools!.map(toTool) } : {}),
    ...(toolChoice ? { toolChoice } : {}),
    ...(choice?.type === "allowed_tools" ? { allowedTools: choice.tools.map(({ name }) => name) } : {}),
    ...(parallel_tool_calls == null ? {} : { parallelToolCalls: parallel_tool_calls }),
  };
  checkShape(shape, paths);
  return shape;
}

const toTool = ({ name, description: said, parameters }: z.infer<typeof tool>): Tool => ({
  name,
  ...(said ? { description: said } : {}),
  ...(parameters ? { parameters: parameters as JsonSchema } : {}),
});
