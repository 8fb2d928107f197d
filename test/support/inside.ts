/** Looks into a conversation's object from a test. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Conversation } from "../../durable-objects/conversation/conversation.ts";
import type { StoredTurn } from "../../durable-objects/storage/turn-tree.ts";
import { objectName } from "../../src/api/shared/ids.ts";

export const stub = (conversation: string, tenant = "local") =>
  env.CONVERSATION.getByName(objectName({ SESSION_KEY: env.SESSION_KEY }, tenant, conversation));

export const inside = <R>(
  conversation: string,
  work: (instance: Conversation, state: DurableObjectState) => R | Promise<R>,
) => runInDurableObject(stub(conversation) as never, work as never) as Promise<R>;

export const rows = (conversation: string, query: string) =>
  inside(conversation, (_, { storage }) => storage.sql.exec(query).toArray());

/** Of the whole family, newest first. */
export const turnsOf = (conversation: string): Promise<StoredTurn[]> =>
  inside(conversation, ({ store: { tree } }) =>
    tree
      .all()
      .reverse()
      .map(({ id }) => tree.turn(id)!),
  );
