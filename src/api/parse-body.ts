/** parseBody: a request's JSON body → what a schema says it is, or one failure that names the field. */
import type { z } from "zod";
import { Failure } from "../core/failure.ts";

export async function parseBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  // A browser may send other types across origins without asking; JSON it may not.
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Failure("request_invalid", "content-type: expected application/json", { param: "content-type" });
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(await request.arrayBuffer()));
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError || thrown instanceof TypeError || thrown instanceof RangeError)) throw thrown;
    throw new Failure("request_invalid", "the body is not valid JSON in UTF-8", { cause: thrown });
  }
  return parse(json, schema);
}

export function parse<T>(json: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(json, { reportInput: false });
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

/** Of a union's branches, the complaint that went deepest is about the branch the caller meant. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
  if (!inner || inner.path.length === 0) return issue;
  return innermost({ ...inner, path: [...issue.path, ...inner.path] });
}

/** `messages[2].role` */
const fieldOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) => (typeof key === "number" ? `${at}[${key}]` : at ? `${at}.${show(String(key))}` : show(String(key))),
    "",
  );

const show = (field: string): string => JSON.stringify(field.slice(0, 80)).slice(1, -1);
