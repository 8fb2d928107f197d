/**
 * For how long a server's event loop was blocked, in CPU time of its thread, whatever else the machine does: while
 * something runs, one probe after another asks for `/healthz`, and what the thread computed between a question and its
 * answer is what that answer waited for.
 */
import { readFileSync } from "node:fs";

export interface Blocked {
  /** The longest that one probe waited, in ms of CPU time. */
  blockedMs: number;
  /** All that the thread computed meanwhile. */
  cpuMs: number;
}

/** CPU time of a process's first thread, on which workerd runs its event loop and every isolate. */
export function threadMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

export async function whileProbing<T>(
  { url, pid }: { url: string; pid: number },
  work: () => Promise<T>,
): Promise<[T, Blocked]> {
  const beganMs = threadMs(pid);
  let blockedMs = 0;
  let over = false;
  const done = work().finally(() => {
    over = true;
  });
  while (!over) {
    const askedMs = threadMs(pid);
    await fetch(`${url}/healthz`).then((answer) => answer.arrayBuffer());
    blockedMs = Math.max(blockedMs, threadMs(pid) - askedMs);
  }
  return [await done, { blockedMs, cpuMs: threadMs(pid) - beganMs }];
}
