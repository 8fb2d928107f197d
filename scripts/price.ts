/**
 * price: what a turn costs on Cloudflare's paid plan, in US dollars.
 *
 * Prices of 2026, beyond what the plan includes: Workers and Durable Objects, Cloudflare's pricing pages. Objects are
 * billed by the time that they are active, at 128 MB whatever they use; no price for their CPU is listed.
 */
export const prices = {
  workerRequest: 0.3e-6,
  workerCpuMs: 0.02e-6,
  objectRequest: 0.15e-6,
  /** 0.128 GB at $12.50 per million GB-s. */
  objectSecond: 0.128 * 12.5e-6,
  rowWritten: 1e-6,
  rowRead: 0.001e-6,
  storedGbMonth: 0.2,
};

export interface Usage {
  workerCpuMs: number;
  objectRequests: number;
  objectSeconds: number;
  rowsWritten: number;
  rowsRead: number;
}

/** Dollars by part, and their sum. */
export function costOf(usage: Usage) {
  const parts = {
    worker: prices.workerRequest + usage.workerCpuMs * prices.workerCpuMs,
    requests: usage.objectRequests * prices.objectRequest,
    time: usage.objectSeconds * prices.objectSecond,
    rowsWritten: usage.rowsWritten * prices.rowWritten,
    rowsRead: usage.rowsRead * prices.rowRead,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** Dollars a month for what a conversation keeps. */
export const restingCost = (bytes: number): number => (bytes / 1e9) * prices.storedGbMonth;
