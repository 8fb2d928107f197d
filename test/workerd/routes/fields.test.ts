/** Every field of every request body and query, at its bounds and beyond them, as /openapi.json states them. */
import { describe, expect, it } from "vitest";
import { parse } from "../../../src/api/shared/parse-body.ts";
import { Failure } from "../../../src/core/failure.ts";
import { endpoints } from "../../../src/routes/index.ts";
import { documentOf } from "../../../src/routes/openapi.ts";

interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  pattern?: string;
  enum?: unknown[];
}
type Body = Record<string, unknown>;

/** A body of each operation that is taken as it is. */
const minimal: Record<string, Body> = {
  createChatCompletion: { model: "m", messages: [{ role: "user", content: "x" }] },
  createResponse: { model: "m", input: "x" },
  createCompletion: { model: "m", prompt: "x" },
  createConversation: {},
  updateConversation: {},
  createItems: { items: [{ role: "user", content: "x" }] },
  forkConversation: {},
  rewindConversation: { turn: null },
};

const document = documentOf(endpoints) as unknown as {
  components: { schemas: Record<string, Schema> };
  paths: Record<
    string,
    Record<string, { operationId: string; requestBody?: { content: Record<string, { schema: Schema }> } }>
  >;
};
const resolved = (schema: Schema): Schema =>
  schema.$ref ? document.components.schemas[schema.$ref.split("/").at(-1)!]! : schema;
const bodies = endpoints.flatMap(({ definition }) => {
  const { operationId, body } = definition;
  if (!body || "media" in body) return [];
  const stated = document.paths[definition.path]![definition.method]!.requestBody!.content["application/json"]!.schema;
  return [{ operationId, schema: body, fields: Object.entries(resolved(stated).properties ?? {}) }];
});

const failureOf = (schema: (typeof bodies)[number]["schema"], body: Body): Failure | undefined => {
  try {
    parse(JSON.parse(JSON.stringify(body)), schema);
    return undefined;
  } catch (thrown) {
    return Failure.from(thrown);
  }
};
const typesOf = ({ type, anyOf = [], oneOf = [] }: Schema): string[] =>
  type ? [type].flat() : [...anyOf, ...oneOf].flatMap((choice) => typesOf(resolved(choice)));

/** Values that the stated schema takes, and some that it does not. */
function probes(field: Schema): { good: unknown[]; bad: unknown[] } {
  const { minimum, maximum, minLength = 0, maxLength, maxItems } = field;
  const types = typesOf(field);
  // What has no effect may hold anything.
  if (types.length === 0 && !field.enum) return { good: [null, "x", 1.5, [], {}], bad: [] };
  const good: unknown[] = types.includes("null") ? [null] : [];
  const bad: unknown[] = types.includes("null") ? [] : [null];
  const wrong: Record<string, unknown> = { string: "NaN", number: 1.5, boolean: true, array: [], object: {} };
  for (const [type, value] of Object.entries(wrong)) {
    const fits = types.includes(type) || (type === "number" && types.includes("integer"));
    if (!fits && types.length > 0) bad.push(value);
  }
  if (types.includes("integer") || types.includes("number")) {
    const isWide = (maximum ?? 0) > 2 ** 53;
    const step = isWide ? 2 ** 32 : types.includes("integer") ? 1 : 1e-6;
    if (minimum !== undefined) bad.push(minimum - step, -1e308);
    if (maximum !== undefined) bad.push(maximum + step, 2 ** (isWide ? 65 : 53), 1e308);
    good.push(...[minimum, maximum].filter((bound) => bound !== undefined));
    if (types.includes("integer")) bad.push((minimum ?? 0) + 0.5);
  }
  if (types.includes("string") && !field.enum) {
    if (maxLength !== undefined) bad.push("x".repeat(maxLength + 1));
    if (maxLength !== undefined && !field.pattern) good.push("x".repeat(maxLength));
    if (minLength > 0) bad.push("");
  }
  if (field.enum) {
    bad.push("no such word");
    good.push(...field.enum.filter((value) => value !== null));
  }
  if (types.includes("array") && maxItems !== undefined) bad.push(Array(maxItems + 1).fill(null));
  return { good, bad };
}

it("knows a minimal body of every operation that takes one", () => {
  expect(bodies.map(({ operationId }) => operationId).filter((id) => id in minimal).length).toBe(
    Object.keys(minimal).length,
  );
  for (const { operationId, schema } of bodies.filter(({ operationId }) => operationId in minimal))
    expect(failureOf(schema, minimal[operationId]!), operationId).toBeUndefined();
});

/** Values that are right by themselves, but not for these fields: they say something only beside others. */
const dependent = new Set(["type"]);

for (const { operationId, schema, fields } of bodies.filter(({ operationId }) => operationId in minimal)) {
  describe(operationId, () => {
    it.each(fields)("H6: %s is taken at its bounds and refused by name beyond them", (field, stated) => {
      const { good, bad } = probes(resolved(stated));
      for (const value of bad) {
        const failure = failureOf(schema, { ...minimal[operationId], [field]: value });
        expect(failure, `${field}: ${JSON.stringify(value)?.slice(0, 80)} was taken`).toMatchObject({
          code: "request_invalid",
        });
        expect(failure!.param?.split(/[.[]/)[0]).toBe(field);
        expect(failure!.message.length).toBeLessThan(600);
      }
      for (const value of dependent.has(field) ? [] : good)
        expect(
          failureOf(schema, { ...minimal[operationId], [field]: value }),
          `${field}: ${JSON.stringify(value)?.slice(0, 80)}`,
        ).toBeUndefined();
    });

    it("refuses a field that it does not know, also one that looks like another", () => {
      for (const field of ["no_such_field", "Model", "constructor", "toString", "model\u200b"])
        expect(failureOf(schema, { ...minimal[operationId], [field]: 1 })).toMatchObject({ code: "request_invalid" });
    });
  });
}

describe("queries", () => {
  const queries = endpoints.flatMap(({ definition }) =>
    definition.query ? [[definition.operationId, definition.query] as const] : [],
  );

  it.each(queries)("%s: numbers at their bounds, and nothing unknown", (name, query) => {
    // Values are small: more of them make a page.
    const most = { listStreamValues: 4096, listModels: 1000 }[name] ?? 100;
    const refused = (value: Body) =>
      expect(() => parse(value, query), JSON.stringify(value)).toThrow(
        expect.objectContaining({ code: "request_invalid" }),
      );
    refused({ no_such_field: "1" });
    for (const field of Object.keys(query.shape)) {
      if (field === "limit") {
        for (const value of ["0", String(most + 1), "-1", "1.5", "NaN", "9007199254740992", "", "1e1", " 1", "٣"])
          refused({ limit: value });
        const needed = "q" in query.shape ? { q: "x" } : {};
        for (const value of ["1", String(most)])
          expect(parse({ ...needed, limit: value }, query)).toMatchObject({ limit: Number(value) });
        refused({ limit: ["1", "2"] });
      }
      if (field === "starting_after")
        for (const value of ["-1", "x", "100000001", ""]) refused({ starting_after: value });
      if (field === "order") refused({ order: "random" });
      if (field === "stream") refused({ stream: "yes" });
    }
  });
});
