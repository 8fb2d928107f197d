/**
 * Requests that fit a schema of /openapi.json: what it asks for and no more, with a text of the
 * caller's wherever text may stand.
 */

// biome-ignore lint/suspicious/noExplicitAny: -- any JSON Schema
export type Schema = any;

export interface Operation {
  operationId: string;
  method: string;
  path: string;
  parameters: { name: string; in: "path" | "query"; required?: boolean; schema: Schema }[];
  /** Media type and schema of a body. */
  body?: { type: string; schema: Schema };
}

const METHODS = ["get", "post", "put", "patch", "delete"];

export function operationsOf(api: Schema): Operation[] {
  return Object.entries<Schema>(api.paths).flatMap(([path, methods]) =>
    Object.entries<Schema>(methods)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, { operationId, parameters = [], requestBody }]) => {
        const [type, { schema }] = Object.entries<Schema>(requestBody?.content ?? {})[0] ?? ["", {}];
        return {
          operationId,
          method: method.toUpperCase(),
          path,
          parameters,
          ...(type ? { body: { type, schema } } : {}),
        };
      }),
  );
}

const MAX_DEPTH = 8;

/** A value of `schema`; `fixed` gives values of fields by their names. */
export function sampleOf(
  api: Schema,
  schema: Schema,
  text: string,
  fixed: Record<string, unknown>,
  depth = 0,
): unknown {
  const sample = (of: Schema) => sampleOf(api, of, text, fixed, depth + 1);
  if (schema === undefined || schema === true || depth > MAX_DEPTH) return text;
  if (schema.$ref) return sample(api.components.schemas[schema.$ref.split("/").at(-1)]);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(sample));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return sample(choices.find((one: Schema) => one.type !== "null") ?? choices[0]);
  switch ([schema.type].flat().find((type) => type !== "null")) {
    case "array":
      return (schema.prefixItems ?? [schema.items]).map(sample);
    case "integer":
    case "number":
      return Math.min(schema.maximum ?? 16, Math.max(schema.minimum ?? 16, 16));
    case "boolean":
      return false;
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name: string) => [name, fixed[name] ?? sample(schema.properties?.[name])]),
      );
    default:
      return text;
  }
}
