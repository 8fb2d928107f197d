/**
 * ChatTemplate: renders a pack's Jinja chat template, within bounds of steps and size.
 *
 * Failure `weights_invalid` when the template is broken; TemplateRefusal when it calls raise_exception.
 */
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { check, Failure } from "../core/failure.ts";
import { type Side, strftime, strip } from "./python-text.ts";
import { resolveLayout } from "./template-layout.ts";

const MAX_TEMPLATE_LENGTH = 1 << 17;
/** Syntax nodes evaluated: large published templates need a few hundred per message. */
const STEPS = 100_000;
const STEPS_PER_MESSAGE = 5_000;
/** UTF-16 units of any value; contents are short placeholders. */
const MAX_LENGTH = 1 << 20;
const MAX_RANGE = 10_000;

/** The template's own words on why it does not take these messages. */
export class TemplateRefusal extends Error {}

export class ChatTemplate {
  readonly #program: ReturnType<typeof parse>;

  constructor(source: string) {
    check(
      source.length <= MAX_TEMPLATE_LENGTH,
      "weights_invalid",
      () => `chat template: longer than ${MAX_TEMPLATE_LENGTH}`,
      "template",
    );
    this.#program = orInvalid(() => parse(tokenize(resolveLayout(source))));
  }

  /** `constants` have the tokenizer's fields (bos_token …); what is not plain is left out. */
  render(
    messages: readonly object[],
    addGenerationPrompt: boolean,
    constants: Readonly<Record<string, unknown>>,
  ): string {
    const environment = new Environment();
    const globals = {
      ...constants,
      true: true,
      True: true,
      false: false,
      False: false,
      none: null,
      None: null,
      raise_exception: (message: unknown) => {
        throw new TemplateRefusal(String(message));
      },
      range,
      strftime_now: (format: unknown) => strftime(new Date(), String(format)),
      messages,
      add_generation_prompt: addGenerationPrompt,
    };
    for (const [name, value] of Object.entries(globals)) if (name !== "namespace") environment.set(name, value);
    return orInvalid(() => {
      const interpreter = new BoundedInterpreter(environment, STEPS + STEPS_PER_MESSAGE * messages.length);
      return interpreter.run(this.#program).value as string;
    });
  }
}

type Value = ReturnType<Interpreter["evaluate"]>;

const SIDES: readonly string[] = ["strip", "lstrip", "rstrip"];

class BoundedInterpreter extends Interpreter {
  #stepsLeft: number;

  constructor(environment: Environment, steps: number) {
    super(environment);
    this.#stepsLeft = steps;
  }

  override evaluate(...args: Parameters<Interpreter["evaluate"]>): Value {
    if (this.#stepsLeft-- <= 0) throw new RangeError("does not end in time");
    const result = this.#stripping(...args) ?? super.evaluate(...args);
    const size = (result.value as { length?: unknown } | null | undefined)?.length;
    if (typeof size === "number" && size > MAX_LENGTH) throw new RangeError("makes too long a text");
    return result;
  }

  #stripping(...[statement, environment]: Parameters<Interpreter["evaluate"]>): Value | undefined {
    if (statement?.type !== "MemberExpression") return undefined;
    const { object, property } = statement as unknown as Record<
      "object" | "property",
      { type: string; value?: unknown }
    >;
    const side = property.value;
    if (typeof side !== "string" || !SIDES.includes(side)) return undefined;
    return stripMethod(this.evaluate(object as typeof statement, environment), side as Side);
  }
}

/** The method that a member of a text stands for, where the library's takes no characters: `content.lstrip("\n")`. */
function stripMethod(text: Value, side: Side): Value | undefined {
  const library = text.builtins.get(side);
  if (text.type !== "StringValue" || !library) return undefined;
  const Text = text.constructor as new (value: string) => Value;
  const Method = library.constructor as new (call: (given: Value[]) => Value) => Value;
  return new Method(([characters]) => {
    const isGiven = characters?.type === "StringValue";
    if (characters && !isGiven && characters.type !== "NullValue") throw new TypeError(`${side}() expects a text`);
    return new Text(strip(text.value as string, side, isGiven ? (characters.value as string) : undefined));
  });
}

function orInvalid<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof Failure || cause instanceof TemplateRefusal) throw cause;
    throw new Failure("weights_invalid", `chat template: ${(cause as Error).message}`, { param: "template", cause });
  }
}

/** Python's. */
function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= MAX_RANGE)) throw new RangeError(`range() of more than ${MAX_RANGE}`);
  return Array.from({ length }, (_, i) => start + i * step);
}
