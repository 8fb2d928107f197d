/**
 * /v1/prompt-cache: states that are kept for a while of requests without a conversation; how much, and away with them.
 */
import * as z from "zod";
import "../api/shared/openapi.ts";
import { orStorageFull } from "../../durable-objects/directory/directory-client.ts";
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
      summary: "Get the size of the prompt cache",
      description:
        "A history that is sent again without naming a conversation continues from a cached state, so that only its new tokens are computed. States are found by their tokens, and by the same tenant only.",
      replies: {
        200: {
          description: "The size of the cache.",
          schema: z
            .strictObject({
              object: z.literal("prompt_cache"),
              states: count("The number of kept states."),
              bytes: count("Their total size in bytes."),
              max_bytes: count(
                "The maximum total size in bytes. Beyond it, the state that was used longest ago is removed.",
              ),
              ttl_seconds: count("How many seconds a state is kept after its last use; 0 means that none is kept."),
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
      summary: "Clear the prompt cache",
      description: "Returns when nothing of the cached states is left in storage. Conversations do not change.",
      replies: {
        200: {
          description: "The cache is empty.",
          schema: z.strictObject({ object: z.literal("prompt_cache.deleted"), deleted: z.literal(true) }),
        },
      },
    },
    async (c, { tenant }) => {
      await orStorageFull(c.env, tenant, clearPromptCache(c.env, tenant));
      return c.json({ object: "prompt_cache.deleted", deleted: true });
    },
  ),
];
