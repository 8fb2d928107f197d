/**
 * resolveReferences: the items of an input that stand for items of earlier turns, as what was said there, and
 * where the input's dialogue was.
 *
 * An item's id carries its object and its turn. So a client that keeps ids alone says where its dialogue goes on, and
 * so does one that sends our items back whole, with their ids.
 */
import { check, Failure } from "../../core/failure.ts";
import { type InputItem, isReference } from "../responses/input.ts";
import { itemNamed, type TurnName } from "../shared/ids.ts";
import { PREFIX_MAX_BYTES } from "./prefix.ts";
import type { TurnView } from "./replies.ts";
import { type Item, turnItems } from "./turn-items.ts";

type Input = string | InputItem[] | null | undefined;

/** Of an object's turns those with these ids, as the object answers in its caller's name. */
export type AskTurns = (object: string, ids: readonly string[]) => Promise<{ turns: TurnView[] }>;

/** As many as an object is asked for at once: each may be a megabyte. */
const PAGE = 8;
/** Of all that is referred to, each time: one item may be named thousands of times. A shared prefix may be as long. */
const REFERRED_MAX_CHARS = PREFIX_MAX_BYTES;

/** A turn that an input's items belong to. */
export interface Referred extends TurnName {
  /** Its words were all sent: what they do not say is not meant. Otherwise an end of a history stands for the whole. */
  isWhole: boolean;
}

/** A request's input, and what it continues. */
interface ContinuedInput {
  input?: Input;
  conversation?: unknown;
  previous_response_id?: unknown;
}

/**
 * `last`: a turn that the items belong to, where neither a conversation nor a response says what they follow. Fails
 * with `not_found`, naming the reference.
 */
export async function resolveReferences(
  asked: ContinuedInput,
  ask: AskTurns,
): Promise<{ input: Input; last?: Referred }> {
  const { input, conversation, previous_response_id: previous } = asked;
  if (input == null || typeof input === "string") return { input };
  if (!input.some(isReference)) {
    const last = conversation == null && previous == null ? await turnOfItems(input, ask) : undefined;
    return last ? { input, last } : { input };
  }
  const named = input.map((item, i) => (isReference(item) ? itemNamed(item.id, `input[${i}].id`) : undefined));
  const times = new Map<string, number>();
  for (const item of input) if (isReference(item)) times.set(item.id, (times.get(item.id) ?? 0) + 1);
  const wanted = new Map<string, Set<string>>();
  for (const { object, turn } of named.filter((one) => one !== undefined))
    wanted.set(object, (wanted.get(object) ?? new Set()).add(turn));
  const known = new Map<string, Item>();
  let chars = 0;
  for (const [object, turns] of wanted)
    for await (const item of itemsOf(object, [...turns], ask)) {
      chars += lengthOf(item) * (times.get(item.id) ?? 0);
      if (times.has(item.id)) known.set(item.id, item);
      const message = () => `input: expected references to at most ${REFERRED_MAX_CHARS} characters, got more`;
      check(chars <= REFERRED_MAX_CHARS, "request_invalid", message, "input");
    }
  const resolved = input.map((item, i) => {
    if (!isReference(item)) return item;
    const found = known.get(item.id);
    const param = `input[${i}].id`;
    if (!found) throw new Failure("not_found", `${param}: no such item`, { param });
    return found as InputItem;
  });
  return { input: resolved, last: { ...named.findLast((one) => one !== undefined)!, isWhole: false } };
}

async function* itemsOf(object: string, turns: readonly string[], ask: AskTurns): AsyncGenerator<Item> {
  for (let at = 0; at < turns.length; at += PAGE)
    for (const turn of (await ask(object, turns.slice(at, at + PAGE))).turns) yield* turnItems(turn, object);
}

function lengthOf(item: Item): number {
  if (item.type === "message") return item.content.reduce((sum, { text }) => sum + text.length, 0);
  return item.type === "function_call" ? item.arguments.length : item.output.length;
}

/**
 * The turn of the last item that is one of ours by its id, in an input that says everything in words. Undefined where
 * there is none, or it is no longer there: then the words alone count.
 */
async function turnOfItems(input: readonly InputItem[], ask: AskTurns): Promise<Referred | undefined> {
  const name = input.reduceRight<TurnName | undefined>((found, item) => found ?? nameOf(item), undefined);
  if (!name) return undefined;
  const found = await ask(name.object, [name.turn]).catch((thrown: unknown) => {
    if (Failure.from(thrown).code === "not_found") return { turns: [] };
    throw thrown;
  });
  return found.turns.length > 0 ? { ...name, isWhole: true } : undefined;
}

function nameOf(item: InputItem): TurnName | undefined {
  const id = "id" in item ? item.id : undefined;
  if (typeof id !== "string" || isReference(item)) return undefined;
  try {
    return itemNamed(id);
  } catch {
    return undefined;
  }
}
