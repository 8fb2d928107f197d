/** Writes ONNX graphs: protobuf messages field by field. Source: onnx/onnx.proto3. */

type Part = Uint8Array;
type Attribute = number | { float: number };

const concat = (parts: readonly Part[]): Part => Buffer.concat(parts);
const utf8 = (text: string): Part => Buffer.from(text);

function varint(value: number): Part {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const integer = (number: number, value: number): Part => concat([varint(8 * number), varint(value)]);
const message = (number: number, ...parts: Part[]): Part => {
  const body = concat(parts);
  return concat([varint(8 * number + 2), varint(body.length), body]);
};
const text = (number: number, value: string): Part => message(number, utf8(value));
const float = (number: number, value: number): Part =>
  concat([varint(8 * number + 5), new Uint8Array(Float32Array.of(value).buffer)]);

/** TensorProto.DataType */
const elementTypes = { f32: 1, u8: 2, i32: 6, i64: 7 } as const;
type ElementType = keyof typeof elementTypes;
type Values = Float32Array | Uint8Array | Int32Array | BigInt64Array;

export class OnnxGraph {
  readonly #nodes: Part[] = [];
  readonly #initializers: Part[] = [];
  readonly #inputs: Part[] = [];
  readonly #outputs: Part[] = [];
  #next = 0;

  constant(type: ElementType, shape: number[], values: Values, name = `constant_${this.#next++}`): string {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dims = shape.map((size) => integer(1, size));
    this.#initializers.push(message(5, ...dims, integer(2, elementTypes[type]), text(8, name), message(9, raw)));
    return name;
  }

  input(name: string, type: ElementType, shape: (number | string)[]): string {
    this.#inputs.push(message(11, ...valueInfo(name, type, shape)));
    return name;
  }

  output(name: string, type: ElementType, shape: (number | string)[]): void {
    this.#outputs.push(message(12, ...valueInfo(name, type, shape)));
  }

  /** Names of its outputs: those given, or one of its own. An empty input name leaves that input out. */
  node(
    type: string,
    inputs: string[],
    attributes: Record<string, Attribute> = {},
    outputs = [`value_${this.#next++}`],
    domain = "",
  ): string {
    this.#nodes.push(
      message(
        1,
        ...inputs.map((name) => text(1, name)),
        ...outputs.map((name) => text(2, name)),
        text(4, type),
        ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), ...attribute(value))),
        text(7, domain),
      ),
    );
    return outputs[0]!;
  }

  bytes(): Uint8Array {
    const graph = [...this.#nodes, text(2, "decoder"), ...this.#initializers, ...this.#inputs, ...this.#outputs];
    const opsets = [message(8, text(1, ""), integer(2, 21)), message(8, text(1, "com.microsoft"), integer(2, 1))];
    return concat([integer(1, 10), ...opsets, message(7, ...graph)]);
  }
}

function attribute(value: Attribute): Part[] {
  return typeof value === "number" ? [integer(3, value), integer(20, 2)] : [float(2, value.float), integer(20, 1)];
}

function valueInfo(name: string, type: ElementType, shape: (number | string)[]): Part[] {
  const dims = shape.map((size) => message(1, typeof size === "number" ? integer(1, size) : text(2, size)));
  return [text(1, name), message(2, message(1, integer(1, elementTypes[type]), message(2, ...dims)))];
}
