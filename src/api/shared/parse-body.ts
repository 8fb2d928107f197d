/** parseBody: a request's JSON body → what a schema says it is, or one failure that names the field. */
import type * as z from "zod";
import { Failure } from "../../core/failure.ts";
import { parseJson } from "../../core/strict-json.ts";
import { type Ignored, noting } from "./ignored.ts";
import { expected, refusal } from "./schema-refusal.ts";
import { readerOf } from "./upload.ts";

/** About 250,000 tokens of English; with its reply a turn still fits one row of storage. */
export const BODY_MAX_BYTES = 1024 * 1024;
/** Of a body's JSON, and of a message's. */
export const JSON_LIMITS = { code: "request_invalid", maxDepth: 100, maxNames: 8192 } as const;

interface Parsing {
  maxBytes?: number;
  /** Is told what the body says without effect. */
  ignored?: Ignored;
  /** The model that the request's path names: it holds, and another one in the body has no effect. */
  model?: string | undefined;
}

export async function parseBody<T>(
  request: Request,
  schema: z.ZodType<T>,
  { maxBytes = BODY_MAX_BYTES, ignored, model }: Parsing = {},
): Promise<T> {
  const body = await readJson(request, maxBytes);
  return parse(model === undefined ? body : forModel(model, body, ignored), schema, ignored);
}

function forModel(model: string, body: unknown, ignored: Ignored | undefined): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const { model: given } = body as { model?: unknown };
  if (given != null && given !== "" && given !== model) ignored?.add("model");
  return { ...body, model };
}

async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  checkMediaType(request, ["application/json"]);
  // Nothing is unpacked here, so a small body stays small.
  const coding = request.headers.get("content-encoding") ?? "identity";
  if (coding.toLowerCase() !== "identity") refuse("content-encoding", `expected none, got ${coding.slice(0, 40)}`);
  const bytes = await readAtMost(request, maxBytes);
  return parseJson(bytes, { where: "body", maxBytes, ...JSON_LIMITS });
}

/**
 * A browser may send text and forms across origins without asking first, JSON and types of our own it may not: so a
 * body must say that it is one of these. Fails with `request_invalid`.
 */
export function checkMediaType({ headers }: Request, media: readonly string[]): void {
  const type = (headers.get("content-type") ?? "").split(";")[0]!.trim();
  if (!media.includes(type.toLowerCase()))
    refuse("content-type", `expected ${media.join(" or ")}, got ${type.slice(0, 80) || "none"}`);
}

/**
 * Counts what comes, whatever content-length says. Fails with `body_too_large`, having kept no more than `maxBytes`.
 */
export async function readAtMost(request: Request, maxBytes: number): Promise<Uint8Array> {
  const stated = Number(request.headers.get("content-length"));
  if (stated > maxBytes) throw tooLarge(maxBytes, String(stated));
  const pieces: Uint8Array[] = [];
  const upload = readerOf(request);
  let size = 0;
  for (let next = await upload?.read(); next && !next.done; next = await upload?.read()) {
    size += next.value.length;
    if (size > maxBytes) throw tooLarge(maxBytes, "more");
    pieces.push(next.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const tooLarge = (maxBytes: number, came: string) =>
  new Failure("body_too_large", `body: expected at most ${maxBytes} bytes, got ${came}`);

function refuse(header: string, message: string): never {
  throw new Failure("request_invalid", `${header}: ${message}`, { param: header });
}

/**
 * What `schema` makes of a value. Fails with `request_invalid`, which names the field, what was expected and what came.
 */
export function parse<T>(value: unknown, schema: z.ZodType<T>, ignored?: Ignored): T {
  // One fault is told, and a body of a megabyte may have a million, each of which takes half a kilobyte.
  const how = { reportInput: false, abortEarly: true, error: expected };
  const parsed = noting(ignored, () => schema.safeParse(value, how));
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error.issues, value);
}
