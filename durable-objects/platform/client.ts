/** Client: whoever waits for what an object replies, however many processes stand between the two. */
import { hasLeft } from "./peers.ts";

export interface Client {
  /** Aborted when its connection has ended. */
  signal: AbortSignal;
  /**
   * Once the connection has ended: whether the client ended it, rather than a process in
   * between that died. Never rejects.
   */
  hasLeft(): Promise<boolean>;
}

export const clientOf = (ctx: Pick<DurableObjectState, "waitUntil">, env: object, request: Request): Client => ({
  signal: request.signal,
  hasLeft() {
    const answer = hasLeft(env, request);
    ctx.waitUntil(answer);
    return answer;
  },
});
