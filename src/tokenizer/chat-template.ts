/**
 * ChatTemplate: renders a pack's Jinja chat template, within bounds of steps and size.
 *
 * Failure `weights_invalid` when the template is broken; TemplateRefusal when it calls raise_exception.
 */
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { check, Failure } from "../core/failure.ts";

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
    // As transformers sets Jinja up.
    this.#program = orInvalid(() => parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })));
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

class BoundedInterpreter extends Interpreter {
  #stepsLeft: number;

  constructor(environment: Environment, steps: number) {
    super(environment);
    this.#stepsLeft = steps;
  }

  override evaluate(...args: Parameters<Interpreter["evaluate"]>): ReturnType<Interpreter["evaluate"]> {
    if (this.#stepsLeft-- <= 0) throw new RangeError("does not end in time");
    const result = super.evaluate(...args);
    const size = (result.value as { length?: unknown } | null | undefined)?.length;
    if (typeof size === "number" && size > MAX_LENGTH) throw new RangeError("makes too long a text");
    return result;
  }
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

const MONTHS = "January February March April May June July August September October November December".split(" ");

/** Python's, in UTC, for the codes that templates use. */
function strftime(date: Date, format: string): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const month = MONTHS[date.getUTCMonth()]!;
  const fields: Record<string, string> = {
    "%Y": String(date.getUTCFullYear()),
    "%m": two(date.getUTCMonth() + 1),
    "%d": two(date.getUTCDate()),
    "%B": month,
    "%b": month.slice(0, 3),
    "%H": two(date.getUTCHours()),
    "%M": two(date.getUTCMinutes()),
    "%S": two(date.getUTCSeconds()),
    "%%": "%",
  };
  return format.replace(/%./g, (code) => fields[code] ?? code);
}
