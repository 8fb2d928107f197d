/**
 * resolveReferences: the items of an input that stand for items of earlier turns, as what was said there.
 *
 * An item's id carries its object and its turn, so a client that keeps ids alone also says where its dialogue goes on.
 */
import { Failure } from "../../core/failure.ts";
import { type InputItem, isReference } from "../responses/input.ts";
import { itemNamed, type TurnName } from "../shared/ids.ts";
import type { TurnView } from "./replies.ts";
import { type Item, turnItems } from "./turn-items.ts";

type Input = string | InputItem[] | null | undefined;

/** A page of an object's turns, newest first, as the object answers in its caller's name. */
export type AskTurns = (object: string, query: URLSearchParams) => Promise<{ turns: TurnView[]; hasMore: boolean }>;

const PAGE = 100;

/** `last`: the turn of the last reference, where there is one. Fails with `not_found`, naming the reference. */
export async function resolveReferences(input: Input, ask: AskTurns): Promise<{ input: Input; last?: TurnName }> {
  if (input == null || typeof input === "string" || !input.some(isReference)) return { input };
  const named = input.map((item, i) => (isReference(item) ? itemNamed(item.id, `input[${i}].id`) : undefined));
  const wanted = new Map<string, Set<string>>();
  for (const { object, turn } of named.filter((one) => one !== undefined))
    wanted.set(object, (wanted.get(object) ?? new Set()).add(turn));
  const known = new Map<string, Item>();
  for (const [object, turns] of wanted) for (const item of await itemsOf(object, turns, ask)) known.set(item.id, item);
  const resolved = input.map((item, i) => {
    if (!isReference(item)) return item;
    const found = known.get(item.id);
    const param = `input[${i}].id`;
    if (!found) throw new Failure("not_found", `${param}: no such item`, { param });
    return found as InputItem;
  });
  return { input: resolved, last: named.findLast((one) => one !== undefined)! };
}

async function itemsOf(object: string, wanted: Set<string>, ask: AskTurns): Promise<Item[]> {
  const items: Item[] = [];
  const left = new Set(wanted);
  let after: string | undefined;
  for (let more = true; more && left.size > 0; ) {
    const query = new URLSearchParams({
      order: "desc",
      limit: String(PAGE),
      ...(after === undefined ? {} : { after }),
    });
    const { turns, hasMore } = await ask(object, query);
    for (const turn of turns) if (left.delete(turn.id)) items.push(...turnItems(turn, object));
    after = turns.at(-1)?.id;
    more = hasMore && after !== undefined;
  }
  return items;
}
