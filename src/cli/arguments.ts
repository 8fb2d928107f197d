/** Parsers of option values. */
import { InvalidArgumentError } from "commander";

export const integer =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected an integer from ${min} to ${max}.`);
  };

/** `20=2048,23=2048` → { 20: 2048, 23: 2048 }, with values up to `max`. */
export const integersByIndex =
  (max: number) =>
  (text: string): Record<string, number> => {
    const pairs = text.split(",").map((pair) => /^(\d+)=(\d+)$/.exec(pair.trim()));
    const values = Object.fromEntries(pairs.map((pair) => [Number(pair?.[1]), Number(pair?.[2])]));
    const valid = Object.values(values).every((value) => value >= 1 && value <= max);
    if (valid && pairs.every((pair) => pair) && Object.keys(values).length === pairs.length) return values;
    throw new InvalidArgumentError(`expected pairs like 20=2048,23=2048, each index once, values from 1 to ${max}.`);
  };

export function jsonObject(text: string): Record<string, never> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, never>;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError("expected a JSON object.");
}
