/**
 * quotePast: a new turn's prompt with the lines of the past that its question needs,
 * within the bound that was asked for.
 *
 * The lines become part of the prompt's ids, and so of the token log, once and for all: whoever computes the turn
 * again, rebuilds a state or goes on from an export feeds the same ids and searches for nothing.
 */
import type { Recalled, RecallMode, TurnRequest } from "../../src/api/shared/turn.ts";
import type { Accepted } from "../storage/journal.ts";
import { NEW_TURN } from "./rank-passages.ts";
import { recall } from "./recall.ts";
import type { Search } from "./visible-past.ts";

const AUTO_TOKENS = 128;
const LEAST_TOKENS = 16;

/**
 * Most tokens that a turn's quote may have; undefined where recall is off. `ofConversation`: what the
 * conversation says, if anything.
 */
export function recallTokens(
  { recall: asked, persistent, feedOnly }: Pick<TurnRequest, "recall" | "persistent" | "feedOnly">,
  ofConversation: RecallMode | undefined,
): number | undefined {
  const mode = asked ?? ofConversation ?? (persistent ? "auto" : "off");
  if (mode === "off" || feedOnly) return undefined;
  return mode === "auto" ? AUTO_TOKENS : mode.maxTokens;
}

/** `plain`: the prompt without a quote, `encode`: the prompt with these lines. `turn`: the id of the turn that asks. */
export function quotePast(
  search: Omit<Search, "promptTokens" | "maxTokens"> & { maxTokens: number | undefined },
  plain: number[],
  encode: (lines: readonly Recalled[]) => number[],
  turn: string,
): { prompt: number[] } & Pick<Accepted, "recalled" | "recallTokens" | "recallMs"> {
  const { maxTokens, served } = search;
  if (maxTokens === undefined) return { prompt: plain };
  if (maxTokens < LEAST_TOKENS || !served.prompt.takesSystemLater) return { prompt: plain, recalled: [] };
  const beganMs = Date.now();
  const lines = recall({ ...search, maxTokens, promptTokens: plain.length });
  let prompt = lines.length > 0 ? encode(lines) : plain;
  while (lines.length > 0 && prompt.length - plain.length > maxTokens) {
    const least = Math.min(...lines.map(({ score }) => score));
    lines.splice(
      lines.findIndex(({ score }) => score === least),
      1,
    );
    prompt = lines.length > 0 ? encode(lines) : plain;
  }
  return {
    prompt,
    recalled: lines.map((line) => (line.turn === NEW_TURN ? { ...line, turn } : line)),
    recallTokens: prompt.length - plain.length,
    recallMs: Date.now() - beganMs,
  };
}
