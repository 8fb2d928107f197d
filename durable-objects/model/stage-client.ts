/** remotePipeline: a divided model whose stages are Durable Objects, one per conversation and stage. */
import type { Backend, Rows, Saved, StateTensor, Want } from "../../src/backends/backend.ts";
import type { Divided } from "../../src/backends/load-model.ts";
import { Pipeline } from "../../src/backends/pipeline/pipeline.ts";
import type { StageLink, Stored } from "../../src/backends/pipeline/stage.ts";
import { contextOf, describeState } from "../../src/backends/wasm/describe.ts";
import { SLICE_TOKENS } from "../../src/backends/wasm/index.ts";
import { Failure } from "../../src/core/failure.ts";

/** Which stage, of which pack; the conversation says where that lies, so that both mean the same. */
export interface StageName {
  path: string;
  fingerprint: string;
  stage: number;
}

/** What a stage's object answers by RPC. */
export interface StageCalls {
  warm(name: StageName): Promise<void>;
  open(name: StageName, lease: string, from?: Stored): Promise<{ newest: number }>;
  pass(lease: string, S: number, input: Uint32Array | Rows, want: Want): Promise<Rows | Float32Array>;
  store(lease: string, S: number, epoch: number): Promise<Stored>;
  release(lease: string): Promise<void>;
  forget(): Promise<void>;
}

type StageObject = StageCalls & Rpc.DurableObjectBranded;

/** `path`: the pack's (pack.ts). */
export function remotePipeline(
  env: Env,
  { manifest, fingerprint, stages }: Divided,
  path: string = env.PACK_PATH,
): Backend {
  const { cache } = manifest;
  const [first] = stages as [(typeof stages)[0], ...typeof stages];
  return new Pipeline({
    vocab: first.V,
    contextLength: contextOf(first, cache),
    sliceTokens: SLICE_TOKENS,
    shapes: stages.map((stage) => (position) => describeState(stage, cache, position)),
    stagesOf: (owner) => stages.map((_, stage) => link(stageObject(env, owner, stage), { path, fingerprint, stage })),
    keepsStates: true,
  });
}

/** The object of one conversation's stage; a fresh handle each time, as one that has failed is of no more use. */
export const stageObject = (env: Env, owner: string, stage: number): DurableObjectStub<StageObject> =>
  namespaceOf(env, stage).getByName(`${owner}/${stage}`);

/**
 * A Worker of its own for each stage keeps their weights in isolates of their own; without bindings for
 * that, this Worker has them all.
 */
function namespaceOf(env: Env, stage: number): DurableObjectNamespace<StageObject> {
  const own = (env as unknown as Record<string, unknown>)[`STAGE_${stage}`];
  return (own ?? env.STAGE) as unknown as DurableObjectNamespace<StageObject>;
}

function link(stub: DurableObjectStub<StageObject>, name: StageName): StageLink {
  return {
    warm: () => stub.warm(name),
    open: (lease, from) => stub.open(name, lease, reference(from)),
    pass: (lease, S, input, want) => stub.pass(lease, S, input, want) as Promise<Rows | Float32Array>,
    store: (lease, S, epoch) => stub.store(lease, S, epoch),
    save: (): Promise<StateTensor[]> => Promise.reject(new Failure("bug", "states stay at the stages")),
    release: (lease) => stub.release(lease),
  };
}

/** States made elsewhere, as tensors, are not handed to stages: the token log rebuilds them. */
function reference(from: Stored | Saved | undefined): Stored | undefined {
  if (!from || "epoch" in from) return from;
  throw new Failure("state_unreadable", "state: not one that the stages have stored");
}
