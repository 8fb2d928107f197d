/**
 * readGraph: what an ONNX file says of its inputs, outputs and weights; weights are not read.
 * Source: onnx.proto3 of onnx 1.23.
 */
import { Failure } from "../../core/failure.ts";
import { product } from "../../core/sizes.ts";
import { type Field, integers, protobufFields } from "./protobuf.ts";

/** TensorProto.DataType. */
export const FLOAT = 1;
export const INT64 = 7;

export interface Value {
  name: string;
  type: number;
  /** A name stands for a size that is known when it runs. */
  shape: (number | string)[];
}

export interface Graph {
  inputs: Value[];
  outputs: Value[];
  /** Elements by data type, of all initializers. */
  elements: Map<number, number>;
  operators: Set<string>;
  /** Files that hold weights, with the bytes that each must have at least. */
  external: Map<string, number>;
}

export function readGraph(file: Uint8Array, where: string): Graph {
  const graph: Graph = { inputs: [], outputs: [], elements: new Map(), operators: new Set(), external: new Map() };
  const bodies = [...protobufFields(file, where)].filter(({ number }) => number === 7);
  if (bodies.length !== 1) {
    const message = `${where}: not an ONNX file: expected one graph, got ${bodies.length}`;
    throw new Failure("weights_invalid", message, { param: where });
  }
  for (const { number, bytes } of protobufFields(bodies[0]!.bytes, where)) {
    if (number === 1) graph.operators.add(text(find(bytes, 4, where)));
    else if (number === 5) readInitializer(bytes, where, graph);
    else if (number === 11) graph.inputs.push(readValue(bytes, where));
    else if (number === 12) graph.outputs.push(readValue(bytes, where));
  }
  return graph;
}

function readInitializer(bytes: Uint8Array, where: string, graph: Graph): void {
  const shape: number[] = [];
  const place = new Map<string, string>();
  let type = 0;
  let outside = false;
  for (const field of protobufFields(bytes, where)) {
    if (field.number === 1) for (const size of integers(field, where)) shape.push(size);
    else if (field.number === 2) type = field.value;
    else if (field.number === 13) place.set(text(find(field.bytes, 1, where)), text(find(field.bytes, 2, where)));
    else if (field.number === 14) outside = field.value === 1;
  }
  graph.elements.set(type, (graph.elements.get(type) ?? 0) + countOf(shape, where));
  if (!outside) return;
  const file = place.get("location") ?? "";
  const end = Number(place.get("offset") ?? 0) + Number(place.get("length") ?? 0);
  graph.external.set(file, Math.max(graph.external.get(file) ?? 0, end));
}

/** No weight has so many dimensions; more would make a message, and the work for it, as long as somebody likes. */
const DIMENSIONS_MAX = 64;

function countOf(shape: readonly number[], where: string): number {
  const refuse = (message: string) =>
    new Failure("weights_invalid", `${where}: an initializer: ${message}`, { param: where });
  if (shape.length > DIMENSIONS_MAX) throw refuse(`expected at most ${DIMENSIONS_MAX} dimensions, got ${shape.length}`);
  try {
    return product(shape);
  } catch (cause) {
    throw refuse((cause as Error).message);
  }
}

function readValue(bytes: Uint8Array, where: string): Value {
  const name = text(find(bytes, 1, where));
  const tensor = find(find(bytes, 2, where), 1, where);
  let type = 0;
  const shape: Value["shape"] = [];
  for (const field of protobufFields(tensor, where)) {
    if (field.number === 1) type = field.value;
    else if (field.number === 2)
      for (const dim of protobufFields(field.bytes, where)) if (dim.number === 1) shape.push(size(dim, where));
  }
  return { name, type, shape };
}

function size(dim: Field, where: string): number | string {
  for (const field of protobufFields(dim.bytes, where)) {
    if (field.number === 1) return field.value;
    if (field.number === 2) return text(field.bytes);
  }
  return "?";
}

/** The last length-delimited field of this number; empty when there is none. */
function find(message: Uint8Array, number: number, where: string): Uint8Array {
  let found = new Uint8Array(0);
  for (const field of protobufFields(message, where))
    if (field.number === number) found = field.bytes as Uint8Array<ArrayBuffer>;
  return found;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
