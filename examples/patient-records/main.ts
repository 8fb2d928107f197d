/**
 * Synthetic records become JSON by a schema, are kept for an hour at most, and are deleted: with a proof that
 * nothing can be asked for again.
 */
import { parseArgs } from "node:util";
import { Failure } from "../../src/client/index.ts";
import { rivulet, run, table } from "../client.ts";

const { values } = parseArgs({ options: { records: { type: "string", default: "4" } } });

interface Facts {
  age: number;
  drug: string;
  allergic: boolean;
}
/** Nobody is described here: names, ages and drugs are drawn from a list. */
const recordOf = (i: number): { text: string; facts: Facts } => {
  const drugs = ["amoxicillin", "ibuprofen", "metformin", "ramipril"];
  const facts = { age: 31 + ((i * 17) % 50), drug: drugs[i % drugs.length]!, allergic: i % 3 === 0 };
  const allergy = facts.allergic ? "A penicillin allergy is known." : "No allergies are known.";
  return {
    facts,
    text: `Patient ${i + 1} is ${facts.age} years old and takes ${facts.drug} every morning. ${allergy}`,
  };
};

const schema = {
  type: "object",
  properties: {
    age: { type: "integer", minimum: 0, maximum: 120 },
    drug: { type: "string", maxLength: 24 },
    allergic: { type: "boolean" },
  },
  required: ["age", "drug", "allergic"],
  additionalProperties: false,
};

/** Whether the server says that there is no such thing, to everything that a conversation can be asked for. */
async function isGone(id: string, response: string): Promise<boolean> {
  const paths = ["", "/items", "/turns", "/export"].map((rest) => `/v1/conversations/${id}${rest}`);
  const asked = [...paths, `/v1/responses/resp_${response.slice(-48)}`].map((path) =>
    rivulet.server.open(path).then(
      () => false,
      (thrown) => thrown instanceof Failure && thrown.code === "not_found",
    ),
  );
  return (await Promise.all(asked)).every(Boolean);
}

await run(async () => {
  const rows: string[][] = [];
  for (let i = 0; i < Number(values.records); i++) {
    const { text, facts } = recordOf(i);
    const body = { metadata: { kind: "record" }, ttl_seconds: 3600 };
    const { id } = await rivulet.server.json<{ id: string }>("/v1/conversations", { body });
    let [json, response] = ["", ""];
    const asked = {
      conversation: id,
      text: `${text}\n\nGive age, drug and whether the patient is allergic, as JSON.`,
      temperature: 0,
      maxTokens: 240, // a name of 24 characters, whatever they are
      responseFormat: { type: "json_schema", json_schema: { name: "record", strict: true, schema } },
    };
    for await (const event of rivulet.ask(asked)) {
      if (event.type === "accepted") response = event.response;
      if (event.type === "text") json += event.text;
    }
    const found = JSON.parse(json) as Facts;
    const right = (Object.keys(facts) as (keyof Facts)[]).filter((field) => found[field] === facts[field]);
    await rivulet.conversations.delete(id);
    rows.push([`record ${i + 1}`, json, `${right.length} of 3`, (await isGone(id, response)) ? "yes" : "NO"]);
  }
  console.log(table(["", "extracted", "right", "gone"], rows));
  if (rows.some((row) => row.at(-1) === "NO")) throw new Error("a deleted record could still be asked for");
});
