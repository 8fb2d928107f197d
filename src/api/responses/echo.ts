/** echoOf: what a response repeats of its request, in the shapes that OpenAI's clients expect there. */
import { functionsOf, type ShapeFields } from "./reply-shape.ts";

const REPEATED = [
  "background",
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "metadata",
  "parallel_tool_calls",
  "previous_response_id",
  "prompt_cache_key",
  "safety_identifier",
  "store",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
  "truncation",
  "user",
] as const;

type Repeated = { [Field in (typeof REPEATED)[number]]?: unknown } & ShapeFields & {
    conversation?: string | { id: string } | null | undefined;
  };

export function echoOf(body: Repeated): Record<string, unknown> {
  const given = REPEATED.filter((field) => body[field] != null).map((field) => [field, body[field]]);
  const { conversation } = body;
  const place =
    conversation == null
      ? {}
      : { conversation: typeof conversation === "string" ? { id: conversation } : conversation };
  // OpenAI's shapes leave nothing out, and have no word for a tool that was left out.
  const tools = functionsOf(body.tools)?.map((tool) => ({
    description: null,
    parameters: null,
    strict: false,
    ...tool,
  }));
  return { ...Object.fromEntries(given), ...textOf(body), ...(tools ? { tools } : {}), ...place };
}

function textOf({ text }: Pick<ShapeFields, "text">): Record<string, unknown> {
  if (text == null) return {};
  const { format } = text;
  // Open Responses has null where the schema was, and its typed client refuses anything else.
  const whole =
    format?.type === "json_schema"
      ? { description: null, ...format, schema: null, strict: format.strict ?? false }
      : format;
  return { text: { ...text, format: whole ?? { type: "text" } } };
}
