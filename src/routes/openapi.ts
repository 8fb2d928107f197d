/** /openapi.json: made from the declarations of all endpoints. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { type Declared, described, endpoint } from "./endpoint.ts";

const info = {
  title: "Rivulet",
  version: "0.1.0",
  description: "A server whose conversations keep their model state. OpenAI's API, and resources of its own.",
  license: { name: "Apache-2.0", identifier: "Apache-2.0" },
};

export function documentOf(endpoints: Declared[]) {
  const paper = new OpenAPIHono();
  paper.openAPIRegistry.registerComponent("securitySchemes", "key", { type: "http", scheme: "bearer" });
  for (const { definition } of endpoints) paper.openAPIRegistry.registerPath(described(definition));
  return paper.getOpenAPI31Document({ openapi: "3.1.0", info, servers: [{ url: "/" }] });
}

/** Made when it is first asked for: a start needs to be quick. */
let document: ReturnType<typeof documentOf> | undefined;

export const openapi = (endpoints: () => Declared[]): Declared =>
  endpoint(
    {
      method: "get",
      path: "/openapi.json",
      operationId: "openapi",
      tag: "Operation",
      summary: "This document",
      open: true,
      replies: { 200: { description: "OpenAPI 3.1.", schema: z.looseObject({ openapi: z.string() }) } },
    },
    (c) => {
      document ??= documentOf(endpoints());
      return c.json(document);
    },
  );
