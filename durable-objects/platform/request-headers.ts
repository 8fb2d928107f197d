/** Who asks an object, about which conversation, and under which key: headers that the Worker has set. */
type Asked = { req: { header(name: string): string | undefined } };

export const tenantOf = (c: Asked): string => c.req.header("x-rivulet-tenant") ?? "";
export const conversationOf = (c: Asked): string | null => c.req.header("x-rivulet-conversation") ?? null;
export const idempotencyKeyOf = (c: Asked): string | undefined => c.req.header("idempotency-key");
