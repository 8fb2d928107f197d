/** The fields of /v1/chat/completions that say what form the reply has. */
import { z } from "@hono/zod-openapi";
import type { JsonSchema, ReplyShape } from "../constrain/constraint.ts";
import { checkShape } from "../constrain/constraint-for.ts";
import type { ShapePaths } from "../constrain/reply-grammar.ts";
import { check } from "../core/failure.ts";
import { text } from "./fields.ts";

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

const namedTool = z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: toolName }) });
export const toolMode = z.enum(["auto", "required"]);

const choiceObject = z.discriminatedUnion(
  "type",
  [
    namedTool,
    z.strictObject({
      type: z.literal("allowed_tools"),
      allowed_tools: z.strictObject({ mode: toolMode, tools: z.array(namedTool).min(1).max(TOOLS_MAX) }),
    }),
  ],
  "expected function or allowed_tools",
);

export const chatShape = {
  response_format: responseFormat.nullish(),
  tools: z.array(tool).max(TOOLS_MAX).nullish(),
  tool_choice: z
    .union(
      [z.enum(["none", "auto", "required"]), choiceObject],
      "expected none, auto, required or an object of type function or allowed_tools",
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
  const toolChoice =
    choice == null || typeof choice === "string"
      ? choice
      : choice.type === "function"
        ? { name: choice.function.name }
        : choice.allowed_tools.mode;
  const allowed = typeof choice === "object" && choice?.type === "allowed_tools" && choice.allowed_tools.tools;
  const shape: ReplyShape = {
    ...(asked && asked.type !== "text" ? { format: formatOf(asked) } : {}),
    ...(names.length > 0 ? { tools: tools!.map(({ function: of }) => toolOf(of)) } : {}),
    ...(toolChoice ? { toolChoice } : {}),
    ...(allowed ? { allowedTools: allowed.map(({ function: { name } }) => name) } : {}),
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
