/** Constraint: which tokens may come next, so that a reply has the form that its request asks for. */

import type { Work } from "../core/work.ts";

/** JSON Schema as it came: an object or a boolean. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

type OutputFormat =
  | { type: "json_object" }
  | { type: "json_schema"; name: string; schema: JsonSchema; strict: boolean };

/** A function that the model may call. */
export interface Tool {
  name: string;
  description?: string;
  /** Of the arguments, an object. Absent: no arguments. */
  parameters?: JsonSchema;
  /**
   * Arguments are held to all of the schema, or it is refused by name. Absent: what cannot be
   * held to is checked afterwards.
   */
  strict?: boolean;
}

export type ToolChoice = "none" | "auto" | "required" | { name: string };

/** What a request says about the form of its reply; `TurnRequest` has these fields. */
export interface ReplyShape {
  format?: OutputFormat;
  tools?: Tool[];
  /** Absent: auto. */
  toolChoice?: ToolChoice;
  /** Names of those that this reply may call. Absent: all. */
  allowedTools?: string[];
  /** False: at most one call in a reply. Absent: several. */
  parallelToolCalls?: boolean;
}

/** A keyword that the reply is not held to. `checked`: the finished value is held against it instead. */
export interface LeftOut {
  pointer: string;
  keyword: string;
  checked: boolean;
}

/** A schema of a request, and what replies are not held to of it. */
export interface HeldSchema {
  path: string;
  schema: JsonSchema;
  /** Name of the tool whose arguments it is about; absent: the text of the reply. */
  tool?: string;
  leftOut: LeftOut[];
}

/**
 * One reply's place in its grammar. Its state follows from the ids accepted: after a
 * restart, accept the reply's ids again.
 */
export interface Constraint {
  /**
   * Makes the mask, with pauses in which others have their turn; `mask` then has it. Failure `schema_too_complex` where
   * so much may follow that the budget of a mask is not enough.
   */
  prepare(): Work<Uint32Array>;
  /**
   * Bit id % 32 of word id >> 5 says that the token may come next. At least one may, until
   * `done`. Shared: do not change it.
   */
  mask(): Uint32Array;
  /** Takes the next id of the reply. Failure `bug` when the mask forbids it. */
  accept(id: number): void;
  /** The schemas that it was made of. */
  readonly schemas: readonly HeldSchema[];
  /** Nothing can follow: the reply is complete. */
  readonly done: boolean;
}
