/**
 * OnnxSequence: one live conversation as the graph's state tensors; each call takes them as `past…` and
 * keeps what comes as `present…`.
 */
import { Tensor } from "onnxruntime-web/wasm";
import { check, Failure } from "../../core/failure.ts";
import { product } from "../../core/sizes.ts";
import type { OnnxDecoder } from "../../weights/manifest.ts";
import type { Saved, Sequence, StateTensor, Want } from "../backend.ts";
import { feedsOf } from "./feeds.ts";
import { shapeAt } from "./state-shape.ts";

/** What a sequence needs of its engine. */
interface SequenceHost {
  readonly decoder: OnnxDecoder;
  readonly vocab: number;
  readonly contextLength: number;
  readonly sliceTokens: number;
  stateBytes(position: number): number;
  hold(bytes: number): void;
  reserve(bytes: number): void;
  inTurn<R>(work: () => Promise<R>): Promise<R>;
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
}

export class OnnxSequence implements Sequence {
  readonly #engine: SequenceHost;
  /** In the order of the decoder's table. */
  #state: Float32Array[];
  #position: number;
  #open = true;

  /** `saved` was checked. */
  constructor(engine: SequenceHost, saved?: Saved) {
    const data = new Map(saved?.tensors.map((tensor) => [tensor.name, tensor.data]));
    this.#engine = engine;
    this.#position = saved?.position ?? 0;
    this.#state = engine.decoder.state.map((spec) => {
      const values = new Float32Array(product(shapeAt(spec, this.#position)));
      new Uint8Array(values.buffer).set(data.get(spec.past) ?? []);
      return values;
    });
    engine.hold(this.bytes);
  }

  get position(): number {
    return this.#position;
  }

  get bytes(): number {
    return this.#state.reduce((n, { byteLength }) => n + byteLength, 0);
  }

  async forward(ids: Uint32Array, want: Want): Promise<Float32Array> {
    const { sliceTokens: L, vocab: V } = this.#engine;
    const T = ids.length;
    check(this.#open, "bug", () => "forward on a released sequence");
    check(T >= 1 && T <= L, "bug", () => `forward takes 1…${L} ids, got ${T}`);
    const unknown = ids.find((id) => id >= V);
    const message = () => `token id ${unknown} is outside the vocabulary of ${V}`;
    check(unknown === undefined, "request_invalid", message, "tokens");
    const fed = ids.slice();
    return this.#engine.inTurn(() => this.#step(fed, want));
  }

  async #step(ids: Uint32Array, want: Want): Promise<Float32Array> {
    const { decoder, contextLength } = this.#engine;
    const S = this.#position;
    const end = S + ids.length;
    check(this.#open, "bug", () => "forward on a released sequence");
    const message = () => `the model holds ${contextLength} tokens, ${end} are needed`;
    check(end <= contextLength, "context_length_exceeded", message, "tokens");
    this.#engine.reserve(this.#engine.stateBytes(end)); // the old state and the new one are both there for a while
    const past = decoder.state.map((spec, i) => [spec.past, new Tensor("float32", this.#state[i]!, shapeAt(spec, S))]);
    const outputs = await this.#engine.run({
      ...feedsOf(decoder.inputs, ids, S, want === "all"),
      ...(Object.fromEntries(past) as Record<string, Tensor>),
    });
    const next = decoder.state.map((spec) => floats(outputs, spec.present, shapeAt(spec, end)));
    const logits = this.#rows(outputs, ids.length, want);
    // Released while it ran: nothing may be kept.
    if (this.#open) this.#replace(next);
    this.#position = end;
    return logits;
  }

  /** A graph without `num_logits_to_keep` gives every row, whatever was wanted. */
  #rows(outputs: Record<string, Tensor>, T: number, want: Want): Float32Array {
    const { decoder, vocab: V } = this.#engine;
    const got = decoder.inputs.includes("num_logits_to_keep") && want !== "all" ? 1 : T;
    const logits = floats(outputs, "logits", [1, got, V]);
    if (want === "none") return new Float32Array(0);
    return want === "all" ? logits : logits.subarray((got - 1) * V);
  }

  save(): StateTensor[] {
    check(this.#open, "bug", () => "save on a released sequence");
    return this.#engine.decoder.state.map((spec, i): StateTensor => {
      const data = new Uint8Array(this.#state[i]!.slice().buffer);
      return { name: spec.past, dtype: "f32", shape: shapeAt(spec, this.#position), data };
    });
  }

  release(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const values of this.#state) values.fill(0);
    this.#replace([]);
  }

  #replace(state: Float32Array[]): void {
    this.#engine.hold(-this.bytes);
    this.#state = state;
    this.#engine.hold(this.bytes);
  }
}

/** An output's values. Fails with `weights_invalid` when the graph does not give what the pack says of it. */
function floats(outputs: Record<string, Tensor>, name: string, shape: readonly number[]): Float32Array {
  const output = outputs[name];
  if (output?.type === "float32" && output.dims.join() === shape.join()) return output.data as Float32Array;
  const got = output ? `${output.type} [${output.dims}]` : "nothing";
  throw new Failure("weights_invalid", `output ${name}: expected float32 [${shape}], got ${got}`, { param: name });
}
