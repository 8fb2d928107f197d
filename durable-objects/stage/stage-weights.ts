/**
 * stage-weights: the stages that this isolate has loaded, each once, shared by all conversations.
 *
 * In production an isolate should meet one stage only (docs/scale.md); where it meets more, all of them must fit.
 */
import { stageEngine, stageModels } from "../../src/backends/stage-engine.ts";
import type { Engine } from "../../src/backends/wasm/engine.ts";
import { check } from "../../src/core/failure.ts";
import { countSetting } from "../../src/core/settings.ts";
import { loadShards, readManifest } from "../../src/weights/load-pack.ts";
import kernels from "../../wasm/build/kernels.wasm";
import { Admission } from "../model/admission.ts";
import { engineMaxBytes, packSource } from "../model/pack.ts";
import type { StageName } from "../model/stage-client.ts";
import { SingleFlight } from "../platform/single-flight.ts";

interface LoadedStage {
  engine: Engine;
  admission: Admission;
}

const flights = new Map<string, SingleFlight<LoadedStage>>();

/**
 * Fails with `weights_unavailable` while another version of the pack is deployed than the
 * conversation has, or `memory_exceeded`.
 */
export function loadedStage(env: Env, name: StageName): Promise<LoadedStage> {
  const key = `${name.fingerprint}/${name.stage}`;
  const flight = flights.get(key) ?? new SingleFlight<LoadedStage>();
  flights.set(key, flight);
  return flight.get((progress) => load(env, name, progress));
}

/** A new instance of a stage's object has come up: whatever its last one held is free. */
export function forget(owner: string): void {
  for (const { value } of flights.values()) value?.admission.forget(owner);
}

/** Live sequences of all stages in this isolate. */
export const liveSequences = (): number =>
  [...flights.values()].reduce((n, { value }) => n + (value?.admission.live ?? 0), 0);

async function load(env: Env, { path, fingerprint, stage }: StageName, progress: () => void): Promise<LoadedStage> {
  const source = packSource({ ...env, PACK_PATH: path });
  const { manifest, fingerprint: found } = await readManifest(source);
  progress();
  const other = () => `stage ${stage}: another version of the pack is being put in place; try again`;
  check(found === fingerprint, "weights_unavailable", other);
  check(manifest.stages?.[stage], "weights_invalid", () => `the pack has no stage ${stage}`, "stages");
  // Checks how the pack is divided.
  stageModels(manifest);
  const others = [...flights.values()].reduce((n, { value }) => n + (value?.engine.memoryBytes ?? 0), 0);
  const maxBytes = (env.STAGE_MAX_BYTES ? countSetting(env, "STAGE_MAX_BYTES") : engineMaxBytes(env)) - others;
  const needed = manifest.shards.slice(...manifest.stages[stage].shards).reduce((n, shard) => n + shard.bytes, 0);
  const full = () => `stage ${stage}: ${needed} bytes of weights, and this isolate has ${Math.max(0, maxBytes)} left`;
  check(needed < maxBytes, "memory_exceeded", full);
  const { area, start } = stageEngine(manifest, stage, kernels, { maxBytes });
  await loadShards(source, manifest, [area], progress);
  return { engine: start(), admission: new Admission() };
}
