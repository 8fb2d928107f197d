/** Small files beside the weights, read whole under a cap. */
import { Failure } from "../../core/failure.ts";
import { parseJson } from "../../core/strict-json.ts";
import { ByteFile } from "./byte-file.ts";

const JSON_MAX_BYTES = 64 * 1024 * 1024;

export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await ByteFile.open(path);
  try {
    if (file.size < 1 || file.size > maxBytes) file.refuse(`expected 1…${maxBytes} bytes, got ${file.size}`);
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** A JSON object; bare Infinity and NaN, as Python writes them, are read. */
export async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  const bytes = await readSmallFile(path, JSON_MAX_BYTES);
  const value = parseJson(bytes, { where: path, maxBytes: JSON_MAX_BYTES, nonFinite: true });
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Failure("weights_invalid", `${path}: expected an object`, { param: path });
}
