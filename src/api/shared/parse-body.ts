/** parseBody: a request's JSON body → what a schema says it is, or one failure that names the field. */
import type { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { parseJson } from "../../core/strict-json.ts";
import { type Ignored, noting } from "./ignored.ts";
import { readerOf } from "./upload.ts";

/** About 250,000 tokens of English; with its reply a turn still fits one row of storage. */
export const BODY_MAX_BYTES = 1024 * 1024;
/** Of a body's JSON, and of a message's. */
export const JSON_LIMITS = { code: "request_invalid", maxDepth: 100, maxNames: 8192 } as const;

/** `ignored` is told what the body says without effect. */
export async function parseBody<T>(
  request: Request,
  schema: z.ZodType<T>,
  { maxBytes = BODY_MAX_BYTES, ignored }: { maxBytes?: number; ignored?: Ignored } = {},
): Promise<T> {
  return parse(await readJson(request, maxBytes), schema, ignored);
}

async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  // A browser may send other types across origins without asking; JSON it may not.
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type))
    refuse("content-type", `expected application/json, got ${type.slice(0, 80) || "none"}`);
  // Nothing is unpacked here, so a small body stays small.
  const coding = request.headers.get("content-encoding") ?? "identity";
  if (coding.toLowerCase() !== "identity") refuse("content-encoding", `expected none, got ${coding.slice(0, 40)}`);
  const bytes = await readAtMost(request, maxBytes);
  return parseJson(bytes, { where: "body", maxBytes, ...JSON_LIMITS });
}

/** Counts what comes, whatever content-length says. Fails with `body_too_large`, having kept no more than `maxBytes`. */
export async function readAtMost(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  const pieces: Uint8Array[] = [];
  const upload = readerOf(request);
  let size = 0;
  for (let next = await upload?.read(); next && !next.done; next = await upload?.read()) {
    size += next.value.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
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

const tooLarge = (maxBytes: number) => new Failure("body_too_large", `body: expected at most ${maxBytes} bytes`);

function refuse(header: string, message: string): never {
  throw new Failure("request_invalid", `${header}: ${message}`, { param: header });
}

export function parse<T>(value: unknown, schema: z.ZodType<T>, ignored?: Ignored): T {
  const parsed = noting(ignored, () => schema.safeParse(value, { reportInput: false }));
  if (parsed.success) return parsed.data;
  const issue = innermost(parsed.error.issues[0]!);
  const at = fieldOf(issue.path);
  if (issue.code === "unrecognized_keys") {
    const field = at ? `${at}.${issue.keys[0]}` : issue.keys[0]!;
    throw new Failure("request_invalid", `${show(field)}: this field is unknown or not supported`, {
      param: show(field),
    });
  }
  throw new Failure("request_invalid", `${at || "body"}: ${issue.message}`, { param: at || null });
}

/** Of a union's branches, the complaint of the one that the value followed furthest is about what the caller meant. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  // A branch that complains of the kind was not meant, where another takes it.
  const meant = issue.errors.filter((branch) => !branch.some(({ path }) => path.length === 1 && path[0] === "type"));
  const furthest = (branches: z.core.$ZodIssue[][]) => branches.flat().sort((a, b) => followed(b) - followed(a))[0];
  const wanted = furthest(meant);
  const inner = wanted && followed(wanted) >= 0 ? wanted : furthest(issue.errors);
  if (!inner || followed(inner) < 0) return issue;
  return innermost({ ...inner, path: [...issue.path, ...inner.path] });
}

/** How far: below 0 when not even the kind of value is right; later elements of a list count as further. */
function followed({ code, path }: z.core.$ZodIssue): number {
  if (path.length === 0) return ["too_big", "too_small", "custom"].includes(code) ? 1.5 : -1;
  const last = path.at(-1);
  return path.length + (typeof last === "number" ? last / (last + 1) / 2 : 0);
}

/** `messages[2].role` */
const fieldOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) => (typeof key === "number" ? `${at}[${key}]` : at ? `${at}.${show(String(key))}` : show(String(key))),
    "",
  );

const show = (field: string): string => JSON.stringify(field.slice(0, 80)).slice(1, -1);
