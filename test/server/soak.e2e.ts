/** L5: what the soak of `npm run load -- --minutes` goes on with for hours, here for some rounds. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Callers } from "../load/callers.ts";
import { databasesAtRest, heldBy } from "../load/measure.ts";
import { serverPid } from "../support/start-server.ts";
import { type ToyServer, toyServer } from "../support/toy-server.ts";

const CONVERSATIONS = 9;
const ROUNDS = 36;
const SOMETIMES = ["state resumed", "deleted", "left in the middle", "answered over a socket", "a seed repeated"];
/** Descriptors of objects that were just in use. */
const RESTED = 64;

let server: ToyServer;
beforeAll(async () => {
  server = await toyServer();
});
afterAll(() => server.remove());

it("L5: rounds of turns, slow readers, disconnects, uploads, sockets and deletions lose nothing and leave nothing behind", async () => {
  const pid = serverPid(server.folder);
  const callers = new Callers(server.url);
  const { tally } = callers;
  await callers.golden();
  const before = heldBy(pid);
  for (let round = 0; round < ROUNDS; round++)
    await Promise.all(Array.from({ length: CONVERSATIONS }, (_, n) => callers.act(n, round)));
  await callers.golden();
  await callers.recount(3);
  expect({ lost: tally.lost, differed: tally.differed }).toEqual({ lost: [], differed: 0 });
  expect(SOMETIMES.filter((what) => !tally.seen.has(what))).toEqual([]);
  const faults = [...tally.refusals.keys()].filter((what) => /^5/.test(what) && !/^50[37] /.test(what));
  expect(faults).toEqual([]);
  await expect
    .poll(() => heldBy(pid).descriptors, { timeout: 240_000, interval: 2000 })
    .toBeLessThanOrEqual(before.descriptors + RESTED);
  await server.stop(false);
  const { kept, unlike, orphans } = databasesAtRest(server.folder);
  expect(kept).toBeGreaterThanOrEqual(tally.acknowledged.size);
  expect({ unlike, orphans }).toEqual({ unlike: [], orphans: 0 });
});
