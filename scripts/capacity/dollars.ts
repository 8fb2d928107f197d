/** dollars: what the same turns cost a month on Cloudflare with Rivulet, on Workers AI, and on GPUs that are rented. */
import { costOf, prices, restingCost } from "../price.ts";
import type { Platform, Users } from "./constants.ts";

const DAYS = 30;
const HOURS = 24 * DAYS;

/** Assumed; Workers AI: Cloudflare's price list for @cf/meta/llama-3.2-1b-instruct, the smallest model that talks. */
const rivals = {
  workersAiInput: 0.027e-6,
  workersAiOutput: 0.201e-6,
  /** A small GPU by the hour, and tokens that it generates a second for many at once with a model of this size. */
  gpuHour: 0.8,
  gpuTokensPerSecond: 5000,
};

interface Dollars {
  objectTime: number;
  rows: number;
  requests: number;
  storage: number;
  /** For conversations that are kept for so many days; the others of a day are deleted. */
  rivulet: number;
  workersAi: number;
  gpus: number;
}

/** `turns` and `objectSeconds` of a day; `peakTokens`: tokens of replies in the busiest second. */
export function dollarsOf(
  { turns, objectSeconds, peakTokens }: { turns: number; objectSeconds: number; peakTokens: number },
  platform: Platform,
  users: Users,
): Dollars {
  const each = costOf({
    workerCpuMs: 2,
    objectRequests: platform.objectRequestsPerTurn,
    objectSeconds: 0,
    rowsWritten: platform.rowsPerTurn + platform.rowsPerConversation / users.turnsPerConversation,
    rowsRead: platform.rowsReadPerTurn,
  });
  const month = turns * DAYS;
  const kept = users.users * users.conversationsPerDay * users.daysKept;
  const parts = {
    objectTime: objectSeconds * DAYS * prices.objectSecond,
    rows: month * (each.rowsWritten + each.rowsRead),
    requests: month * (each.requests + each.worker),
    storage: restingCost(kept * platform.storedBytes),
  };
  // Who keeps no state sends the history again: on average half of the conversation's other turns.
  const history = ((users.turnsPerConversation - 1) / 2) * (users.promptTokens + users.replyTokens);
  const input = users.documentTokens + history + users.promptTokens;
  const workersAi = month * (input * rivals.workersAiInput + users.replyTokens * rivals.workersAiOutput);
  return {
    ...parts,
    rivulet: Object.values(parts).reduce((sum, part) => sum + part, 0),
    workersAi,
    gpus: Math.max(1, Math.ceil(peakTokens / rivals.gpuTokensPerSecond)) * HOURS * rivals.gpuHour,
  };
}
