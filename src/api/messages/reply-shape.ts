/** The fields of /v1/messages that say what form the reply has. */
import * as z from "zod";
import "../shared/openapi.ts";
import type { ReplyShape } from "../../constrain/constraint.ts";
import type { ShapePaths } from "../../constrain/reply/reply-grammar.ts";
import { check } from "../../core/failure.ts";
import { tolerant, withoutEffect } from "../shared/ignored.ts";
import {
  callable,
  description,
  jsonSchema,
  otherTool,
  replyShape,
  TOOLS_MAX,
  toolName,
} from "../shared/reply-shape.ts";

const tool = tolerant("tools[]", {
  type: z.literal("custom").nullish(),
  name: toolName,
  description,
  input_schema: jsonSchema.nullish(),
  strict: z.boolean().nullish(),
}).transform((one) => ({ ...one, type: "custom" as const }));

/** A tool of a kind that cannot be run here; one that calls itself custom is meant as a function. */
const serverTool = otherTool.refine(({ kind }) => kind !== "custom", "expected a tool as it is described");

const parallel = { disable_parallel_tool_use: z.boolean().nullish() };
const choice = z.discriminatedUnion(
  "type",
  [
    tolerant("tool_choice", { type: z.enum(["auto", "any", "none"]), ...parallel }),
    tolerant("tool_choice", { type: z.literal("tool"), name: toolName, ...parallel }),
  ],
  "expected an object of type auto, any, tool or none",
);

const format = tolerant("output_config.format", {
  type: z.literal("json_schema", "expected json_schema"),
  schema: jsonSchema,
  name: toolName.nullish(),
});

export const messageShape = {
  tools: z
    .array(z.union([tool, serverTool]))
    .max(TOOLS_MAX)
    .nullish(),
  tool_choice: choice.nullish(),
  output_config: tolerant("output_config", {
    format: format.nullish(),
    ...withoutEffect({ effort: "the models are not told how long a reply should be" }, "output_config."),
  }).nullish(),
  output_format: format.nullish().openapi({ description: "The older name of `output_config.format`." }),
};

type Fields = z.infer<z.ZodObject<typeof messageShape>>;

/** Where a request has its schemas. */
export const messagePaths: ShapePaths = {
  format: "output_config.format",
  schema: "output_config.format.schema",
  tools: "tools",
  parameters: (number) => `tools[${number}].input_schema`,
};

const modes = { auto: "auto", any: "required", none: "none" } as const;

/** `inherits`: the tools are those of the turn before, which only its object knows. Fails as `replyShape` does. */
export function shapeOf(
  { tools, tool_choice: asked, output_config: output, output_format }: Fields,
  inherits = false,
): ReplyShape {
  const functions = tools && callable<z.infer<typeof tool>>(tools);
  const wanted = functions?.map(({ input_schema: parameters, ...one }) => ({ ...one, parameters }));
  const isTwice = output?.format != null && output_format != null;
  check(!isTwice, "request_invalid", () => "output_format: expected this or output_config.format", "output_format");
  const given = output?.format ?? output_format;
  const held = given && {
    type: "json_schema" as const,
    name: given.name ?? "output",
    schema: given.schema,
    strict: false,
  };
  const flat = asked && (asked.type === "tool" ? { type: "function" as const, name: asked.name } : modes[asked.type]);
  const single = asked?.disable_parallel_tool_use == null ? undefined : !asked.disable_parallel_tool_use;
  if (inherits)
    return {
      ...(held ? { format: held } : {}),
      ...(flat ? { toolChoice: typeof flat === "string" ? flat : { name: flat.name } } : {}),
      ...(single === undefined ? {} : { parallelToolCalls: single }),
    };
  const shape = { tools: wanted, choice: flat, parallel: single };
  return replyShape(held ? { ...shape, format: held } : shape);
}
