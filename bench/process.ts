/** What another process has used: its processor time and its memory, as Linux tells them. */
import { readdirSync, readFileSync } from "node:fs";

/** Of all its threads; other work on the machine does not change it. */
export function processMs(pid: number): number {
  const spent = (thread: string) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return readdirSync(`/proc/${pid}/task`).reduce((n, thread) => n + spent(thread), 0) / 1e6;
}

export function residentMB(pid: number): number {
  const [, kB = "0"] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kB) / 1000;
}
