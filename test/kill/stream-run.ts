/**
 * A stream, or several that are fed in one request, whose server is killed again and again, at times drawn from a seed,
 * must end where an undisturbed one stands: every batch taken once, and the same forecast, bit by bit. The client
 * repeats a batch with its key until it is acknowledged.
 */
import type { KillableServer } from "./killable-server.ts";
import { randomFrom } from "./random.ts";
import { Broken } from "./turn-client.ts";

export interface StreamKillRun {
  /** More than one are fed in one request: 1 unless given. */
  streams?: number;
  /** Of several, every so many batches each is fed in a request of its own: never, unless given. */
  aloneEvery?: number;
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

interface Taken {
  stream: string;
  repeated: boolean;
}

/**
 * One batch for all streams, each with values of its own. Those that are told to have taken it;
 * none where nobody told anything.
 */
async function feed(url: string, ids: readonly string[], values: (number | null)[], key: string): Promise<Taken[]> {
  const own = (n: number) => values.map((value) => (value === null ? null : value + n));
  if (ids.length > 1) {
    const streams = ids.map((id, n) => ({ id, values: own(n) }));
    const reply = ask<{ data: (Taken & { object: string })[] }>(url, "/values", { streams }, key);
    const { data } = await reply.catch(() => ({ data: [] }));
    return data.filter(({ object }) => object === "stream.values");
  }
  const reply = await ask<Taken>(url, `/${ids[0]}/values`, { values }, key).catch(() => undefined);
  return reply ? [reply] : [];
}

/** Both servers have been started. Throws `Broken` when a promise was. */
export async function streamKillRun(
  server: KillableServer,
  twin: KillableServer,
  run: StreamKillRun,
): Promise<StreamKillReport> {
  const beganMs = Date.now();
  const { streams = 1, aloneEvery = 0 } = run;
  const batches = batchesOf(run);
  const begin = async (url: string) => {
    const ids: string[] = [];
    for (let n = 0; n < streams; n++) ids.push((await ask<{ id: string }>(url, "", {})).id);
    return ids;
  };
  const expected = await begin(twin.url);
  for (const [n, id] of expected.entries())
    for (const values of batches)
      await ask(twin.url, `/${id}/values`, { values: values.map((value) => (value === null ? null : value + n)) });
  const random = randomFrom(run.seed + 1);
  const atBatch = new Set<number>();
  while (atBatch.size < Math.min(run.kills, batches.length)) atBatch.add(random.below(batches.length));
  const ids = await begin(server.url);
  const report: StreamKillReport = { values: streams * batches.flat().length, kills: 0, repeated: 0 };
  let position = 0;
  for (const [b, values] of batches.entries()) {
    // Now and then each stream is fed alone, so that it writes its own row between two that stand in the ledger.
    const isAlone = aloneEvery > 0 && b % aloneEvery === aloneEvery - 1;
    let killed: Promise<void> | undefined;
    if (atBatch.has(b)) {
      report.kills++;
      // Before, while or just after it is taken.
      const afterMs = random.below(25);
      killed = new Promise((resolve) => setTimeout(resolve, afterMs)).then(() => server.kill());
    }
    const after = position + values.length;
    const acknowledged = new Set<string>();
    for (let isFirst = true; acknowledged.size < ids.length; isFirst = false) {
      if (Date.now() - beganMs > run.limitMs) throw new Broken(`not done after ${run.limitMs} ms, at batch ${b + 1}`);
      const taken: Taken[] = [];
      if (!isAlone) taken.push(...(await feed(server.url, ids, values, `batch-${b}`)));
      else
        for (const [n, id] of ids.entries()) {
          const own = values.map((value) => (value === null ? null : value + n));
          taken.push(...(await feed(server.url, [id], own, `batch-${b}`)));
        }
      for (const { stream } of taken) acknowledged.add(stream);
      if (killed) {
        await killed;
        await server.start();
        killed = undefined;
        // What was acknowledged must be there; what was not is sent again.
        for (const id of ids) {
          const stands = (await ask<{ position: number }>(server.url, `/${id}`)).position;
          if (stands !== after && (stands !== position || acknowledged.has(id)))
            throw new Broken(
              `batch ${b + 1} of ${values.length} was ${acknowledged.has(id) ? "lost" : "torn"}: the stream stands at ${stands}, before at ${position}`,
            );
        }
      } else if (taken.length < ids.length) throw new Broken(`batch ${b + 1} was refused without a kill`);
      if (isFirst && atBatch.has(b)) continue;
      report.repeated += taken.filter(({ repeated }) => repeated).length;
    }
    position = after;
  }
  for (const [n, id] of ids.entries()) {
    const [got, wanted] = [await forecastOf(server.url, id), await forecastOf(twin.url, expected[n]!)];
    if (got.position !== wanted.position || JSON.stringify(got.steps) !== JSON.stringify(wanted.steps))
      throw new Broken(`it forecasts ${JSON.stringify(got)}, undisturbed it is ${JSON.stringify(wanted)}`);
  }
  return report;
}
