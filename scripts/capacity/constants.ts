/**
 * What a capacity simulation is told of the machine, of the platform and of the users. Everything measured names where;
 * everything else is an assumption, and is printed as one.
 */

export interface Machine {
  /**
   * Milliseconds of CPU for one pass that generates one token for each of so many conversations; the
   * last one goes on in its slope.
   */
  passMs: readonly number[];
  prefillMsPerToken: number;
  /** A state's bytes into the engine, and out of it to storage. */
  loadMs: number;
  saveMs: number;
  /** A fresh isolate: weights read and verified, tokenizer, first code. */
  coldStartMs: number;
  /** Memory slots of an isolate: states that are in its memory at once. */
  slots: number;
}

export interface Platform {
  /** Objects that the platform puts into one isolate at most while their turns run. */
  objectsPerIsolate: number;
  /** An isolate without work goes after so many seconds. */
  idleSeconds: number;
  /** An object without work is billed for so many seconds more. */
  lingerSeconds: number;
  locations: number;
  rowsPerTurn: number;
  /** What a conversation's first turn writes beside: the tables of a new database. */
  rowsPerConversation: number;
  rowsReadPerTurn: number;
  objectRequestsPerTurn: number;
  storedBytes: number;
}

export interface Users {
  users: number;
  /**
   * Conversations that a user begins in a day, turns of each, and seconds between the end of
   * a reply and the next question.
   */
  conversationsPerDay: number;
  turnsPerConversation: number;
  thinkSeconds: number;
  promptTokens: number;
  replyTokens: number;
  /**
   * Tokens of a document that every conversation begins with: a shared prefix here, sent again with
   * every turn where nothing is kept.
   */
  documentTokens: number;
  /** How many times its average the busiest hour of the day has. */
  peak: number;
  daysKept: number;
}

/**
 * EPYC of Zen 5, docs/benchmarks.md: "Several conversations in one isolate" (268 and 295 tokens/s for one and two),
 * "A dialogue of 50 turns", "Memory of one isolate"; `node bench/cold-start.ts` for the
 * processor time of a fresh isolate.
 */
export const measured: Machine = {
  passMs: [3.7, 6.8],
  prefillMsPerToken: 2.2,
  loadMs: 5,
  saveMs: 5,
  coldStartMs: 600,
  slots: 3,
};

/**
 * Rows and bytes at rest: `npm run cost -- --turns 6`, a conversation like those of `assumedUsers`. The rest is not
 * documented by the platform and is assumed.
 */
export const assumedPlatform: Platform = {
  objectsPerIsolate: 16,
  idleSeconds: 60,
  lingerSeconds: 10,
  locations: 30,
  rowsPerTurn: 9,
  rowsPerConversation: 29,
  rowsReadPerTurn: 200,
  objectRequestsPerTurn: 4,
  storedBytes: 13e6,
};

export const assumedUsers: Users = {
  users: 1_000_000,
  conversationsPerDay: 0.5,
  turnsPerConversation: 6,
  thinkSeconds: 45,
  promptTokens: 60,
  replyTokens: 120,
  documentTokens: 0,
  peak: 2,
  daysKept: 30,
};
