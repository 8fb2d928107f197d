/**
 * replyShape: what form a reply must have, from the fields of any endpoint; and the schemas that those fields share.
 */
import * as z from "zod";
import "./openapi.ts";
import type { JsonSchema, ReplyShape } from "../../constrain/constraint.ts";
import { check } from "../../core/failure.ts";
import { TEXT_MAX_CHARS, text } from "./fields.ts";
import { note } from "./ignored.ts";
import { atMost } from "./schema-refusal.ts";

export const TOOLS_MAX = 128;
const SCHEMA_MAX_CHARS = 65_536;

/** OpenAI has 64 characters, Anthropic and Open Responses 128. */
export const toolName = z.string().regex(/^[\w-]{1,128}$/, "expected 1 to 128 letters, digits, _ or -");
export const description = text(TEXT_MAX_CHARS).nullish();

/** Its keywords are looked at by `checkShape`. */
export const jsonSchema = z
  .record(z.string(), z.unknown())
  .superRefine(atMost(SCHEMA_MAX_CHARS, "characters", (schema) => JSON.stringify(schema).length))
  .openapi({
    type: "object",
    description: "A JSON Schema. A keyword that generation cannot be constrained to is refused by name.",
  });

const toolMode = z.enum(["auto", "required"]);

/** A tool of a kind that cannot be run here (`web_search`, `custom`, `mcp` …): left out, and named. */
export const otherTool = z
  .looseObject({
    type: z
      .string()
      .min(1)
      .max(64)
      .refine((type) => type !== "function", "expected a function as it is described"),
  })
  .transform(({ type }) => ({ type: "left_out" as const, kind: type }))
  .openapi({
    type: "object",
    description: "A tool of another type. It is left out, unless `tool_choice` requires it.",
  });

/** Of a list of tools those that can be called. Notes the others. */
export function callable<T extends { type: string }>(tools: readonly (T | z.infer<typeof otherTool>)[]): T[] {
  return tools.filter((tool, i): tool is T => {
    if (tool.type !== "left_out" || !("kind" in tool)) return true;
    note(`tools[${i}]:${tool.kind}`);
    return false;
  });
}

/** How a function is described, wherever an endpoint has the description. */
export const functionFields = {
  name: toolName,
  description,
  parameters: jsonSchema.nullish(),
  strict: z.boolean().nullish().openapi({
    description:
      "True: the arguments satisfy their whole schema, or the request is refused and the error names the keyword. Otherwise, what generation cannot be constrained to is checked afterwards.",
  }),
};

/**
 * `named`: how an endpoint names a function. Tools of other kinds may be among those that are
 * allowed: none of them will be called.
 */
export const allowedFields = <Named extends z.ZodType>(named: Named) => ({
  mode: toolMode.default("auto"),
  tools: z
    .array(z.union([named, otherTool]))
    .min(1)
    .max(TOOLS_MAX),
});

/** The fields about tools of an endpoint that is OpenAI's, with its forms of a function and of a choice. */
export const toolFields = <Tool extends z.ZodType, Choice extends z.ZodType>(tool: Tool, choice: Choice) => ({
  tools: z
    .array(z.union([tool, otherTool]))
    .max(TOOLS_MAX)
    .nullish(),
  tool_choice: z
    .union(
      [z.enum(["none", "auto", "required"]), choice],
      "expected none, auto, required or an object of type function or allowed_tools",
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
});

/** How a schema that a reply must have is described, wherever an endpoint has the description. */
export const schemaFields = { name: toolName, description, schema: jsonSchema, strict: z.boolean().nullish() };

/** A form of replies, of which `held` is the one with a schema. `ofObject`: what is said of a mere object. */
export const replyFormat = <Held extends z.ZodObject, Shape extends z.ZodRawShape>(held: Held, ofObject: Shape) =>
  z.discriminatedUnion(
    "type",
    [
      z.strictObject({ type: z.literal("text") }),
      z.strictObject({ type: z.literal("json_object"), ...ofObject }),
      held,
    ],
    "expected one of text, json_object, json_schema",
  );

/** The form that a schema asks for. */
export const heldFormat = ({ name, schema, strict }: z.infer<z.ZodObject<typeof schemaFields>>) => ({
  type: "json_schema" as const,
  name,
  schema: schema as JsonSchema,
  strict: strict ?? false,
});

interface AskedTool {
  name: string;
  description?: string | null | undefined;
  parameters?: Record<string, unknown> | null | undefined;
  strict?: boolean | null | undefined;
}

export interface AskedShape {
  format?: ReplyShape["format"];
  tools: AskedTool[] | null | undefined;
  choice:
    | ("none" | z.infer<typeof toolMode>)
    | { type: "function"; name: string }
    | { type: "allowed_tools"; mode: z.infer<typeof toolMode>; tools: { name: string }[] }
    | null
    | undefined;
  parallel: boolean | null | undefined;
}

/** Fails with `request_invalid` where the fields contradict each other. Schemas are looked at by `checkShape`. */
export function replyShape({ format, tools, choice, parallel }: AskedShape): ReplyShape {
  const names = (tools ?? []).map(({ name }) => name);
  const refuse = (param: string, holds: boolean, message: string) =>
    check(holds, "request_invalid", () => `${param}: ${message}`, param);
  refuse("tools", new Set(names).size === names.length, "expected every name once");
  // There may be no tools, or all of them were left out.
  const isFree = choice == null || choice === "none" || choice === "auto";
  refuse("tool_choice", isFree || names.length > 0, "expected at least one function in tools beside it");
  const isAllowing = typeof choice === "object" && choice?.type === "allowed_tools";
  // All that were allowed may have been left out.
  const noneAllowed = isAllowing && choice.tools.length === 0;
  refuse("tool_choice", !noneAllowed || choice.mode === "auto", "expected a function among the allowed tools");
  if (noneAllowed) return replyShape({ format, tools, choice: "none", parallel });
  const mode =
    choice == null || typeof choice === "string" ? choice : choice.type === "function" ? choice : choice.mode;
  const chosen =
    typeof choice !== "object" || choice === null ? [] : choice.type === "function" ? [choice] : choice.tools;
  const isThere = chosen.every(({ name }) => names.includes(name));
  refuse("tool_choice", isThere, "expected the name of one of the tools");
  return {
    ...(format ? { format } : {}),
    ...(names.length > 0 ? { tools: tools!.map(toTool) } : {}),
    ...(mode ? { toolChoice: typeof mode === "string" ? mode : { name: mode.name } } : {}),
    ...(isAllowing ? { allowedTools: choice.tools.map(({ name }) => name) } : {}),
    ...(parallel == null ? {} : { parallelToolCalls: parallel }),
  };
}

const toTool = ({ name, description: said, parameters, strict }: AskedTool) => ({
  name,
  ...(said ? { description: said } : {}),
  ...(parameters ? { parameters: parameters as JsonSchema } : {}),
  ...(strict ? { strict } : {}),
});
