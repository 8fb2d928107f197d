/**
 * Names that callers see, and what the server reads from them. docs/design/conversation-object.md has the table.
 *
 * An id of a turn carries its object's name and nothing about who owns it: the object itself says
 * `not_found` to every other tenant.
 */
import { createHmac, randomBytes } from "node:crypto";
import * as z from "zod";
import "./openapi.ts";
import { Failure } from "../../core/failure.ts";

/** The one head that every conversation has. */
export const MAIN = "main";

/** The object's part of an id whose turn is kept nowhere. */
export const NO_OBJECT = "0".repeat(32);

/**
 * Stands in for the secret where none is set: names of objects are then the same on every such server. Exported
 * files are never signed with it.
 */
export const UNKEYED = "rivulet";
const FORK = /^(.+)~([0-9a-z]{8})$/s;
const TURN = /^(?:resp_|chatcmpl-|cmpl-|msg_)([0-9a-f]{32})([0-9a-f]{16})$/;
const ITEM = /^(?:msg_|fc_|fco_)([0-9a-f]{32})([0-9a-f]{16})_(\d{1,4})$/;

/** Items of a turn's reply are numbered from 0, what was said to it from here. */
export const FIRST_INPUT = 1000;

/** Names of conversations: visible ASCII, so that they travel in headers. */
export const conversationId = z
  .string()
  .regex(/^[!-~]{1,256}$/, "expected 1 to 256 visible ASCII characters")
  .openapi({ description: "Any name of your own, or an id that the server created.", example: "conv_mine" });

/** The part that names the object, and the head in it. */
export function splitConversation(id: string): { root: string; head: string } {
  const [, root, head] = FORK.exec(id) ?? [];
  return root !== undefined && head !== undefined ? { root, head } : { root: id, head: MAIN };
}

export const newConversation = (): string => `conv_${randomBytes(16).toString("hex")}`;

/** 16 hex digits. */
export const newTurnId = (): string => randomBytes(8).toString("hex");

/** The binding that names and signatures are made with. */
export type Secret = { SESSION_KEY: string };

/**
 * Names of objects show up in logs: neither tenant nor conversation can be read from them, or guessed. 32 hex digits.
 */
export function objectName({ SESSION_KEY }: Secret, tenant: string, root: string): string {
  return createHmac("sha256", SESSION_KEY || UNKEYED)
    .update(JSON.stringify([tenant, root]))
    .digest("hex")
    .slice(0, 32);
}

/** Id of a tool's call: made of the turn, so that a stream told again has the same. */
export const callId = (key: string, index: number, choice = 0): string =>
  `call_${key.slice(-16)}${choice > 0 ? `c${choice}` : ""}_${index}`;

export interface TurnName {
  /** Name of the object that holds it. */
  object: string;
  turn: string;
}

/**
 * What an id of a response or a completion names. Fails with `not_found`: an id of another form was never given out.
 */
export function turnNamed(id: string, param = "id"): TurnName {
  const [, object, turn] = TURN.exec(id) ?? [];
  if (!object || !turn) throw new Failure("not_found", `${param}: no such response`, { param });
  return { object, turn };
}

/** What an id of an item names. Fails with `not_found`. */
export function itemNamed(id: string, param = "item_id"): TurnName & { number: number } {
  const [, object, turn, number] = ITEM.exec(id) ?? [];
  if (!object || !turn) throw new Failure("not_found", `${param}: no such item`, { param });
  return { object, turn, number: Number(number) };
}
