/**
 * ConfigReader: typed access to a checkpoint's config.json; every miss names the field,
 * what was expected and what came.
 */
import { Failure } from "./failure.ts";

export class ConfigReader {
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #at: string;

  constructor(json: unknown, at = "config.json") {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new Failure("weights_invalid", `${at}: expected an object, got ${show(json)}`, { param: at });
    }
    this.#json = json as Record<string, unknown>;
    this.#at = at;
  }

  has(field: string): boolean {
    return this.#json[field] !== undefined && this.#json[field] !== null;
  }

  isNull(field: string): boolean {
    return this.#json[field] === null;
  }

  is(field: string, value: unknown): boolean {
    return this.#json[field] === value;
  }

  /** An integer from `min` to `max`; `fallback` stands in for an absent field. */
  int(field: string, fallback?: number, min = 1, max = Number.MAX_SAFE_INTEGER): number {
    const expected = max === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${min}` : `an integer from ${min} to ${max}`;
    const isIn = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= min && (v as number) <= max;
    return this.#read(field, fallback, expected, isIn);
  }

  /** Layers of the model: bounded, since a list is made of them. */
  depth(fallback: number): number {
    return this.int("num_hidden_layers", fallback, 1, 4096);
  }

  number(field: string, fallback?: number): number {
    return this.#read(field, fallback, "a finite number", (v): v is number => Number.isFinite(v));
  }

  boolean(field: string, fallback?: boolean): boolean {
    return this.#read(field, fallback, "true or false", (v): v is boolean => typeof v === "boolean");
  }

  string(field: string, fallback?: string): string {
    return this.#read(field, fallback, "a string", (v): v is string => typeof v === "string");
  }

  ints(field: string, fallback?: number[]): number[] {
    const isInts = (v: unknown): v is number[] => Array.isArray(v) && v.every((n) => Number.isSafeInteger(n));
    return this.#read(field, fallback, "a list of integers", isInts);
  }

  numbers(field: string, fallback?: number[]): number[] {
    const isNumbers = (v: unknown): v is unknown[] =>
      Array.isArray(v) && v.every((n) => typeof plainNumber(n) === "number");
    return this.#read<unknown[]>(field, fallback, "a list of numbers", isNumbers).map(plainNumber) as number[];
  }

  /** The first of these values, or a failure that lists them. */
  oneOf<const T extends string>(field: string, values: readonly T[], fallback?: T): T {
    const list = values.map((value) => JSON.stringify(value)).join(" or ");
    return this.#read(field, fallback, list, (v): v is T => (values as readonly unknown[]).includes(v));
  }

  /** A list of these values. */
  listOf<const T extends string>(field: string, values: readonly T[], fallback?: T[]): T[] {
    const list = `a list of ${values.map((value) => JSON.stringify(value)).join(", ")}`;
    const isOf = (v: unknown): v is T[] =>
      Array.isArray(v) && v.every((item) => (values as readonly unknown[]).includes(item));
    return this.#read(field, fallback, list, isOf);
  }

  /** An object of integers from `min` to `max`; absent reads as empty. */
  intsByName(field: string, min: number, max: number): Record<string, number> {
    const named = this.object(field);
    return Object.fromEntries(Object.keys(named.#json).map((name) => [name, named.int(name, undefined, min, max)]));
  }

  /** A nested object; absent reads as empty. */
  object(field: string): ConfigReader {
    return new ConfigReader(this.#json[field] ?? {}, `${this.#at}: ${field}`);
  }

  #read<T>(field: string, fallback: T | undefined, expected: string, is: (value: unknown) => value is T): T {
    const value = this.#json[field] ?? fallback;
    if (is(value)) return value;
    throw new Failure("weights_invalid", `${this.#at}: ${field}: expected ${expected}, got ${show(value)}`, {
      param: field,
    });
  }
}

/** transformers 5 writes infinities, which JSON has not, as {"__float__": "Infinity"}. */
function plainNumber(value: unknown): unknown {
  const name = (value as { __float__?: unknown } | null)?.__float__;
  return name === "Infinity" ? Infinity : name === "-Infinity" ? -Infinity : value;
}

const show = (value: unknown): string =>
  value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value)).slice(0, 80);
