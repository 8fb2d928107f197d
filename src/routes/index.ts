/** Every endpoint of the server. */
import { chatCompletions } from "./chat-completions.ts";
import type { Declared } from "./endpoint.ts";
import { health } from "./health.ts";
import { models } from "./models.ts";
import { openapi } from "./openapi.ts";
import { responses } from "./responses.ts";

export const endpoints: Declared[] = [
  ...chatCompletions,
  ...responses,
  ...models,
  ...health,
  ...openapi(() => endpoints),
];
