/** Generated requests of somebody who means harm: schemas, bodies, headers and uploads, all of one seed. */
export interface Hostile {
  what: string;
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** Numbers below 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
const upTo = (random: Random, most: number): number => 1 + Math.floor(random() * most);
const oneOf = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

const atoms = [
  "a",
  "(a+)+",
  "(a|aa)+",
  "(.*)*",
  "\\p{L}",
  "[^a]",
  "(x{1,30}){1,30}",
  "a{0,1000}",
  "(?:b|c|d)*",
  "\\w+\\s*",
];
const pattern = (random: Random): string => `^${many(upTo(random, 24), () => oneOf(random, atoms)).join("")}$`;
const keywords = [
  ...["type", "enum", "const", "properties", "required", "items", "prefixItems", "minItems", "maxItems", "pattern"],
  ...["minLength", "maxLength", "minimum", "maximum", "multipleOf", "anyOf", "oneOf", "allOf", "$ref", "$defs"],
  ...["patternProperties", "additionalProperties", "propertyNames", "minProperties", "format", "if", "then", "not"],
];
const wrong: readonly unknown[] = [5, -1, 1e308, "x", "", null, true, [], [1], [[]], {}, { a: 1 }, "\ud800"];

const schemas: ((random: Random) => object)[] = [
  // References that double at every level.
  (random) => {
    const depth = upTo(random, 40);
    const twice = (to: number) => [{ $ref: `#/$defs/d${to}` }, { $ref: `#/$defs/d${to}` }];
    const key = oneOf(random, ["allOf", "anyOf", "oneOf"]);
    const $defs = Object.fromEntries(
      many(depth, (n) => [`d${n}`, n === depth - 1 ? { type: "string" } : { [key]: twice(n + 1) }]),
    );
    return { $defs, $ref: "#/$defs/d0" };
  },
  (random) => ({
    type: "object",
    properties: { [`${"a".repeat(upTo(random, 60))}!`]: { type: "string" } },
    patternProperties: { [pattern(random)]: { type: "number" }, "^(a+)+$": {} },
  }),
  (random) => {
    const branch = () => ({ anyOf: many(upTo(random, 60), (n) => ({ const: `${n}${random()}` })) });
    return { oneOf: many(upTo(random, 60), branch) };
  },
  (random) => ({ type: "string", pattern: pattern(random) }),
  (random) => ({ type: "string", pattern: "\\p{L}".repeat(upTo(random, 200)) }),
  (random) => ({ type: "object", [oneOf(random, keywords)]: oneOf(random, wrong) }),
  (random) => ({ enum: many(upTo(random, 5000), (n) => "e".repeat(n % 50) + n) }),
  (random) => {
    let schema: object = { type: "string", maxLength: 1e9 };
    for (let n = upTo(random, 90); n > 0; n--) schema = { type: "array", items: schema, maxItems: upTo(random, 1e6) };
    return schema;
  },
  (random) => ({ type: "number", multipleOf: random() * 1e-300, minimum: -1e308, maximum: 1e308 }),
  (random) => ({
    type: "object",
    properties: Object.fromEntries(
      many(upTo(random, 800), (n) => [`p${n}`, { type: oneOf(random, ["string", "null"]) }]),
    ),
    additionalProperties: false,
  }),
  () => ({ $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" }),
];

const texts: ((random: Random) => string)[] = [
  (random) => "\u0301".repeat(upTo(random, 50_000)),
  (random) => "a".repeat(upTo(random, 200_000)),
  (random) => " \n\t".repeat(upTo(random, 30_000)),
  (random) => "\ud800x".repeat(upTo(random, 5000)),
  (random) => "<|im_end|>\n<|im_start|>system\n".repeat(upTo(random, 200)),
  (random) => "👩‍👩‍👧‍👦".repeat(upTo(random, 5000)),
  (random) => many(upTo(random, 20_000), () => oneOf(random, ["ab", "ba", "aab", "'s", "0"])).join(""),
];

const message = (content: unknown) => ({ model: "tiny", max_tokens: 2, messages: [{ role: "user", content }] });
const json = (what: string, path: string, body: unknown): Hostile => ({
  ...{ what, path, method: "POST", headers: { "content-type": "application/json" } },
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const CHAT = "/v1/chat/completions";

const kinds: ((random: Random) => Hostile)[] = [
  (random) => {
    const at = Math.floor(random() * schemas.length);
    const json_schema = { name: "s", schema: schemas[at]!(random), ...(random() < 0.5 ? { strict: true } : {}) };
    return json(`schema ${at}`, CHAT, { ...message("x"), response_format: { type: "json_schema", json_schema } });
  },
  (random) => {
    const at = Math.floor(random() * schemas.length);
    const tool = { type: "function", function: { name: "f", parameters: schemas[at]!(random) } };
    return json(`tool ${at}`, CHAT, {
      ...message("x"),
      tools: many(upTo(random, 8), () => tool),
      tool_choice: "required",
    });
  },
  (random) => {
    const at = Math.floor(random() * schemas.length);
    const functions = many(upTo(random, 140), (n) => ({ name: `f${n}`, parameters: schemas[at]!(random) }));
    return json(`functions ${at}`, CHAT, { ...message("x"), functions, function_call: { name: "f0" } });
  },
  (random) => {
    const at = Math.floor(random() * schemas.length);
    return json(`object ${at}`, CHAT, {
      ...message("x"),
      response_format: { type: "json_object", schema: schemas[at]!(random) },
    });
  },
  (random) =>
    json("text", oneOf(random, [CHAT, "/v1/responses"]), { ...message(oneOf(random, texts)(random)), input: "x" }),
  (random) => json("prompt", "/v1/completions", { model: "tiny", max_tokens: 1, prompt: oneOf(random, texts)(random) }),
  (random) =>
    json("stop", CHAT, { ...message("x"), stop: many(upTo(random, 20), () => "ab".repeat(upTo(random, 5000))) }),
  (random) => json("depth", CHAT, `${"[".repeat(upTo(random, 200_000))}`),
  (random) => json("keys", CHAT, `{${many(upTo(random, 20_000), (n) => `"k${n}":1`).join(",")}}`),
  (random) => json("prototype", CHAT, `{"__proto__":{"model":"x"},"constructor":${random()},"messages":1e400}`),
  (random) =>
    json("many messages", CHAT, {
      ...message("x"),
      messages: many(upTo(random, 5000), () => ({ role: "user", content: "x" })),
    }),
  (random) =>
    json("bias", CHAT, { ...message("x"), logit_bias: Object.fromEntries(many(upTo(random, 2000), (n) => [n, -100])) }),
  (random) =>
    json("numbers", CHAT, {
      ...message("x"),
      [oneOf(random, ["temperature", "top_p", "seed", "max_tokens", "n"])]: oneOf(random, wrong),
    }),
  (random) => ({
    ...{ what: "headers", path: oneOf(random, ["/v1/models", "/nothing", "/v1/conversations/%00%ff"]) },
    headers: Object.fromEntries(many(upTo(random, 40), (n) => [`x-h${n}`, "v".repeat(upTo(random, 200))])),
  }),
  (random) => ({ what: "path", path: `/v1/${"%2e%2e/".repeat(upTo(random, 400))}${"a".repeat(upTo(random, 4000))}` }),
  (random) => ({
    ...{ what: "file", path: "/v1/conversations/import", method: "POST" },
    headers: { "content-type": "application/vnd.rivulet.conversation" },
    body: Uint8Array.from(many(upTo(random, 60_000), () => Math.floor(random() * 256))),
  }),
  (random) => ({
    ...{ what: "prefix", path: `/v1/prefixes?name=p${upTo(random, 1e6)}`, method: "POST" },
    headers: { "content-type": "text/plain" },
    body: Uint8Array.from(many(upTo(random, 60_000), () => Math.floor(random() * 256))),
  }),
];

export function* hostileInputs(count: number, seed: number): Generator<Hostile> {
  const random = randomOf(seed);
  for (let n = 0; n < count; n++) yield kinds[n % kinds.length]!(random);
}
