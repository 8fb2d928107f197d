/**
 * Forecasts and tail probabilities of a pack, as the engine and the objects compute them, for training/forecast/evaluate.py.
 *
 * `node bench/forecast.ts <pack> < series.json > forecasts.json`; series.json is a list of {values, horizon, quantiles, paths}. Each comes back
 * as {forecast: (horizon, quantiles), tails: (values)}. With `--speed` it prints processor time instead: of one value, and of one step of a path.
 */
import { readFileSync } from "node:fs";
import { Course } from "../durable-objects/stream/course.ts";
import { loadModel } from "../src/backends/load-model.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { type Forecaster, forecast, forecasterOf } from "../src/forecast/forecaster.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { cpuMs } from "./cpu.ts";

interface Asked {
  values: (number | null)[];
  horizon: number;
  quantiles: number[];
  paths: number;
}

async function answer(forecaster: Forecaster, { values, ...request }: Asked) {
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
  const standing = { saved, logits, scale: moment.scale };
  const all = await cpuMs(() => forecast(forecaster, standing, { horizon: 25, quantiles: [0.5], paths: 32 }));
  const bytes = saved.tensors.reduce((sum, { data }) => sum + data.length, 0);
  console.log(
    `one value ${(thousand / 1000).toFixed(3)} ms, one step of a path ${(all / (24 * 32)).toFixed(3)} ms, state ${bytes} bytes`,
  );
}

const [pack, option] = process.argv.slice(2);
if (!pack) throw new Error("expected the folder of a forecaster");
const forecaster = forecasterOf(await loadModel(folderSource(pack), compiledKernels()));
if (option === "--speed") await speed(forecaster);
else {
  const asked = JSON.parse(readFileSync(0, "utf8")) as Asked[];
  const answers = [];
  for (const one of asked) answers.push(await answer(forecaster, one));
  process.stdout.write(JSON.stringify(answers));
}
