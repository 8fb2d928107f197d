/**
 * replyGrammar: what a reply may be: JSON of a schema, or text, or calls of tools.
 *
 * A call is written in the form that models are trained on (Hermes, Qwen, Granite):
 *   <tool_call>\n{"name": "…", "arguments": {…}}\n</tool_call>
 * All but the arguments is fixed, so that `replyText` gives back exactly what the model wrote.
 */
import { check } from "../../core/failure.ts";
import type { Work } from "../../core/work.ts";
import type { HeldSchema, JsonSchema, ReplyShape, Tool } from "../constraint.ts";
import { Automaton } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { failureAt } from "../schema/place.ts";
import { schemaGrammar } from "../schema/schema-grammar.ts";

export const CALL_OPEN = "<tool_call>";
export const CALL_CLOSE = "</tool_call>";
/** Calls in one reply; a model that repeats itself would not end. */
const MAX_CALLS = 16;

interface ToolCall {
  id: string;
  name: string;
  /** JSON text, as the model wrote it. */
  arguments: string;
}

const callHead = (name: string): string => `${CALL_OPEN}\n{"name": ${JSON.stringify(name)}, "arguments": `;
const CALL_TAIL = `}\n${CALL_CLOSE}`;
const CALL_SEPARATOR = "\n";

/** The text of a reply with calls. */
export function replyText(content: string, calls: readonly Omit<ToolCall, "id">[]): string {
  const texts = calls.map((call) => `${callHead(call.name)}${call.arguments}${CALL_TAIL}`);
  return content + texts.join(CALL_SEPARATOR);
}

/** Where a request has its schemas, for failures. */
export interface ShapePaths {
  format: string;
  schema: string;
  tools: string;
  /** Of the tool with this number. */
  parameters: (tool: number) => string;
}

export const chatPaths: ShapePaths = {
  format: "response_format",
  schema: "response_format.json_schema.schema",
  tools: "tools",
  parameters: (tool) => `tools[${tool}].function.parameters`,
};

export interface ReplyLanguage {
  expr: Expr;
  schemas: HeldSchema[];
}

/**
 * Undefined when any text will do. Failure `request_invalid` or `schema_too_complex` that names what cannot be held to.
 */
export function* replyGrammar(
  g: Grammar,
  shape: ReplyShape,
  paths: ShapePaths = chatPaths,
): Work<ReplyLanguage | undefined> {
  const schemas: HeldSchema[] = [];
  try {
    const expr = yield* grammarOf(g, shape, paths, schemas);
    return expr && { expr, schemas };
  } catch (thrown) {
    // Each schema was taken, but together they are too much.
    throw failureAt(shape.tools ? paths.tools : paths.format, thrown);
  }
}

function* grammarOf(
  g: Grammar,
  { format, tools = [], toolChoice, allowedTools, parallelToolCalls }: ReplyShape,
  paths: ShapePaths,
  schemas: HeldSchema[],
): Work<Expr | undefined> {
  const content = format && (yield* contentGrammar(g, format, paths, schemas));
  if (tools.length === 0) return content;
  const choice = toolChoice ?? "auto";
  // Also tools that this reply may not call are checked.
  const all: { name: string; call: Expr }[] = [];
  for (const [i, tool] of tools.entries()) {
    all.push({ name: tool.name, call: yield* call(g, tool, paths.parameters(i), schemas) });
    yield* g.budget.pause();
  }
  const named = typeof choice === "object" ? choice.name : undefined;
  const wanted = new Set(named === undefined ? allowedTools : [named]);
  const callable = all.filter(({ name }) => wanted.size === 0 || wanted.has(name));
  const isThere = callable.length >= wanted.size;
  check(isThere, "request_invalid", () => "tool_choice: expected the name of one of the tools", "tool_choice");
  const one = g.union(callable.map((tool) => tool.call));
  const isSingle = named !== undefined || parallelToolCalls === false;
  const calls = g.seq(one, g.repeat(g.seq(g.literal(CALL_SEPARATOR), one), 0, isSingle ? 0 : MAX_CALLS - 1));
  if (choice === "required" || named !== undefined) return calls;
  if (choice === "none") return content ?? textBefore(g, g.never);
  return content ? g.alt(content, calls) : textBefore(g, calls);
}

function* contentGrammar(
  g: Grammar,
  format: NonNullable<ReplyShape["format"]>,
  paths: ShapePaths,
  schemas: HeldSchema[],
): Work<Expr> {
  if (format.type === "json_object") return (yield* schemaGrammar(g, true, paths.format, { only: "object" })).expr;
  const { schema, strict } = format;
  const { expr, leftOut } = yield* schemaGrammar(g, schema, paths.schema, { strict });
  schemas.push({ path: paths.schema, schema, leftOut });
  return expr;
}

function* call(g: Grammar, { name, parameters, strict }: Tool, path: string, schemas: HeldSchema[]): Work<Expr> {
  const schema: JsonSchema = parameters ?? { type: "object", properties: {}, additionalProperties: false };
  const { expr, leftOut } = yield* schemaGrammar(g, schema, path, { only: "object", strict: strict === true });
  schemas.push({ path, schema, tool: name, leftOut });
  return g.seq(g.literal(callHead(name)), expr, g.literal(CALL_TAIL));
}

/** Any bytes without a call; or up to where the first begins, and from there on `calls`. */
function textBefore(g: Grammar, calls: Expr): Expr {
  const plain = g.automaton(WITHOUT_CALLS, 0);
  if (calls.kind === "never") return plain;
  // Text before a call ends where the call begins: it may be any text without one, and no piece of it either.
  return g.alt(plain, g.seq(plain, calls));
}

/** Any bytes without `trigger`. */
function textWithout(trigger: string): Automaton {
  const length = trigger.length;
  const letters = [...new Set(trigger)];
  const classOf = new Uint8Array(256).fill(letters.length);
  letters.forEach((letter, i) => {
    classOf[letter.charCodeAt(0)] = i;
  });
  const classes = letters.length + 1;
  const next = new Int32Array(length * classes);
  for (let state = 0; state < length; state++) {
    letters.forEach((letter, i) => {
      const read = trigger.slice(0, state) + letter;
      let matched = read.length;
      while (!read.endsWith(trigger.slice(0, matched))) matched--;
      next[state * classes + i] = matched === length ? -1 : matched;
    });
  }
  return new Automaton(new Uint8Array(length).fill(1), classOf, next, true);
}

const WITHOUT_CALLS = textWithout(CALL_OPEN);
