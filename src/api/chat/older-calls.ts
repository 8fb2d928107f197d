/**
 * Calls in OpenAI's older form, which published clients still speak: `functions` and `function_call` in place of
 * `tools` and `tool_choice`, and one `function_call` in the reply in place of a list.
 */
import * as z from "zod";
import { check } from "../../core/failure.ts";
import { tolerant } from "../shared/ignored.ts";
import { type AskedShape, functionFields, TOOLS_MAX, toolName } from "../shared/reply-shape.ts";

const { name, description, parameters } = functionFields;

export const olderFields = {
  functions: z
    .array(tolerant("functions[]", { name, description, parameters }))
    .max(TOOLS_MAX)
    .nullish()
    .openapi({ description: "The older form of `tools`: the reply has at most one call, as `function_call`." }),
  function_call: z
    .union(
      [z.enum(["none", "auto"]), tolerant("function_call", { name: toolName })],
      "expected none, auto or an object with a name",
    )
    .nullish()
    .openapi({ description: "The older form of `tool_choice`, beside `functions`." }),
};

type OlderFields = z.infer<z.ZodObject<typeof olderFields>>;
interface NewerFields {
  tools?: readonly unknown[] | null | undefined;
  tool_choice?: unknown;
}

/** The request has functions, so its reply has the older form. */
export const isOlder = ({ functions }: OlderFields): boolean => (functions ?? []).length > 0;

/** What the older fields ask for, where they ask for anything. Fails with `request_invalid` beside the newer ones. */
export function olderShape(body: OlderFields & NewerFields): Omit<AskedShape, "format"> | undefined {
  const { functions, function_call: choice } = body;
  const refuse = (param: string, holds: boolean, message: string) =>
    check(holds, "request_invalid", () => `${param}: ${message}`, param);
  const isFree = choice == null || typeof choice === "string";
  refuse("function_call", isFree || isOlder(body), "expected functions beside it");
  if (!isOlder(body)) return undefined;
  refuse("functions", (body.tools ?? []).length === 0, "expected either these or tools");
  refuse("tool_choice", body.tool_choice == null, "expected function_call beside functions");
  refuse(
    "functions",
    new Set(functions!.map((one) => one.name)).size === functions!.length,
    "expected every name once",
  );
  const isThere = isFree || functions!.some((one) => one.name === choice.name);
  refuse("function_call", isThere, "expected the name of one of the functions");
  return {
    tools: functions,
    choice: isFree ? choice : { type: "function", name: choice.name },
    parallel: false,
  };
}

/** A message, or a piece of one, whose one call has the older form. */
export function withOlderCall<Words extends { tool_calls?: readonly { function?: object }[] }>({
  tool_calls: calls,
  ...words
}: Words) {
  return calls?.[0] ? { ...words, function_call: calls[0].function } : words;
}
