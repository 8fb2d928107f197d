/** The dashboard and the alerts ask for nothing that the server does not tell. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { failures } from "../../src/core/failure.ts";
import { metricsText } from "../../src/core/metrics.ts";

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../../examples/monitoring", name), "utf8");
const told = new Set(
  metricsText(
    {
      live: 0,
      packs: [{ model: "tiny", fingerprint: "0", dtype: "q4" }],
      engines: [{ model: "tiny", bytes: 1 }],
      engineMaxBytes: 2,
    },
    new Map([["state_damaged", 1]]),
    true,
  )
    .split("\n")
    .flatMap((line) => /^([a-z_]+)(?:\{[^}]*\})? \S+$/.exec(line)?.[1] ?? []),
);
const asked = (text: string): string[] => text.match(/\brivulet_[a-z_]+/g) ?? [];

it.each(["grafana.json", "alerts.yml"])("%s names only metrics that are told", (name) => {
  const names = asked(read(name));
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((metric) => !told.has(metric))).toEqual([]);
});

it("the dashboard shows what is served, what it holds, and what streams take", () => {
  const shown = new Set(asked(read("grafana.json")));
  for (const name of ["rivulet_build_info", "rivulet_pack_info", "rivulet_engine_memory_bytes"])
    expect([...shown]).toContain(name);
  expect([...shown]).toContain("rivulet_stream_values_total");
});

it("the alerts name only codes of failures that there are", () => {
  const codes = [...read("alerts.yml").matchAll(/code=~?"([a-z_|]+)"/g)].flatMap(([, names]) => names!.split("|"));
  expect(codes.length).toBeGreaterThan(2);
  expect(codes.filter((code) => !(code in failures))).toEqual([]);
});
