/**
 * feedMany: one request's values for many streams, some of the streams at a time; what each
 * answers, or why it took nothing.
 */
import { logFailure } from "../../durable-objects/platform/log-failure.ts";
import { errorBody } from "../api/shared/error-body.ts";
import type { TogetherReply } from "../api/streams/replies.ts";
import type { StreamsAppend } from "../api/streams/requests.ts";

type Given = StreamsAppend["streams"][number];
type Refused = Extract<TogetherReply["data"][number], { object: "stream.refused" }>;

/** Streams that are fed at the same time: enough that most requests have all their values in one commit. */
const AT_ONCE = 256;

/** Answers as JSON, in the order that was given. Never rejects: a failure is the answer of its stream. */
export async function feedMany(
  all: readonly Given[],
  append: (given: Given, at: number) => Promise<string>,
): Promise<string[]> {
  const data: string[] = [];
  let next = 0;
  const feeder = async () => {
    while (next < all.length) {
      const at = next++;
      const given = all[at]!;
      data[at] = await append(given, at).catch((thrown: unknown) => {
        const answer: Refused = { object: "stream.refused", stream: given.id, ...errorBody(logFailure(thrown)) };
        return JSON.stringify(answer);
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, feeder));
  return data;
}
