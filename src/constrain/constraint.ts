/** Constraint: which tokens may come next, so that a reply has the form that its request asks for. */

/** JSON Schema as it came: an object or a boolean. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

export type OutputFormat =
  | { type: "json_object" }
  | { type: "json_schema"; name: string; schema: JsonSchema; strict: boolean };

/** A function that the model may call. */
export interface Tool {
  name: string;
  description?: string;
  /** Of the arguments, an object. Absent: no arguments. */
  parameters?: JsonSchema;
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

/** One reply's place in its grammar. Its state follows from the ids accepted: after a restart, accept the reply's ids again. */
export interface Constraint {
  /** Bit id % 32 of word id >> 5 says that the token may come next. At least one may, until `done`. Shared: do not change it. */
  mask(): Uint32Array;
  /** Takes the next id of the reply. Failure `bug` when the mask forbids it. */
  accept(id: number): void;
  /** Nothing can follow: the reply is complete. */
  readonly done: boolean;
}
