/**
 * describeDecoder: whether an ONNX graph is a decoder with explicit state, and which tensors that state is.
 *
 * Names are those of Transformers.js and Optimum: `past_key_values.N.key|value` → `present.N.key|value`, `past_conv.N`
 * → `present_conv.N`, `past_ssm.N` → `present_ssm.N`. Fails with `weights_invalid`, naming the input or output.
 */
import { Failure } from "../../core/failure.ts";
import { type OnnxDecoder, onnxInputs } from "../../weights/manifest.ts";
import { FLOAT, type Graph, INT64, type Value } from "./graph.ts";

export function describeDecoder(graph: Graph, file: string, vocab: number): OnnxDecoder {
  const outputs = new Map(graph.outputs.map((output) => [output.name, output]));
  const inputs: OnnxDecoder["inputs"] = [];
  const state: OnnxDecoder["state"] = [];
  for (const input of graph.inputs) {
    const known = onnxInputs.find((name) => name === input.name);
    if (known) inputs.push(integer(input, known));
    else if (input.name.startsWith("past_")) state.push(stateOf(input, outputs));
    else refuse(input.name, `input: expected one of ${onnxInputs.join(", ")} or a state past_…, got another`);
  }
  if (!inputs.includes("input_ids")) refuse("input_ids", "expected such an input, the graph has none");
  const logits = outputs.get("logits") ?? refuse("logits", "expected such an output, the graph has none");
  if (logits.type !== FLOAT) refuse("logits", `expected float32, got ${typeName(logits.type)}`);
  outputs.delete("logits");
  const [extra] = outputs.keys();
  if (extra !== undefined) refuse(extra, "output: expected logits or the present… of a state, got another");
  if (state.length === 0) refuse("past_key_values", "expected state as past_… inputs, the graph has none");
  return { graph: file, inputs, vocab, state };
}

function integer({ type }: Value, name: OnnxDecoder["inputs"][number]) {
  if (type !== INT64) refuse(name, `expected int64, got ${typeName(type)}`);
  return name;
}

/** Takes the matching output out of `outputs`. */
function stateOf({ name, type, shape }: Value, outputs: Map<string, Value>): OnnxDecoder["state"][number] {
  if (type !== FLOAT) refuse(name, `expected a float32 state, got ${typeName(type)}; export with float32 state`);
  const present = name.replace(/^past_key_values(?=\.)/, "present").replace(/^past_/, "present_");
  const output = outputs.get(present) ?? refuse(name, `expected an output ${present}, the graph has none`);
  if (output.type !== FLOAT) refuse(present, `expected float32, got ${typeName(output.type)}`);
  outputs.delete(present);
  const [batch, ...rest] = shape;
  if (batch !== 1 && typeof batch !== "string") refuse(name, `expected a batch of 1, got [${shape}]`);
  const open = rest.flatMap((size, i) => (typeof size === "string" ? [i + 1] : []));
  const cached = /^past_key_values\./.test(name) ? 1 : 0;
  if (open.length !== cached || shape.length < 2 || shape.length > 4)
    refuse(name, `expected ${cached ? "one growing size" : "fixed sizes"} after the batch, got [${shape}]`);
  const sizes = [1, ...rest.map((size) => (typeof size === "string" ? 0 : size))];
  return { past: name, present, shape: sizes, ...(cached ? { grows: open[0]! } : {}) };
}

const typeNames: Record<number, string> = { 6: "int32", 7: "int64", 10: "float16", 11: "float64", 16: "bfloat16" };
const typeName = (type: number): string => typeNames[type] ?? `data type ${type}`;

/** Fails with `weights_invalid`. */
export function refuse(param: string, message: string): never {
  throw new Failure("weights_invalid", `${param}: ${message}`, { param });
}
