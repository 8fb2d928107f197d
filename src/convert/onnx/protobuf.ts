/**
 * protobufFields: the fields of one protobuf message, in order; every length is checked.
 * Source: protobuf.dev, "Encoding".
 */
import { Failure } from "../../core/failure.ts";

export interface Field {
  number: number;
  /** Varints and fixed-size fields. */
  value: number;
  /** Length-delimited fields: a view. */
  bytes: Uint8Array;
}

const none = new Uint8Array(0);

/** Fails with `weights_invalid`. Varints beyond 2⁵³ lose their low bits; no size of a file or shape is that large. */
export function* protobufFields(message: Uint8Array, where: string): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const refuse = (what: string): never => {
    throw new Failure("weights_invalid", `${where}: not an ONNX file: ${what} at byte ${at}`, { param: where });
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift++) {
      const byte = message[at] ?? refuse("the message ends inside a number");
      at++;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value >= 2 ** 63 ? value - 2 ** 64 : value;
    }
    return refuse("a number without end");
  };
  const skip = (size: number): number => {
    if (size > message.length - at) refuse(`${size} bytes expected, ${message.length - at} left`);
    at += size;
    return at - size;
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number < 1) refuse("a field without number");
    if (wire === 0) yield { number, value: varint(), bytes: none };
    else if (wire === 1) yield { number, value: view.getFloat64(skip(8), true), bytes: none };
    else if (wire === 5) yield { number, value: view.getFloat32(skip(4), true), bytes: none };
    else if (wire === 2) {
      const size = varint();
      const start = skip(size);
      yield { number, value: 0, bytes: message.subarray(start, start + size) };
    } else refuse(`wire type ${wire}`);
  }
}

/** A repeated integer field in either of its forms. */
export function integers({ value, bytes }: Field, where: string): number[] {
  if (bytes.length === 0) return [value];
  // A packed list is a message of bare varints; each becomes a field when a tag stands before it.
  const tagged = new Uint8Array(2 * bytes.length);
  let end = 0;
  let fresh = true;
  for (const byte of bytes) {
    if (fresh) tagged[end++] = 8;
    tagged[end++] = byte;
    fresh = byte < 0x80;
  }
  return Array.from(protobufFields(tagged.subarray(0, end), where), (field) => field.value);
}
