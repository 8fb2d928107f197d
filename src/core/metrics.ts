/**
 * metrics: what this isolate has done since it began, as Prometheus reads it.
 *
 * Only numbers and names of ours: no text, and tenants only for who asks for them.
 * Source: Prometheus text format 0.0.4.
 */
import { RELEASE } from "./release.ts";

type Labels = Record<string, string | number>;

const quoted = (value: string | number): string =>
  `"${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
const inBraces = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

/** Grows only. `name` and `help` are what the export says of it. */
export class Counter {
  readonly type = "counter";
  readonly name: string;
  readonly help: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  add(by = 1, labels: Labels = {}): void {
    const key = inBraces(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  lines(): string[] {
    if (this.#values.size === 0) return [`${this.name} 0`];
    return [...this.#values].map(([labels, value]) => `${this.name}${labels} ${value}`);
  }
}

/** How many observations were at most each bound. */
export class Histogram {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
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

  lines(): string[] {
    return [
      ...this.#bounds.map((bound, i) => `${this.name}_bucket{le="${bound}"} ${this.#counts[i]}`),
      `${this.name}_bucket{le="+Inf"} ${this.#count}`,
      `${this.name}_sum ${this.#sum}`,
      `${this.name}_count ${this.#count}`,
    ];
  }
}

const FIRST_TOKEN_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const TOKENS_PER_SECOND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** In the order in which they are exported. */
export const metrics = {
  requests: new Counter("rivulet_requests_total", "Requests by route and status."),
  errors: new Counter("rivulet_errors_total", "Failures told to callers, by code."),
  promptTokens: new Counter("rivulet_prompt_tokens_total", "Tokens before replies: held and computed."),
  cachedTokens: new Counter("rivulet_cached_tokens_total", "Of these, tokens that kept state held."),
  completionTokens: new Counter("rivulet_completion_tokens_total", "Tokens of replies."),
  timeToFirstToken: new Histogram(
    "rivulet_time_to_first_token_seconds",
    "From request to first token.",
    FIRST_TOKEN_SECONDS,
  ),
  decodeRate: new Histogram("rivulet_decode_tokens_per_second", "Speed of single replies.", TOKENS_PER_SECOND),
  recalledTurns: new Counter("rivulet_recalled_turns_total", "Turns that lines of their past were quoted to."),
  recalledLines: new Counter("rivulet_recalled_lines_total", "Lines that were quoted."),
  recalledTokens: new Counter("rivulet_recalled_tokens_total", "Tokens of the quotes."),
  goldenMismatches: new Counter(
    "rivulet_golden_mismatches_total",
    "Checks in which the model computed other than it should.",
  ),
  rowsRead: new Counter("rivulet_rows_read_total", "Rows of storage read."),
  rowsWritten: new Counter("rivulet_rows_written_total", "Rows of storage written."),
  streamValues: new Counter("rivulet_stream_values_total", "Values that streams took."),
  streamForecastSteps: new Counter(
    "rivulet_stream_forecast_steps_total",
    "Steps of the forecaster for forecasts: steps times futures.",
  ),
  objectSeconds: new Counter("rivulet_object_seconds_total", "Time that objects spent on turns."),
  /** Only for who may see tenants. */
  tenantTokens: new Counter("rivulet_tenant_tokens_total", "Tokens computed for each tenant."),
};

const block = (name: string, type: string, help: string, lines: string[]): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");

/** Values of this moment, in the isolate that answers. */
export interface Gauges {
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
  { live, packs, engines, engineMaxBytes }: Gauges,
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
    ...Object.values(metrics)
      .filter((metric) => tenants || metric !== metrics.tenantTokens)
      .map((metric) => block(metric.name, metric.type, metric.help, metric.lines())),
    gauge("rivulet_live_generations", "Generations that hold a place.", [[{}, live]]),
    block("rivulet_events_total", "counter", "State rebuilt, turns resumed, and what else is worth knowing.", happened),
  ].join("");
}

/**
 * The metrics of several processes as those of one: what each counts or holds is added up, and what each says of all
 * of them (`_info`) is said once.
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

interface TurnCost {
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
  // A clock that stands still while code runs says nothing of speed.
  if (cost.decodeMs > 0) metrics.decodeRate.observe((cost.completionTokens * 1000) / cost.decodeMs);
}
