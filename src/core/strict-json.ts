/**
 * parseJson: JSON from a file or a caller that nobody vouches for.
 *
 * Refuses what JSON.parse lets through: keys given twice, `__proto__`, deep nesting, invalid UTF-8, numbers beyond f64.
 * One pass, no recursion deeper than `maxDepth`. Python writes bare Infinity and NaN; `nonFinite` reads them as
 * {"__float__": "Infinity"}, as transformers does.
 */
import { Failure, type FailureCode } from "./failure.ts";
import { fieldPath } from "./field-path.ts";

interface JsonLimits {
  /** Name of the file or "body", for messages. */
  where: string;
  /** What a refusal is; `weights_invalid` unless given. */
  code?: FailureCode;
  maxBytes: number;
  maxDepth?: number;
  /** Names of one object; beyond some thousands each costs more than the last. No bound unless given. */
  maxNames?: number;
  nonFinite?: boolean;
}

export function parseJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  const { maxBytes } = limits;
  if (bytes.length > maxBytes) refuse(limits, `expected at most ${maxBytes} bytes, got ${bytes.length}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    refuse(limits, "not valid UTF-8");
  }
  return new Parser(text, limits).document();
}

function refuse({ where, code }: JsonLimits, message: string, key?: string): never {
  throw new Failure(code ?? "weights_invalid", `${where}: ${message}`, { param: code ? (key ?? null) : where });
}

/** A refused field's path in a message; what is nested too deep has a long one. */
const PATH_MAX_CHARS = 300;

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const nonFiniteWord = /-?Infinity|NaN/y;
const words: Record<string, unknown> = { true: true, false: false, null: null };

class Parser {
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #maxDepth: number;
  #at = 0;
  /** Names and numbers that lead to the value that is read. */
  readonly #path: (string | number)[] = [];

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
    this.#maxDepth = limits.maxDepth ?? 64;
  }

  document(): unknown {
    const value = this.#value(0);
    this.#match(space);
    if (this.#at < this.#text.length) this.#fail("expected the end");
    return value;
  }

  #value(depth: number): unknown {
    this.#match(space);
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth + 1);
      case "[":
        return this.#array(depth + 1);
      case '"':
        return this.#string();
    }
    const digits = this.#match(number);
    if (digits) return this.#number(digits);
    const known = this.#match(word);
    if (known) return words[known];
    const special = this.#limits.nonFinite ? this.#match(nonFiniteWord) : "";
    if (special) return { __float__: special };
    return this.#fail("expected a value");
  }

  #number(digits: string): number {
    const value = Number(digits);
    if (!Number.isFinite(value)) this.#beyond(`number ${digits.slice(0, 20)} is out of range`);
    return value;
  }

  #object(depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const { maxNames = Number.POSITIVE_INFINITY } = this.#limits;
    let names = 0;
    this.#open(depth);
    if (this.#skip("}")) return result;
    do {
      this.#match(space);
      const key = this.#string();
      if (key === "__proto__") this.#fail('key "__proto__" is not allowed', key);
      if (Object.hasOwn(result, key))
        this.#fail(`key ${JSON.stringify(key).slice(0, 80)} is given twice`, key.slice(0, 80));
      if (!this.#skip(":")) this.#fail('expected ":"');
      const value = this.#within(key, depth);
      // Those beyond the bound are counted and not kept.
      if (++names <= maxNames) result[key] = value;
    } while (this.#skip(","));
    if (!this.#skip("}")) this.#fail('expected "," or "}"');
    if (names > maxNames) this.#beyond(`expected at most ${maxNames} names in an object, got ${names}`);
    return result;
  }

  #array(depth: number): unknown[] {
    const result: unknown[] = [];
    this.#open(depth);
    if (this.#skip("]")) return result;
    do result.push(this.#within(result.length, depth));
    while (this.#skip(","));
    if (!this.#skip("]")) this.#fail('expected "," or "]"');
    return result;
  }

  #within(step: string | number, depth: number): unknown {
    this.#path.push(step);
    const value = this.#value(depth);
    this.#path.pop();
    return value;
  }

  #string(): string {
    if (this.#text[this.#at] !== '"') this.#fail("expected a string");
    let end = this.#at;
    do end = this.#text.indexOf('"', end + 1);
    while (end > 0 && this.#isEscaped(end));
    if (end < 0) this.#fail("the string has no end");
    try {
      const value: string = JSON.parse(this.#text.slice(this.#at, end + 1));
      this.#at = end + 1;
      return value;
    } catch {
      return this.#fail("not a string");
    }
  }

  /** Whether an odd number of backslashes stands before `at`. */
  #isEscaped(at: number): boolean {
    let before = at;
    while (this.#text[before - 1] === "\\") before -= 1;
    return (at - before) % 2 === 1;
  }

  #open(depth: number): void {
    if (depth > this.#maxDepth) this.#beyond(`nested deeper than ${this.#maxDepth}`);
    this.#at += 1;
  }

  #skip(char: string): boolean {
    this.#match(space);
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  /** The text that matches here, or "". */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return "";
    const from = this.#at;
    this.#at = pattern.lastIndex;
    return this.#text.slice(from, this.#at);
  }

  /**
   * Refuses the value that is read: it is JSON, and more than the limits allow. A caller's
   * fields are named without `where`.
   */
  #beyond(message: string): never {
    const { code } = this.#limits;
    const field = fieldPath(this.#path).slice(0, PATH_MAX_CHARS);
    if (code && field) throw new Failure(code, `${field}: ${message}`, { param: field });
    refuse(this.#limits, field ? `${field}: ${message}` : message);
  }

  #fail(message: string, key?: string): never {
    refuse(this.#limits, `not valid JSON at character ${this.#at}: ${message}`, key);
  }
}
