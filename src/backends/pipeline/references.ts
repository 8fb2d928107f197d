/**
 * What a conversation keeps of a state that lies at its stages: one small tensor each,
 * which names the epoch and its hash.
 */
import { Failure } from "../../core/failure.ts";
import type { Saved, StateTensor } from "../backend.ts";
import type { Stored } from "./stage.ts";

export interface Reference {
  owner: string;
  stored: Stored[];
}

const nameOf = (k: number) => `stage.${k}`;

export const tensorsOf = ({ owner, stored }: Reference): StateTensor[] =>
  stored.map((each, k) => {
    const data = new TextEncoder().encode(JSON.stringify({ owner, ...each }));
    return { name: nameOf(k), dtype: "int8", shape: [data.length], data };
  });

/**
 * Undefined for a state that is not kept at stages. Fails with `state_unreadable` when the
 * references do not belong together.
 */
export function referencesOf({ position, tensors }: Saved, stageCount: number): Reference | undefined {
  if (!tensors.some(({ name }) => name.startsWith("stage."))) return undefined;
  const fail = (message: string): never => {
    throw new Failure("state_unreadable", `state: ${message}`);
  };
  if (tensors.length !== stageCount) fail(`expected references to ${stageCount} stages, got ${tensors.length}`);
  const read = Array.from({ length: stageCount }, (_, k): Stored & { owner: string } => {
    const tensor = tensors.find(({ name }) => name === nameOf(k)) ?? fail(`${nameOf(k)} is missing`);
    try {
      const value = JSON.parse(new TextDecoder().decode(tensor.data)) as Stored & { owner: string };
      if (Number.isSafeInteger(value.epoch) && /^[0-9a-f]{64}$/.test(value.sha256)) return value;
    } catch {
      // Said below.
    }
    return fail(`${nameOf(k)} is not a reference`);
  });
  const [{ owner, epoch }] = read as [Stored & { owner: string }];
  const odd = read.findIndex((each) => each.owner !== owner || each.epoch !== epoch || each.position !== position);
  if (odd >= 0) fail(`${nameOf(odd)} is not of epoch ${epoch} and position ${position}`);
  return { owner, stored: read.map(({ owner: _, ...stored }) => stored) };
}
