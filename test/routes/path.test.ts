import { expect, it } from "vitest";
import { modelInPath, pathOf } from "../../src/routes/path.ts";

const asking = (path: string) => new Request(`http://rivulet${path}`);

it.each([
  ["/v1//models/", "/v1/models", undefined],
  ["/openai/deployments/tiny/chat/completions?api-version=1", "/v1/chat/completions", "tiny"],
  ["/openai//deployments/a%2Fb%20c/completions/", "/v1/completions", "a/b c"],
  ["/openai/deployments/50%25/responses", "/v1/responses", "50%"],
  ["/openai/deployments/%zz/responses", "/v1/responses", "%zz"],
  ["/openai/responses/resp_1/cancel", "/v1/responses/resp_1/cancel", undefined],
  ["/openai/v1/models/tiny", "/v1/models/tiny", undefined],
])("%s means %s", (path, endpoint, model) => {
  expect([pathOf(asking(path)), modelInPath(asking(path))]).toEqual([endpoint, model]);
});

it.each([
  "/openai/streams",
  "/openai/v1/usage",
  "/openai/deployments/tiny/embeddings",
  "/openai/deployments/tiny",
  "/openai/deployments/tiny/responses/resp_1",
  "/a/openai/responses",
  "/openai/modelsx",
])("%s is no other path's name", (path) => {
  expect([pathOf(asking(path)), modelInPath(asking(path))]).toEqual([path, undefined]);
});
