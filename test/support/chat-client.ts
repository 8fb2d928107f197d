/** Speaks to the Worker under test as a client would. */
import { exports } from "cloudflare:workers";
import { expect } from "vitest";

export interface Reply {
  id: string;
  choices: { message: { role: string; content: string }; finish_reason: string; logprobs: unknown }[];
  usage: {
    prompt_tokens: number;
    completion_tokens: number;
    total_tokens: number;
    prompt_tokens_details: { cached_tokens: number };
  };
  timings: Record<string, number> & { state: string };
  rivulet: { conversation: string | null; turn: string; parent: string | null };
}
export interface ErrorReply {
  error: { message: string; type: string; param: string | null; code: string };
}
interface Event {
  id?: number;
  data: {
    object?: string;
    choices?: { delta: { content?: string; role?: string }; finish_reason: string | null }[];
    usage?: Reply["usage"] | null;
    timings?: Reply["timings"];
    error?: ErrorReply["error"];
  };
}

export const say = (content: string) => ({ role: "user", content });

interface Call {
  /** POST where there is a body, otherwise GET. */
  method?: string;
  /** Values are sent as JSON; text, bytes and streams as they are. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const isBytes = (body: unknown): body is BufferSource | ReadableStream =>
  body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof ReadableStream;

/** Calls the Worker under test. What is not bytes is sent as JSON's media type unless the headers say otherwise. */
export function http(path: string, { method, body, headers, signal }: Call = {}): Promise<Response> {
  const hasBody = body !== undefined;
  const content = isBytes(body) || typeof body === "string" ? body : JSON.stringify(body);
  return exports.default.fetch(`http://rivulet${path}`, {
    method: method ?? (hasBody ? "POST" : "GET"),
    headers: { ...(hasBody && !isBytes(body) ? { "content-type": "application/json" } : {}), ...headers },
    ...(hasBody ? { body: content as BodyInit } : {}),
    ...(signal ? { signal } : {}),
  });
}

export const send = (body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> =>
  http("/v1/chat/completions", { body, headers, ...(signal ? { signal } : {}) });

export async function chat(fields: object): Promise<Reply & { header: string | null }> {
  const response = await send({ model: "tiny", max_tokens: 8, ...fields });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return { ...(JSON.parse(text) as Reply), header: response.headers.get("x-rivulet-state") };
}

export const textOf = (reply: Reply): string => reply.choices[0]!.message.content;

/** Parses a whole stream; checks its frame: rising ids, one [DONE], at the end. */
export async function events(response: Response): Promise<Event[]> {
  const text = await response.text();
  // What came instead says why.
  expect(response.headers.get("content-type"), text).toContain("text/event-stream");
  const blocks = text.split("\n\n").filter((block) => block !== "" && !block.startsWith(":"));
  expect(blocks.pop(), text).toBe("data: [DONE]");
  const parsed = blocks.map((block): Event => {
    const [, id, data] = /^(?:id: (\d+)\n)?data: (.*)$/.exec(block) ?? [];
    return { ...(id === undefined ? {} : { id: Number(id) }), data: JSON.parse(data!) };
  });
  const ids = parsed.flatMap(({ id }) => (id === undefined ? [] : [id]));
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  return parsed;
}

export const streamText = (stream: Event[]): string =>
  stream.map(({ data }) => data.choices?.[0]?.delta.content ?? "").join("");
