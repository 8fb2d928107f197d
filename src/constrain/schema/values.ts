/** JSON values: their kinds, and when two are the same. */
import { TextSet } from "../../core/text-keys.ts";
import type { Budget } from "../language/budget.ts";

export const typeNames = ["object", "array", "string", "number", "integer", "boolean", "null"] as const;
export type TypeName = (typeof typeNames)[number];

export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whole numbers are numbers here. */
export function typeOf(value: unknown): Exclude<TypeName, "integer"> {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : (typeof value as "object");
}

/** Equality of JSON values: the order of an object's names does not matter. */
export function isSame(a: unknown, b: unknown, budget: Budget): boolean {
  budget.spend(1);
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => isSame(item, b[i], budget));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name], budget))
  );
}

/** Whether a value is the same as one of these; the list is looked through once, however many values are asked for. */
export function among(values: readonly unknown[], budget: Budget): (value: unknown) => boolean {
  if (values.length === 0) return () => false;
  const texts = new TextSet(values.map((value) => canonical(value, budget)));
  return (value) => texts.has(canonical(value, budget));
}

/** The same text for the same value. */
export function canonical(value: unknown, budget: Budget): string {
  budget.spend(1);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, budget)).join()}]`;
  if (typeof value === "string") budget.spend(value.length >> 5);
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name], budget)}`).join()}}`;
}
