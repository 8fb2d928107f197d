/** Conversation objects: speaks to them as the Worker does, and looks into them. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { Conversation } from "../../durable-objects/conversation/conversation.ts";
import type { StoredTurn } from "../../durable-objects/storage/stored-turn.ts";
import { objectName } from "../../src/api/shared/ids.ts";
import type { TurnRequest } from "../../src/api/shared/turn.ts";

export const named = (conversation: string, tenant = "local"): string => objectName(env, tenant, conversation);

export const stub = (conversation: string, tenant = "local") => env.CONVERSATION.getByName(named(conversation, tenant));

export const inside = <R>(
  conversation: string,
  work: (instance: Conversation, state: DurableObjectState) => R | Promise<R>,
) => runInDurableObject(stub(conversation) as never, work as never) as Promise<R>;

export const rows = (conversation: string, query: string) =>
  inside(conversation, (_, { storage }) => storage.sql.exec(query).toArray());

/** Turns of the whole tree, newest first. */
export const turnsOf = (conversation: string): Promise<StoredTurn[]> =>
  inside(conversation, ({ store: { tree } }) =>
    tree
      .all()
      .reverse()
      .map(({ id }) => tree.turn(id)!),
  );

interface Asking {
  tenant?: string;
  conversation?: string;
  method?: string;
  body?: object | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
}

export function askObject(object: string, path: string, asking: Asking = {}): Promise<Response> {
  const { tenant = "local", conversation, body, method = body ? "POST" : "GET" } = asking;
  const isBytes = body instanceof ReadableStream || body instanceof Uint8Array;
  return env.CONVERSATION.getByName(object).fetch(`http://conversation${path}`, {
    method,
    headers: { "x-rivulet-tenant": tenant, ...(conversation ? { "x-rivulet-conversation": conversation } : {}) },
    ...(body ? { body: (isBytes ? body : JSON.stringify(body)) as BodyInit } : {}),
  });
}

/** Its JSON, or a failed test. */
export async function told<T = Record<string, unknown>>(asked: Promise<Response>): Promise<T> {
  const response = await asked;
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text) as T;
}

/** Code and param of a refusal. */
export async function refused(
  asked: Promise<Response>,
): Promise<{ code: string; param: string | null; message: string }> {
  const response = await asked;
  const { error } = (await response.json()) as { error: { code: string; param: string | null; message: string } };
  expect(response.ok).toBe(false);
  return error;
}

export const turnRequest = (content: string, fields: Partial<TurnRequest> = {}): TurnRequest => ({
  ...{ tenant: "local", persistent: true, head: "main", model: "tiny", sampling: {}, stop: [], maxTokens: 8 },
  messages: [{ role: "user", content }],
  reply: { object: "chat.completion", stream: false, includeUsage: true },
  ...fields,
});

export interface Reply {
  id: string;
  choices: { message: { content: string }; finish_reason: string }[];
  usage: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details: { cached_tokens: number } };
  timings: { state: string; prefill_tokens: number };
}

export const converse = (conversation: string, content: string, fields: Partial<TurnRequest> = {}): Promise<Reply> => {
  const body = turnRequest(content, { conversation, ...fields });
  const asking = { conversation, body, tenant: body.tenant };
  return told<Reply>(askObject(named(conversation, body.tenant), "/turn", asking));
};

export const contentOf = (reply: Reply): string => reply.choices[0]!.message.content;
