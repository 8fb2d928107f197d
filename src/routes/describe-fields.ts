/** describeFields: a description for every field and parameter of the document whose schema has none of its own. */
import { fieldWords } from "../api/shared/field-descriptions.ts";

type Node = { [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

const wordsFor = (owner: string, name: string): string | undefined =>
  fieldWords[`${owner}.${name}`] ?? fieldWords[name];

function describe(owner: string, name: string, field: unknown): void {
  const words = wordsFor(owner, name);
  if (isNode(field) && field.description === undefined && words !== undefined) field.description = words;
}

/** Changes the document. `owner`: the field or component that `node` is the schema of. */
export function describeFields(node: unknown, owner = ""): void {
  if (!isNode(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (!isNode(value)) continue;
    if (key === "parameters" && Array.isArray(value)) {
      for (const parameter of value) {
        const described = parameter.description ?? parameter.schema?.description;
        if (described === undefined) describe(owner, parameter.name.replace("[]", ""), parameter);
      }
    } else if (key === "properties" || key === "schemas") {
      for (const [name, field] of Object.entries(value)) {
        if (key === "properties") describe(owner, name, field);
        describeFields(field, name);
      }
    } else describeFields(value, owner);
  }
}
