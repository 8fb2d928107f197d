/**
 * rivulet stream: values from a file, or from standard input as they come, to a stream of a running server.
 *
 * For each value a line says what had been expected of it; at the end comes the forecast. Lines go to stdout,
 * what is said about them to stderr.
 */
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import type { AppendReply, StreamForecast, StreamValue } from "../api/streams/replies.ts";
import { type CsvColumns, type CsvValue, csvReader } from "../client/csv-values.ts";
import { check } from "../core/failure.ts";
import { integer } from "./arguments.ts";
import { askedServer, KEY_VARIABLE } from "./asked-server.ts";

interface Options extends CsvColumns {
  id?: string;
  name?: string;
  frequency?: string;
  horizon: number;
  batch: number;
  late?: boolean;
  delete?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command("stream")
    .description(
      `feed values to a running server, and print what was and what is expected; ${KEY_VARIABLE} is sent as the key`,
    )
    .argument("<url>", "where the server is")
    .argument("[file]", "a CSV file, or one number a line; standard input unless given, or with -")
    .option("--id <stream>", "go on with this stream (default: a new one)")
    .option("--name <name>", "of a new stream")
    .option("--frequency <period>", "of a new stream: 15s, 5min, 1h, 1d, 1w; times that are left out become gaps")
    .option("--value <column>", "name or number of the values' column (default: the last)")
    .option("--time <column>", "name or number of the times' column (default: the first, where it holds dates)")
    .option("--horizon <n>", "steps of the forecast at the end", integer(0, 512), 12)
    .option("--batch <n>", "values in one request; standard input sends what has come", integer(1, 4096), 256)
    .option("--late", "take in values whose time is before the last one's")
    .option("--delete", "remove the stream at the end")
    .option("--json", "print replies as lines of JSON")
    .action(stream);
}

async function stream(url: string, file: string | undefined, options: Options): Promise<void> {
  const server = askedServer(url);
  // Before a stream is begun, since a file may not be there.
  const input = file === undefined || file === "-" ? process.stdin : (await open(file)).createReadStream();
  const { name, frequency } = options;
  const id =
    options.id ??
    (
      await server.json<{ id: string }>("/v1/streams", {
        body: { ...(name ? { name } : {}), ...(frequency ? { frequency } : {}) },
      })
    ).id;
  if (!options.json) process.stderr.write(`${id}\n`);
  const progress = { fed: 0 };
  const remove = async () => void (await server.open(`/v1/streams/${id}`, { method: "DELETE" }));
  try {
    await feed(server, id, input, options, progress);
    const from = input === process.stdin ? "standard input" : file;
    const hasCome = options.id !== undefined || progress.fed > 0;
    check(hasCome, "request_invalid", () => `${from}: expected values, got none`);
  } catch (thrown) {
    const isUnused = options.id === undefined && progress.fed === 0;
    // What failed is what is told, also where the stream cannot be removed any more.
    if (options.delete || isUnused) await remove().catch(() => {});
    throw thrown;
  }
  if (options.delete) await remove();
}

/** All values of the input to the stream, then its forecast. `progress`: how many it has taken. */
async function feed(
  server: ReturnType<typeof askedServer>,
  id: string,
  input: Readable,
  options: Options,
  progress: { fed: number },
): Promise<void> {
  for await (const values of batches(input, options)) {
    const body = { values, ...(options.late ? { late: "replay" } : {}) };
    // A key of its own: a repeat after a lost connection is taken once.
    const headers = { "idempotency-key": randomBytes(12).toString("hex") };
    const reply = await server.json<AppendReply>(`/v1/streams/${id}/values`, { body, headers });
    progress.fed += values.length;
    if (options.json) process.stdout.write(`${JSON.stringify(reply)}\n`);
    else process.stdout.write(shown(reply));
  }
  if (options.horizon > 0 && progress.fed > 0) {
    const forecast = await server.json<StreamForecast>(
      `/v1/streams/${id}/forecast?h=${options.horizon}&quantiles=0.025,0.5,0.975`,
    );
    process.stdout.write(options.json ? `${JSON.stringify(forecast)}\n` : shownForecast(forecast));
  }
}

/** Lines are gathered to batches; what has come is sent when no more is there yet. */
async function* batches(input: Readable, { batch, value, time }: Options): AsyncGenerator<CsvValue[]> {
  const read = csvReader({ value, time });
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const waiting: CsvValue[] = [];
  let wake = () => {};
  let ended = false;
  let failed: unknown;
  let number = 0;
  lines.on("line", (line) => {
    try {
      const next = failed ? undefined : read(line, ++number);
      if (next) waiting.push(next);
      if (waiting.length >= 4 * batch) lines.pause();
    } catch (thrown) {
      failed = thrown;
      lines.close();
    }
    wake();
  });
  lines.on("close", () => {
    ended = true;
    wake();
  });
  // Of the input as well: without anybody who listens, the interface throws what its input tells.
  lines.on("error", (thrown: unknown) => {
    failed = thrown;
    lines.close();
  });
  while (!ended || waiting.length > 0) {
    if (waiting.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (ended || waiting.length > 0) resolve();
      });
      // The lines that came with this one come along.
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    yield waiting.splice(0, batch);
    if (!ended && waiting.length < batch) lines.resume();
  }
  if (failed) throw failed;
}

const short = (value: number): string => String(Number(value.toPrecision(5)));

function shown({ values, alerts }: AppendReply): string {
  const warnings = alerts.map(({ name, position }) => `${position}  ALERT ${name}\n`);
  return values.map(shownValue).join("") + warnings.join("");
}

function shownValue({ position, time, value, expected, tail_probability: tail, anomaly }: StreamValue): string {
  const was = expected ? `expected ${short(expected.median)} (${short(expected.low)} to ${short(expected.high)})` : "";
  const odds = tail === null ? "" : `p ${short(tail)}`;
  const cells = [position, time ?? "", value === null ? "gap" : short(value), was, odds, anomaly ? "ANOMALY" : ""];
  return `${cells.filter((cell) => cell !== "").join("  ")}\n`;
}

const shownForecast = ({ position, steps }: StreamForecast): string =>
  steps
    .map(({ time, values: [low, median, high] }, i) => {
      const at = [position + i, time ?? ""].filter((cell) => cell !== "").join("  ");
      return `${at}  forecast ${short(median!)} (${short(low!)} to ${short(high!)})\n`;
    })
    .join("");
