import { expect, it } from "vitest";
import * as z from "zod";
import { intQuery } from "../../../src/api/shared/fields.ts";
import { Ignored } from "../../../src/api/shared/ignored.ts";
import { parseQuery } from "../../../src/api/shared/query.ts";

const schema = z.strictObject({
  limit: intQuery(1, 100).optional(),
  include: z.union([z.string(), z.array(z.string())]).optional(),
});
const parsed = (query: string, of: typeof schema | undefined = schema) => {
  const all = new URLSearchParams(query);
  const given = Object.fromEntries([...all.keys()].map((name) => [name, all.getAll(name)]));
  const ignored = new Ignored();
  return { asked: parseQuery(given, of, ignored), ignored: ignored.names };
};

it("leaves out and names what clients and links add to every address", () => {
  expect(parsed("api-version=2026-01-01&limit=5&beta=true&_=1764290000&utm_source=mail")).toEqual({
    asked: { limit: 5 },
    ignored: ["?api-version", "?beta", "?_", "?utm_source"],
  });
  expect(parsed("include=a&include=b").asked).toEqual({ include: ["a", "b"] });
});

it.each(["limti=5", "utm=1", "__proto__=1", "constructor=1", "beta2=1"])(
  "H6: refuses %s, which might have meant something",
  (query) => {
    expect(() => parsed(query)).toThrow(
      expect.objectContaining({ code: "request_invalid", param: query.split("=")[0] }),
    );
  },
);

it("names whatever stands where no query has a meaning", () => {
  const ignored = new Ignored();
  expect(parseQuery({ limit: ["5"], "ä,": ["1"] }, undefined, ignored)).toBeUndefined();
  expect(ignored.names).toEqual(["?limit", "???"]);
});
