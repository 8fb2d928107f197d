/**
 * A stream whose server is killed again and again, at times drawn from a seed, must end where an undisturbed one stands: every batch taken once,
 * and the same forecast, bit by bit. The client repeats a batch with its key until it is acknowledged.
 */
import type { KillableServer } from "./killable-server.ts";
import { randomFrom } from "./random.ts";
import { Broken } from "./turn-client.ts";

export interface StreamKillRun {
  batches: number;
  kills: number;
  seed: number;
  /** The run fails when it takes longer. */
  limitMs: number;
}

export interface StreamKillReport {
  values: number;
  /** Kills before an acknowledgement came, and batches that had been taken by then. */
  kills: number;
  repeated: number;
}

/** From 1 to 24 values, the same for the same seed. */
function batchesOf({ batches, seed }: StreamKillRun): (number | null)[][] {
  const random = randomFrom(seed);
  return Array.from({ length: batches }, (_, b) =>
    Array.from({ length: 1 + random.below(24) }, (_, i) =>
      random.below(40) === 0 ? null : 20 + 6 * Math.sin((b * 12 + i) / 4) + random.below(100) / 40,
    ),
  );
}

async function ask<T>(url: string, path: string, body?: object, key?: string): Promise<T> {
  const response = await fetch(`${url}/v1/streams${path}`, {
    method: body ? "POST" : "GET",
    headers: { "content-type": "application/json", ...(key ? { "idempotency-key": key } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = (await response.json()) as T & { error?: { message: string } };
  if (answer.error) throw new Error(answer.error.message);
  return answer;
}

const forecastOf = (url: string, id: string) =>
  ask<{ position: number; steps: object[] }>(url, `/${id}/forecast?h=6&paths=8&quantiles=0.05,0.5,0.95`);

/** Both servers have been started. Throws `Broken` when a promise was. */
export async function streamKillRun(
  server: KillableServer,
  twin: KillableServer,
  run: StreamKillRun,
): Promise<StreamKillReport> {
  const beganMs = Date.now();
  const batches = batchesOf(run);
  const expected = await ask<{ id: string }>(twin.url, "", {});
  for (const values of batches) await ask(twin.url, `/${expected.id}/values`, { values });
  const random = randomFrom(run.seed + 1);
  const atBatch = new Set<number>();
  while (atBatch.size < Math.min(run.kills, batches.length)) atBatch.add(random.below(batches.length));
  const { id } = await ask<{ id: string }>(server.url, "", {});
  const report: StreamKillReport = { values: batches.flat().length, kills: 0, repeated: 0 };
  let position = 0;
  for (const [b, values] of batches.entries()) {
    let killed: Promise<void> | undefined;
    if (atBatch.has(b)) {
      report.kills++;
      // Before, while or just after it is taken.
      const afterMs = random.below(25);
      killed = new Promise((resolve) => setTimeout(resolve, afterMs)).then(() => server.kill());
    }
    for (let acknowledged = false; !acknowledged; ) {
      if (Date.now() - beganMs > run.limitMs) throw new Broken(`not done after ${run.limitMs} ms, at batch ${b + 1}`);
      type Reply = { repeated: boolean; position: number };
      const reply = await ask<Reply>(server.url, `/${id}/values`, { values }, `batch-${b}`).catch(() => undefined);
      if (killed) {
        await killed;
        await server.start();
        killed = undefined;
        // What was acknowledged must be there; what was not is sent again.
        const stands = (await ask<{ position: number }>(server.url, `/${id}`)).position;
        const least = reply ? position + values.length : position;
        if (stands !== least && stands !== position + values.length)
          throw new Broken(
            `batch ${b + 1} of ${values.length} was torn: the stream stands at ${stands}, before at ${position}`,
          );
      } else if (!reply) throw new Broken(`batch ${b + 1} was refused without a kill`);
      if (!reply) continue;
      acknowledged = true;
      report.repeated += Number(reply.repeated);
    }
    position += values.length;
  }
  const [got, wanted] = [await forecastOf(server.url, id), await forecastOf(twin.url, expected.id)];
  if (got.position !== wanted.position || JSON.stringify(got.steps) !== JSON.stringify(wanted.steps))
    throw new Broken(`it forecasts ${JSON.stringify(got)}, undisturbed it is ${JSON.stringify(wanted)}`);
  return report;
}
