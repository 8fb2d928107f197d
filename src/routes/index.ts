/** Every endpoint of the server. */
import { branches } from "./branches.ts";
import { chatCompletions } from "./chat-completions.ts";
import { compact } from "./compact.ts";
import { completions } from "./completions.ts";
import { conversations } from "./conversations.ts";
import type { Declared } from "./endpoint.ts";
import { health } from "./health.ts";
import { items } from "./items.ts";
import { messages } from "./messages.ts";
import { metricsRoutes } from "./metrics.ts";
import { models } from "./models.ts";
import { openapi } from "./openapi.ts";
import { portable } from "./portable.ts";
import { prefixes } from "./prefixes.ts";
import { promptCacheRoutes } from "./prompt-cache.ts";
import { responseSocket } from "./response-socket.ts";
import { responses } from "./responses.ts";
import { search } from "./search.ts";
import { streamValues } from "./stream-values.ts";
import { streams } from "./streams.ts";
import { tokens } from "./tokens.ts";
import { usageRoutes } from "./usage.ts";

export const endpoints: Declared[] = [
  ...chatCompletions,
  // Before /v1/responses/{id}, which their paths look like.
  ...compact,
  ...responses,
  ...responseSocket,
  // Before /v1/conversations/{id}, which its path looks like.
  ...portable,
  ...conversations,
  ...prefixes,
  ...items,
  ...branches,
  ...search,
  // Before /v1/streams/{id}, which their paths look like.
  ...streamValues,
  ...streams,
  ...completions,
  ...messages,
  ...tokens,
  ...models,
  ...health,
  ...metricsRoutes,
  ...usageRoutes,
  ...promptCacheRoutes,
  ...openapi(() => endpoints),
];
