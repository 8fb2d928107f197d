/** /openapi.json, made from the declarations of all endpoints, and /docs, which shows it. */
import { OpenAPIRegistry, OpenApiGeneratorV31 } from "@asteasolutions/zod-to-openapi";
import * as z from "zod";
import { RELEASE } from "../core/release.ts";
import { describeFields } from "./describe-fields.ts";
import { type ApiDocument, docsPage, docsStyle } from "./docs-page.ts";
import { type Declared, described, endpoint } from "./endpoint.ts";

const info = {
  title: "Rivulet",
  version: RELEASE.version,
  description:
    "A server that keeps each conversation's model state. It speaks OpenAI's API and has resources of its own. Azure's clients may put `/openai` or `/openai/v1` in the place of `/v1` before `chat/completions`, `completions`, `responses` and `models`, and `/openai/deployments/{model}` before the first three, where the path's model holds.",
  license: { name: "Apache-2.0", identifier: "Apache-2.0" },
};

export function documentOf(endpoints: Declared[]) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent("securitySchemes", "key", { type: "http", scheme: "bearer" });
  for (const { definition } of endpoints) registry.registerPath(described(definition));
  const generator = new OpenApiGeneratorV31(registry.definitions);
  const document = generator.generateDocument({ openapi: "3.1.0", info, servers: [{ url: "./" }] });
  describeFields(document);
  return document;
}

/** Made when it is first asked for: a start needs to be quick. */
let document: ReturnType<typeof documentOf> | undefined;

const common = { method: "get", tag: "Operation", open: true } as const;

export const openapi = (endpoints: () => Declared[]): Declared[] => {
  const made = () => {
    document ??= documentOf(endpoints());
    return document;
  };
  return [
    endpoint(
      {
        ...common,
        path: "/openapi.json",
        operationId: "openapi",
        summary: "Get this document",
        replies: { 200: { description: "OpenAPI 3.1.", schema: z.looseObject({ openapi: z.string() }) } },
      },
      (c) => c.json(made()),
    ),
    endpoint(
      {
        ...common,
        path: "/docs",
        operationId: "docs",
        summary: "Read this document as a page",
        replies: { 200: { description: "A page.", media: ["text/html"] } },
      },
      (c) => c.html(docsPage(made() as unknown as ApiDocument)),
    ),
    endpoint(
      {
        ...common,
        path: "/docs.css",
        operationId: "docsStyle",
        summary: "Get the style sheet of that page",
        replies: { 200: { description: "A style sheet.", media: ["text/css"] } },
      },
      () => new Response(docsStyle, { headers: { "content-type": "text/css; charset=utf-8" } }),
    ),
  ];
};
