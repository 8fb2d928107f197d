/** /v1/prompt-cache: states that are kept for a while of requests without a conversation; how much, and away with them. */
import { z } from "@hono/zod-openapi";
import { clearPromptCache, promptCacheSize } from "../../durable-objects/prompt-cache/prompt-cache-client.ts";
import { promptCacheLimits } from "../../durable-objects/prompt-cache/prompt-cache-limits.ts";
import { endpoint } from "./endpoint.ts";

const tag = "Operation";
const count = (description: string) => z.int().min(0).openapi({ description });

export const promptCacheRoutes = [
  endpoint(
    {
      method: "get",
      path: "/v1/prompt-cache",
      operationId: "retrievePromptCache",
      tag,
      summary: "States kept of requests without a conversation",
      description:
        "A history that is sent again, whole and without naming a conversation, goes on from such a state: only what is new in it is computed. Found by its tokens, and by the same tenant only.",
      replies: {
        200: {
          description: "How much is kept.",
          schema: z
            .strictObject({
              object: z.literal("prompt_cache"),
              states: count("States that are kept."),
              bytes: count("Their bytes."),
              max_bytes: count("Beyond this the longest unused goes first."),
              ttl_seconds: count("How long a state is kept after its last use; 0: none are."),
            })
            .openapi("PromptCache"),
        },
      },
    },
    async (c, { tenant }) => {
      const { states, bytes } = await promptCacheSize(c.env, tenant);
      const { ttlMs, maxBytes } = promptCacheLimits(c.env);
      const limits = { max_bytes: maxBytes, ttl_seconds: ttlMs / 1000 };
      return c.json({ object: "prompt_cache", states, bytes, ...limits });
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/v1/prompt-cache",
      operationId: "deletePromptCache",
      tag,
      summary: "Remove them all",
      description: "Resolves when nothing of them is left in storage. Conversations stay as they are.",
      replies: {
        200: {
          description: "They are gone.",
          schema: z.strictObject({ object: z.literal("prompt_cache.deleted"), deleted: z.literal(true) }),
        },
      },
    },
    async (c, { tenant }) => {
      await clearPromptCache(c.env, tenant);
      return c.json({ object: "prompt_cache.deleted", deleted: true });
    },
  ),
];
