/** Who asks an object, about which conversation, and under which key: headers that the Worker has set. */
type WithHeaders = { req: { header(name: string): string | undefined } };

export const tenantOf = (c: WithHeaders): string => c.req.header("x-rivulet-tenant") ?? "";
export const conversationOf = (c: WithHeaders): string | null => c.req.header("x-rivulet-conversation") ?? null;
export const idempotencyKeyOf = (c: WithHeaders): string | undefined => c.req.header("idempotency-key");
