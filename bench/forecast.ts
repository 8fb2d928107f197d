/**
 * Forecasts and tail probabilities of a pack, as the engine and the objects compute them, for
 * training/forecast/evaluate.py.
 *
 * `node bench/forecast.ts <pack> < series.json > forecasts.json`; series.json is a list of {values, horizon,
 * quantiles, paths}. Each comes back as {forecast: (horizon, quantiles), tails: (values)}. With `--speed` it
 * prints processor time instead: of one value, and of one step of a path. With `--long [values]` it feeds a
 * million values in slices, as the engine reads a prompt, and prints at every power of ten what is held, and how
 * well the next thousand values are foreseen.
 */
import { readFileSync } from "node:fs";
import { Course } from "../durable-objects/stream/course.ts";
import { commandLine } from "../scripts/command-line.ts";
import { loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { NO_SCALE } from "../src/forecast/codec.ts";
import { Distribution } from "../src/forecast/distribution.ts";
import { type Forecaster, feed, forecast, forecasterOf } from "../src/forecast/forecaster.ts";
import { encodeSequence } from "../src/state/encode-sequence.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { cpuMs } from "./cpu.ts";

interface ForecastRequest {
  values: (number | null)[];
  horizon: number;
  quantiles: number[];
  paths: number;
}

async function answer(forecaster: Forecaster, { values, ...request }: ForecastRequest) {
  const course = await Course.from(forecaster, undefined);
  const tails: (number | null)[] = [];
  for (const value of values) tails.push((await course.take(value, null, [])).entry.tail);
  const { sequence, logits, moment } = course.live;
  const saved = { position: sequence.position, tensors: await sequence.save() };
  const rows = await forecast(forecaster, { saved, logits, scale: moment.scale }, request);
  sequence.release();
  return { forecast: rows, tails };
}

async function speed(forecaster: Forecaster): Promise<void> {
  const values = Array.from({ length: 2000 }, (_, i) => 10 + 3 * Math.sin(i / 4) + ((i * 7919) % 13) / 10);
  const course = await Course.from(forecaster, undefined);
  for (const value of values.slice(0, 1000)) await course.take(value, null, []);
  const thousand = await cpuMs(async () => {
    for (const value of values.slice(1000)) await course.take(value, null, []);
  });
  const { sequence, logits, moment } = course.live;
  const saved = { position: sequence.position, tensors: await sequence.save() };
  const origin = { saved, logits, scale: moment.scale };
  const all = await cpuMs(() => forecast(forecaster, origin, { horizon: 25, quantiles: [0.5], paths: 32 }));
  const bytes = saved.tensors.reduce((sum, { data }) => sum + data.length, 0);
  console.log(
    `one value ${(thousand / 1000).toFixed(3)} ms, one step of a path ${(all / (24 * 32)).toFixed(3)} ms, state ${bytes} bytes`,
  );
}

/** Deterministic and never the same again: a season, a slow drift, noise, and a gap now and then. */
function longValue(i: number): number | null {
  if (i % 997 === 0) return null;
  const noise = Math.sin(i * 12.9898) * 43_758.5453;
  return 20 + 5 * Math.sin(i / 7) + 3 * Math.sin(i / 50_000) + 2 * (noise - Math.floor(noise));
}

async function long(forecaster: Forecaster, total: number): Promise<void> {
  const { backend, codec, fingerprint } = forecaster;
  const sequence = await backend.open();
  let logits = (await feed(sequence, codec.config.begin)) as Float32Array<ArrayBuffer>;
  let scale = NO_SCALE;
  let fed = 0;
  /** Feeds up to `until` values; ids are those of the values alone, so many can be fed at once. */
  const feedTo = async (until: number) => {
    while (fed < until) {
      const ids: number[] = [];
      for (; ids.length < backend.sliceTokens && fed < until; fed++) {
        const { id, after } = codec.encode(scale, longValue(fed));
        ids.push(id);
        scale = after;
      }
      logits = (await sequence.forward(Uint32Array.from(ids), "last")).slice() as Float32Array<ArrayBuffer>;
    }
  };
  console.log("| values | state, bytes | engine, bytes | ms of CPU for each | of the next 1,000 in 50 / 95 % |");
  console.log("|---:|---:|---:|---:|---|");
  for (let power = 1000; power <= total; power *= 10) {
    const from = fed;
    const each = (await cpuMs(() => feedTo(power))) / (power - from);
    const state = await encodeSequence(sequence, {
      fingerprint,
      pending: [],
      sampler: { generator: [1, 0, 0, 0], recent: [], reply: [] },
    });
    const held = backend.memoryBytes;
    let [half, most, seen] = [0, 0, 0];
    for (const until = fed + 1000; fed < until; ) {
      const value = longValue(fed);
      const expected = new Distribution(codec, scale, logits);
      if (value !== null) {
        const below = expected.cdf(value);
        seen++;
        if (Math.abs(below - 0.5) <= 0.25) half++;
        if (Math.abs(below - 0.5) <= 0.475) most++;
      }
      await feedTo(fed + 1);
    }
    const shares = [half, most].map((n) => `${((100 * n) / seen).toFixed(0)} %`).join(" / ");
    console.log(`| ${power} | ${state.length} | ${held} | ${each.toFixed(3)} | ${shares} |`);
  }
}

const { values, positionals } = commandLine({ speed: { type: "boolean" }, long: { type: "boolean" } }, [1, 2]);
const [pack, count = "1000000"] = positionals as [string, string?];
const forecaster = forecasterOf(await loadModel(folderSource(pack), compiledKernels()));
if (values.speed) await speed(forecaster);
else if (values.long) await long(forecaster, Number(count));
else {
  const asked = JSON.parse(readFileSync(0, "utf8")) as ForecastRequest[];
  const answers = [];
  for (const one of asked) answers.push(await answer(forecaster, one));
  process.stdout.write(JSON.stringify(answers));
}
