/**
 * compaction: an item that stands for everything before it. A state does not grow with what it has read, so
 * there is nothing to shorten: the item names the turn whose state goes on, and a signature says that this
 * server gave it to this tenant.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Failure } from "../../core/failure.ts";
import { type Secret, type TurnName, UNKEYED } from "../shared/ids.ts";
import type { CompactionItem, InputItem } from "./input.ts";

const SEALED = /^state_([0-9a-f]{32})([0-9a-f]{16})_([0-9a-f]{32})$/;

const signature = ({ SESSION_KEY }: Secret, tenant: string, key: string): string =>
  createHmac("sha256", SESSION_KEY || UNKEYED)
    .update(JSON.stringify(["compaction", tenant, key]))
    .digest("hex")
    .slice(0, 32);

/** The content of the item that stands for a turn. `key`: its object and its id, 48 hex digits. */
export const sealed = (secret: Secret, tenant: string, key: string): string =>
  `state_${key}_${signature(secret, tenant, key)}`;

/** The turn that the content stands for. Fails with `request_invalid` where it was given to nobody, or to another. */
function opened(secret: Secret, tenant: string, content: string, param: string): TurnName {
  const [, object = "", turn = "", given = ""] = SEALED.exec(content) ?? [];
  const wanted = signature(secret, tenant, object + turn);
  if (given === "" || !timingSafeEqual(Buffer.from(given), Buffer.from(wanted)))
    throw new Failure("request_invalid", `${param}: expected what /v1/responses/compact of this server gave out`, {
      param,
    });
  return { object, turn };
}

const isCompaction = (item: InputItem): item is CompactionItem => item.type === "compaction";

/** A request's input, and what it continues. */
interface ContinuedInput {
  input?: string | InputItem[] | null | undefined;
  previous_response_id?: string | null | undefined;
  conversation?: unknown;
}

/**
 * The request with the response that its last compaction stands for in the place of the item and of all
 * before it. Beside a conversation or a response, which say themselves where the dialogue is, the items are
 * left out. Fails as `opened` does.
 */
export function withoutCompaction<Body extends ContinuedInput>(secret: Secret, tenant: string, body: Body): Body {
  const { input } = body;
  if (input == null || typeof input === "string") return body;
  const at = input.findLastIndex(isCompaction);
  if (at < 0) return body;
  const name = opened(
    secret,
    tenant,
    (input[at] as CompactionItem).encrypted_content,
    `input[${at}].encrypted_content`,
  );
  if (body.previous_response_id != null || body.conversation != null)
    return { ...body, input: input.filter((item) => !isCompaction(item)) };
  return { ...body, input: input.slice(at + 1), previous_response_id: `resp_${name.object}${name.turn}` };
}
