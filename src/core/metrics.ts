/**
 * metrics: what this isolate has done since it began, as Prometheus reads it.
 *
 * Only numbers and names of ours: no text, and tenants only for who asks for them. Source: Prometheus text format 0.0.4.
 */
import { RELEASE } from "./release.ts";

type Labels = Record<string, string | number>;

const quoted = (value: string | number): string =>
  `"${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
const inBraces = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

/** Grows only. */
export class Counter {
  readonly #values = new Map<string, number>();

  add(by = 1, labels: Labels = {}): void {
    const key = inBraces(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  lines = (name: string): string[] =>
    this.#values.size === 0 ? [`${name} 0`] : [...this.#values].map(([labels, value]) => `${name}${labels} ${value}`);
}

/** How many observations were at most each bound. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    this.#bounds.forEach((bound, i) => {
      if (value <= bound) this.#counts[i]!++;
    });
  }

  lines = (name: string): string[] => [
    ...this.#bounds.map((bound, i) => `${name}_bucket{le="${bound}"} ${this.#counts[i]}`),
    `${name}_bucket{le="+Inf"} ${this.#count}`,
    `${name}_sum ${this.#sum}`,
    `${name}_count ${this.#count}`,
  ];
}

export const metrics = {
  requests: new Counter(),
  errors: new Counter(),
  promptTokens: new Counter(),
  cachedTokens: new Counter(),
  completionTokens: new Counter(),
  tenantTokens: new Counter(),
  timeToFirstToken: new Histogram([0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]),
  decodeRate: new Histogram([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]),
  recalledTurns: new Counter(),
  recalledLines: new Counter(),
  recalledTokens: new Counter(),
  goldenMismatches: new Counter(),
  rowsRead: new Counter(),
  rowsWritten: new Counter(),
  objectSeconds: new Counter(),
  streamValues: new Counter(),
  streamForecastSteps: new Counter(),
};

const described: [name: string, type: string, help: string, metric: Counter | Histogram][] = [
  ["rivulet_requests_total", "counter", "Requests by route and status.", metrics.requests],
  ["rivulet_errors_total", "counter", "Failures told to callers, by code.", metrics.errors],
  ["rivulet_prompt_tokens_total", "counter", "Tokens before replies: held and computed.", metrics.promptTokens],
  ["rivulet_cached_tokens_total", "counter", "Of these, tokens that kept state held.", metrics.cachedTokens],
  ["rivulet_completion_tokens_total", "counter", "Tokens of replies.", metrics.completionTokens],
  ["rivulet_time_to_first_token_seconds", "histogram", "From request to first token.", metrics.timeToFirstToken],
  ["rivulet_decode_tokens_per_second", "histogram", "Speed of single replies.", metrics.decodeRate],
  ["rivulet_recalled_turns_total", "counter", "Turns that lines of their past were quoted to.", metrics.recalledTurns],
  ["rivulet_recalled_lines_total", "counter", "Lines that were quoted.", metrics.recalledLines],
  ["rivulet_recalled_tokens_total", "counter", "Tokens of the quotes.", metrics.recalledTokens],
  [
    "rivulet_golden_mismatches_total",
    "counter",
    "Checks in which the model computed other than it should.",
    metrics.goldenMismatches,
  ],
  ["rivulet_rows_read_total", "counter", "Rows of storage read.", metrics.rowsRead],
  ["rivulet_rows_written_total", "counter", "Rows of storage written.", metrics.rowsWritten],
  ["rivulet_stream_values_total", "counter", "Values that streams took.", metrics.streamValues],
  [
    "rivulet_stream_forecast_steps_total",
    "counter",
    "Steps of the forecaster for forecasts: steps times futures.",
    metrics.streamForecastSteps,
  ],
  ["rivulet_object_seconds_total", "counter", "Time that objects spent on turns.", metrics.objectSeconds],
];

const block = (name: string, type: string, help: string, lines: string[]): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");

/** What is so now, in the isolate that answers. */
export interface Standing {
  /** Generations that hold a place. */
  live: number;
  /** Every served pack, loaded or not, the default first. */
  packs: readonly { model: string; fingerprint: string; dtype: string }[];
  /** Of the models that are loaded, bytes of their WebAssembly memories: weights, scratch, and states in use. */
  engines: readonly { model: string; bytes: number }[];
  /** Bytes that all engines together may take. */
  engineMaxBytes: number;
}

/** `events`: how often each happened; `tenants`: with the totals of each. */
export function metricsText(
  { live, packs, engines, engineMaxBytes }: Standing,
  events: ReadonlyMap<string, number>,
  tenants = false,
): string {
  const happened = [...events].map(([event, times]) => `rivulet_events_total{event=${quoted(event)}} ${times}`);
  const gauge = (name: string, help: string, values: readonly [Labels, number][]): string =>
    block(
      name,
      "gauge",
      help,
      values.map(([labels, value]) => `${name}${inBraces(labels)} ${value}`),
    );
  const served = packs.map((labels): [Labels, number] => [labels, 1]);
  const held = engines.map(({ model, bytes }): [Labels, number] => [{ model }, bytes]);
  return [
    gauge("rivulet_build_info", "The release that answers; always 1.", [[{ version: RELEASE.version }, 1]]),
    gauge("rivulet_pack_info", "A pack that is served, loaded or not; always 1.", served),
    gauge("rivulet_engine_memory_bytes", "Memory of a loaded model: weights, scratch and states in use.", held),
    gauge("rivulet_engine_memory_limit_bytes", "What all models together may take.", [[{}, engineMaxBytes]]),
    ...described.map(([name, type, help, metric]) => block(name, type, help, metric.lines(name))),
    ...(tenants ? [block("rivulet_tenant_tokens_total", "counter", PER_TENANT, perTenant())] : []),
    gauge("rivulet_live_generations", "Generations that hold a place.", [[{}, live]]),
    block("rivulet_events_total", "counter", "State rebuilt, turns resumed, and what else is worth knowing.", happened),
  ].join("");
}

/**
 * The metrics of several processes as those of one: what each counts or holds is added up, and what each says of all of them (`_info`) is said once.
 */
export function summed(texts: readonly string[]): string {
  const blocks = new Map<string, { head: string[]; values: Map<string, number> }>();
  for (const text of texts) {
    let block: { head: string[]; values: Map<string, number> } | undefined;
    for (const line of text.split("\n")) {
      const [, name] = /^# HELP (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        block = blocks.get(name) ?? { head: [], values: new Map() };
        blocks.set(name, block);
      }
      if (line.startsWith("#")) {
        if (block && !block.head.includes(line)) block.head.push(line);
        continue;
      }
      const end = line.lastIndexOf(" ");
      if (!block || end < 0) continue;
      const [key, value] = [line.slice(0, end), Number(line.slice(end + 1))];
      const known = block.values.get(key) ?? 0;
      block.values.set(key, /_info[{ ]/.test(line) ? Math.max(known, value) : known + value);
    }
  }
  const lines = [...blocks.values()].flatMap(({ head, values }) => {
    // Who has counted nothing says so without labels.
    const isMore = (key: string) => [...values.keys()].some((other) => other.startsWith(`${key}{`));
    return [...head, ...[...values].filter(([key]) => !isMore(key)).map(([key, value]) => `${key} ${value}`)];
  });
  return `${lines.join("\n")}\n`;
}

const PER_TENANT = "Tokens computed for each tenant.";
const perTenant = () => metrics.tenantTokens.lines("rivulet_tenant_tokens_total");

export interface TurnCost {
  tenant: string;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  queueMs: number;
  loadMs: number;
  prefillMs: number;
  decodeMs: number;
}

/** A turn has ended. */
export function countTurn(cost: TurnCost): void {
  metrics.promptTokens.add(cost.promptTokens);
  metrics.cachedTokens.add(cost.cachedTokens);
  metrics.completionTokens.add(cost.completionTokens);
  metrics.tenantTokens.add(cost.promptTokens - cost.cachedTokens + cost.completionTokens, { tenant: cost.tenant });
  metrics.timeToFirstToken.observe((cost.queueMs + cost.loadMs + cost.prefillMs) / 1000);
  // A clock that stands still while code runs tells nothing of speed.
  if (cost.decodeMs > 0) metrics.decodeRate.observe((cost.completionTokens * 1000) / cost.decodeMs);
}
