/**
 * served-model: the packs that this isolate serves, each loaded when it is first needed and
 * shared by every conversation in it.
 *
 * Where several do not fit beside each other, those that nobody uses make room, the one
 * first that was used longest ago.
 */
import { readyForForms } from "../../src/constrain/constraint-for.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { loadServed, type Served } from "../../src/dialogue/load.ts";
import { readManifest } from "../../src/weights/load-pack.ts";
import kernels from "../../wasm/build/kernels.wasm";
import { SingleFlight } from "../platform/single-flight.ts";
import { admissionFor, admitTo, closeAdmission, hasRoomBeside, JAVASCRIPT_BYTES, slotsFor } from "./admission.ts";
import { type ModelCard, modelCards, requireModel } from "./model-card.ts";
import { engineMaxBytes, memoryBytes, packEntries, packSource } from "./pack.ts";
import { allowPrelude } from "./prelude-state.ts";
import { remotePipeline, stageObject } from "./stage-client.ts";

/** The default model. */
export const weights = new SingleFlight<Served>();
/** Flights of all that were asked for, by their path; those used last come last. */
const flights = new Map<string, SingleFlight<Served>>();

/** What a caller says of the model, and what is known of where it asks. */
interface WantedModel {
  /** By the name it is served under. */
  model?: string | undefined;
  /** Of what the conversation has kept already, which stays with its model. */
  fingerprint?: string | undefined;
  /** The name of that model, asked for when the pack of this fingerprint is served no more. */
  keptName?: (() => string | undefined) | undefined;
}

/**
 * The model for a request. Fails with `model_unknown`, with `model_changed` where the conversation is another model's,
 * or as loading does. A conversation whose pack is served no more is given the one that has taken over its name, else
 * what is asked for; planning its turn finds out which.
 */
export async function served(env: Env, { model, fingerprint, keptName }: WantedModel = {}): Promise<Served> {
  const [first] = packEntries(env);
  if (packEntries(env).length === 1) return loaded(env, first!.path);
  const cards = await modelCards(env);
  const same = cards.find((card) => card.fingerprint === fingerprint);
  const name = same ? undefined : keptName?.();
  const kept = same ?? cards.find(({ id }) => id === name);
  const asked = model === undefined ? undefined : await requireModel(env, model);
  const message = () =>
    `model: this conversation uses ${kept?.id}, got ${asked?.id}; name ${kept?.id}, or begin another conversation`;
  check(!kept || !asked || kept === asked, "model_changed", message, "model");
  return loaded(env, (kept ?? asked ?? cards[0]!).path);
}

/** The fingerprint of a model by its name, or of the default one. Fails with `model_unknown`. */
export async function fingerprintOf(env: Env, model: string): Promise<string> {
  return (await requireModel(env, model)).fingerprint;
}

/**
 * Whether this pack is served, as far as this isolate can tell now: a manifest that cannot be read says
 * nothing against it. Loads no weights.
 */
export async function isServed(env: Env, fingerprint: string): Promise<boolean> {
  const isLoaded = [weights, ...flights.values()].some(({ value }) => value?.fingerprint === fingerprint);
  const cards = isLoaded ? undefined : await modelCards(env).catch(() => undefined);
  return cards?.some((card) => card.fingerprint === fingerprint) ?? true;
}

/** Nothing but one model can be meant. */
export const servesOne = (env: Env): boolean => packEntries(env).length === 1;

function loaded(env: Env, path: string): Promise<Served> {
  const isDefault = path === packEntries(env)[0]!.path;
  const flight = flights.get(path) ?? (isDefault ? weights : new SingleFlight<Served>());
  flights.delete(path);
  flights.set(path, flight);
  return flight.get(async (progress) => {
    const source = packSource({ ...env, PACK_PATH: path });
    const name = packEntries(env).find((entry) => entry.path === path)?.name;
    if (!servesOne(env)) makeRoom(env, path, await modelCards(env));
    const found = await loadServed(source, kernels, {
      maxBytes: engineMaxBytes(env) - loadedBytes(path),
      progress,
      elsewhere: (divided) => remotePipeline(env, divided, path),
    });
    const model = name === undefined ? found : { ...found, manifest: { ...found.manifest, name } };
    await readyForForms(model.codec, model.manifest.generation.eos);
    if (!isDefault) admitTo(model.backend);
    shareMemory(env, [...modelsBut(path), model]);
    return model;
  });
}

/** Models that are loaded now, and the bytes of their engines' memories. */
export const loadedEngines = (): { model: string; bytes: number }[] =>
  [...flights.values()].flatMap(({ value }) =>
    value ? [{ model: value.manifest.name, bytes: value.backend.memoryBytes }] : [],
  );

const modelsBut = (path: string): Served[] =>
  [...flights].flatMap(([other, { value }]) => (other !== path && value ? [value] : []));

const bytesOf = (models: readonly Served[]): number => models.reduce((n, { backend }) => n + backend.memoryBytes, 0);

const loadedBytes = (path: string): number => bytesOf(modelsBut(path));

/** What is left beside all weights is divided among them for states. */
function shareMemory(env: Env, models: readonly Served[]): void {
  const each = Math.floor((memoryBytes(env) - bytesOf(models)) / models.length);
  for (const { backend, prelude } of models) {
    const bytes = backend.memoryBytes + each;
    const admission = admissionFor({ backend });
    admission.limit(slotsFor(backend, bytes));
    backend.whenFull?.(admission.makeRoom);
    backend.boundGuesses?.(bytes - JAVASCRIPT_BYTES);
    allowPrelude(backend, prelude.length > 0 && hasRoomBeside(backend, bytes, backend.stateBytes(prelude.length)));
  }
}

/** Fails with `busy` where those that are in use leave too little. */
function makeRoom(env: Env, path: string, cards: readonly ModelCard[]): void {
  const needed = cards.find((card) => card.path === path)?.weightBytes ?? 0;
  const hasRoom = () => loadedBytes(path) + needed <= engineMaxBytes(env);
  for (const [other, flight] of flights) {
    if (hasRoom()) return;
    const { value } = flight;
    if (other === path || !value || !admissionFor(value).isIdle) continue;
    closeAdmission(value.backend);
    flight.forget();
  }
  if (hasRoom() || loadedBytes(path) === 0) return; // alone it fits, or its loading says by how much it does not
  const message = "the memory is taken by models in use; try again in a few seconds";
  throw new Failure("busy", message, { param: "model" });
}

/**
 * Removes what the stages of a divided model keep of a conversation. Needs the manifest, not the weights; does nothing
 * for a model that is not divided.
 */
export async function forgetStages(env: Env, owner: string): Promise<void> {
  for (const { path } of packEntries(env)) {
    const { manifest } = flights.get(path)?.value ?? (await readManifest(packSource({ ...env, PACK_PATH: path })));
    await Promise.all((manifest.stages ?? []).map((_, stage) => stageObject(env, owner, stage).forget()));
  }
}
