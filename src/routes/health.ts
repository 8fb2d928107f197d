/**
 * GET /healthz: the Worker answers. GET /readyz: the weights are verified and a forward
 * pass gives what it always gives.
 */
import * as z from "zod";
import "../api/shared/openapi.ts";
import { requireRoomForAny } from "../../durable-objects/directory/directory-client.ts";
import { peersOf } from "../../durable-objects/platform/peers.ts";
import { anyName } from "../api/object-address.ts";
import { Failure } from "../core/failure.ts";
import { RELEASE } from "../core/release.ts";
import { call } from "./call.ts";
import { endpoint } from "./endpoint.ts";

const readiness = z.strictObject({
  status: z.literal("ready"),
  model: z.string(),
  fingerprint: z.string(),
  golden: z.string().optional().openapi({
    description: "SHA-256 of the logits. Absent while every memory slot is in use, which proves as much.",
  }),
});

const isUp = (path: string, operationId: string, summary: string) =>
  endpoint(
    {
      method: "get",
      path,
      operationId,
      tag: "Operation",
      summary,
      open: true,
      replies: { 200: { description: "The Worker is up.", schema: z.strictObject({ status: z.literal("ok") }) } },
    },
    (c) => c.json({ status: "ok" }),
  );

export const health = [
  isUp("/healthz", "health", "Check that the Worker is up"),
  isUp("/health", "healthForProbes", "Check that the Worker is up, at the path that other servers use"),
  endpoint(
    {
      method: "get",
      path: "/version",
      operationId: "version",
      tag: "Operation",
      summary: "Get the server's release",
      open: true,
      replies: { 200: { description: "The release.", schema: z.strictObject({ version: z.string() }) } },
    },
    (c) => c.json({ version: RELEASE.version }),
  ),
  endpoint(
    {
      method: "get",
      path: "/readyz",
      operationId: "ready",
      tag: "Operation",
      summary: "Check that the model is loaded and computes correctly",
      description:
        "Loads and verifies the weights if necessary, and runs a forward pass whose result must match the pack's.",
      open: true,
      replies: { 200: { description: "The Worker is up.", schema: readiness } },
    },
    async (c) => {
      const { signal } = c.req.raw;
      const peers = peersOf(c.env);
      if (peers.length === 0)
        return call(() => c.env.CONVERSATION.getByName(anyName()), "/ready", { signal }).catch(
          async (thrown: unknown) => {
            if (Failure.from(thrown).code === "storage_unavailable") await requireRoomForAny(c.env);
            throw thrown;
          },
        );
      const all = await Promise.all(
        peers.map((peer) => peer.fetch(new Request("http://inside/ready", { signal }))),
      ).catch((cause: unknown) => {
        throw new Failure("storage_unavailable", "one of the server's processes does not answer", { cause });
      });
      const shown = all.find(({ ok }) => !ok) ?? all[0]!;
      for (const reply of all) if (reply !== shown) await reply.body?.cancel();
      return new Response(shown.body, shown);
    },
  ),
];
