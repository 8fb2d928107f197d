/** loggedToken: a token's log probability and its alternatives as they are told and kept: by what they show as. */
import type { LoggedToken } from "../../src/api/shared/turn.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { TokenLogprob } from "../../src/dialogue/reply.ts";

export function loggedToken({ id, logprob, top }: TokenLogprob, { codec }: Served): LoggedToken {
  const bytes = (token: number) => [...codec.tokenBytes(token)];
  return { bytes: bytes(id), logprob, top: top.map((other) => ({ bytes: bytes(other.id), logprob: other.logprob })) };
}
