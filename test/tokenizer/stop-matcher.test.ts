import { describe, expect, it } from "vitest";
import { StopMatcher } from "../../src/tokenizer/stop-matcher.ts";
import { cpuMs } from "../support/cpu-time.ts";
import { RandomText } from "./random-text.ts";

/** Pieces in, pieces out; the flush is the last. */
function stream(stops: readonly string[], pieces: readonly string[]): { out: string[]; stopped: boolean } {
  const matcher = new StopMatcher(stops);
  const out = pieces.map((piece) => matcher.push(piece));
  return { out: [...out, matcher.flush()], stopped: matcher.stopped };
}

/** Plainly: the stop that is complete first, the longest of those, and nothing from its start on. */
function definition(stops: readonly string[], text: string): string {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter((stop) => stop !== "" && text.slice(0, end).endsWith(stop));
    if (ending.length > 0) return text.slice(0, end - Math.max(...ending.map((stop) => stop.length)));
  }
  return text;
}

describe("stop matcher (S11)", () => {
  it("lets nothing of a stop string out that is split over three tokens", () => {
    expect(stream(["STOP"], ["ab S", "TO", "P cd", "e"])).toEqual({ out: ["ab ", "", "", "", ""], stopped: true });
  });

  it("holds back only what could still become a stop", () => {
    expect(stream(["STOP"], ["ST", "AY ", "S", "TO", "x"])).toEqual({
      out: ["", "STAY ", "", "", "STOx", ""],
      stopped: false,
    });
  });

  it("gives what it held when the text ends", () => {
    expect(stream(["\n\n"], ["a\n"])).toEqual({ out: ["a", "\n"], stopped: false });
  });

  it("takes the stop that is complete first, and the longest of those", () => {
    expect(stream(["bcd", "c"], ["abcd"]).out.join("")).toBe("ab");
    expect(stream(["c", "abc", "bc"], ["xabc"]).out.join("")).toBe("x");
  });

  it("finds a stop that overlaps its own start", () => {
    expect(stream(["aab"], ["a", "a", "a", "b"])).toEqual({ out: ["", "", "a", "", ""], stopped: true });
    expect(stream(["abac"], [..."ababac"]).out.join("")).toBe("ab");
  });

  it("keeps characters of two units whole", () => {
    expect(stream(["👍🏽"], ["x👍", "👍", "🏽y"]).out).toEqual(["x", "👍", "", ""]);
    expect(stream(["👎"], ["a👍"]).out).toEqual(["a👍", ""]);
  });

  it("stops nothing without stops, or with empty ones", () => {
    expect(stream([], ["a", ""])).toEqual({ out: ["a", "", ""], stopped: false });
    expect(stream([""], ["a"])).toEqual({ out: ["a", ""], stopped: false });
  });

  it("gives the same however the text is cut, and as the plain definition says", () => {
    const random = new RandomText(7);
    const letters = (length: number) => Array.from({ length }, () => random.pick(["a", "b", "ab", "👍"])).join("");
    for (let round = 0; round < 3000; round++) {
      const stops = Array.from({ length: 1 + random.below(4) }, () => letters(1 + random.below(4)));
      const pieces = Array.from({ length: random.below(12) }, () => letters(random.below(4)));
      const { out, stopped } = stream(stops, pieces);
      const expected = definition(stops, pieces.join(""));
      expect(out.join(""), JSON.stringify({ stops, pieces })).toBe(expected);
      expect(stopped).toBe(expected !== pieces.join(""));
    }
  });

  it("takes linear time for stops made to be slow (H11)", () => {
    const stops = Array.from({ length: 4 }, (_, i) => `${"a".repeat(2000)}${i}`);
    const start = cpuMs();
    const { out } = stream(stops, new Array(2000).fill("a".repeat(50)));
    expect(cpuMs() - start).toBeLessThan(1000);
    expect(out.join("")).toHaveLength(100_000);
  });
});
