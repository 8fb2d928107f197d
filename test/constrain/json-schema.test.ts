import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { craving, random, schemaShape, write } from "./model.ts";
import { schemas } from "./schemas.ts";

const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormats as unknown as (ajv: Ajv2020) => void)(ajv);

const models = [
  ["random 1", random(1)],
  ["random 2", random(2)],
  ["craving white space, digits and signs", craving(" \n\t0123456789+-.eE", 4)],
  ["craving quotes, brackets and what is not ASCII", craving('"[]{}\\,:éüß漢字😀\u0000\u00ad', 5)],
] as const;

describe.each(Object.entries(schemas))("%s", (_, schema) => {
  // Older drafts' keywords are not ajv's.
  const validate = ajv.compile(schema as object);

  it("comes out as valid JSON of the schema, whatever the model wants", async () => {
    for (const [model, wants] of models) {
      const { text, reason } = await write(schemaShape(schema), wants);
      expect(reason, `${model}: ${text.slice(0, 300)}`).toBe("stop");
      const value = JSON.parse(text);
      expect(validate(value), `${model}: ${text.slice(0, 500)} ${ajv.errorsText(validate.errors)}`).toBe(true);
    }
  });
});

it("the oracle finds what is wrong", () => {
  expect(ajv.validate(schemas["nested objects"] as object, { a: {} })).toBe(false);
  expect(ajv.validate({ type: "string", format: "date" }, "2020-13-01")).toBe(false);
});
