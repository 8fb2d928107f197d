import { expect, it } from "vitest";
import { Counter, countTurn, Histogram, metricsText, summed } from "../../src/core/metrics.ts";
import { RELEASE } from "../../src/core/release.ts";

/** What Prometheus' parser takes, line by line. */
const LINE =
  /^(?:# (?:HELP|TYPE) \S+ .+|[a-z_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? -?[\d.e+]+)$/;

it("counts by label, and escapes what stands in labels", () => {
  const counter = new Counter("x", "What was seen.");
  expect(counter.lines()).toEqual(["x 0"]);
  counter.add(2, { code: 'a"b\\c\nd' });
  counter.add(3, { code: 'a"b\\c\nd' });
  counter.add();
  expect(counter.lines()).toEqual(['x{code="a\\"b\\\\c\\nd"} 5', "x 1"]);
  for (const line of counter.lines()) expect(line).toMatch(LINE);
});

it("a histogram's buckets hold everything below their bound, the bound included", () => {
  const histogram = new Histogram("h", "How much.", [1, 10]);
  for (const value of [0.5, 1, 5, 100]) histogram.observe(value);
  expect(histogram.lines()).toEqual([
    'h_bucket{le="1"} 2',
    'h_bucket{le="10"} 3',
    'h_bucket{le="+Inf"} 4',
    "h_sum 106.5",
    "h_count 4",
  ]);
});

it("is text that Prometheus takes: help and type before every metric, each metric once", () => {
  countTurn({
    tenant: "ann",
    promptTokens: 10,
    cachedTokens: 8,
    completionTokens: 5,
    queueMs: 0,
    loadMs: 1,
    prefillMs: 2,
    decodeMs: 0,
  });
  const text = metricsText(
    {
      live: 2,
      packs: [{ model: "tiny", fingerprint: "0123456789ab", dtype: "q4" }],
      engines: [{ model: "tiny", bytes: 1_000_000 }],
      engineMaxBytes: 2_000_000,
    },
    new Map([["state_rebuilt", 3]]),
  );
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.trimEnd().split("\n");
  for (const line of lines) expect(line).toMatch(LINE);
  const types = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
  expect(new Set(types).size).toBe(types.length);
  expect(lines).toContain("rivulet_cached_tokens_total 8");
  expect(lines).toContain("rivulet_live_generations 2");
  expect(lines).toContain(`rivulet_build_info{version="${RELEASE.version}"} 1`);
  expect(lines).toContain('rivulet_pack_info{model="tiny",fingerprint="0123456789ab",dtype="q4"} 1');
  expect(lines).toContain('rivulet_engine_memory_bytes{model="tiny"} 1000000');
  expect(lines).toContain("rivulet_engine_memory_limit_bytes 2000000");
  expect(lines).toContain('rivulet_events_total{event="state_rebuilt"} 3');
  expect(lines).toContain("rivulet_decode_tokens_per_second_count 0");
});

it("the metrics of several processes are added up as those of one, and what is always 1 stays 1", () => {
  const text = (live: number, lines: string[]) =>
    [
      "# HELP rivulet_build_info The release; always 1.",
      "# TYPE rivulet_build_info gauge",
      'rivulet_build_info{version="1"} 1',
      "# HELP live Now.",
      "# TYPE live gauge",
      `live ${live}`,
      "# HELP done_total So far.",
      "# TYPE done_total counter",
      ...lines,
      "",
    ].join("\n");
  const a = text(2, ['done_total{of="a b"} 3', 'done_total{of="c"} 0.5']);
  expect(summed([a])).toBe(a);
  expect(summed([a, "", text(1, ["done_total 0"]), text(0, ['done_total{of="a b"} 4', 'done_total{of="d"} 1'])])).toBe(
    text(3, ['done_total{of="a b"} 7', 'done_total{of="c"} 0.5', 'done_total{of="d"} 1']),
  );
});
