/** Layer 4: a release during a turn: the server ends by SIGKILL, and a later build goes on with what it left. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { FaultPlan } from "../../durable-objects/platform/fault-points.ts";
import { Barrier } from "../kill/barrier.ts";
import { storedTurns, toldOf, turnOf } from "../kill/dialogue.ts";
import { KillableServer } from "../kill/killable-server.ts";
import { newerBuild } from "../kill/newer-build.ts";
import { servedPack } from "../support/served-pack.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-upgrade-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it("C12, V4: a later build goes on with a turn in the middle, to the same tokens; the earlier one then leaves it alone", async () => {
  const folder = join(work, "persist");
  const server = new KillableServer({ folder, pack: await servedPack("tiny", work) });
  const barrier = await Barrier.open();
  const plan = { model: "tiny", conversation: "released", turns: 1, maxTokens: 700, seed: 7 };
  try {
    // After its checkpoint at 512, in the second dialogue of this start.
    const FAULTS = JSON.stringify({ "turn.token": { action: "barrier", from: 700 + 620 } } satisfies FaultPlan);
    await server.start({ FAULTS, FAULT_HOOK: barrier.url });
    const undisturbed = turnOf({ ...plan, conversation: "undisturbed" }, 0);
    expect(await undisturbed.connect(server.url)).toBe("finished");
    const client = turnOf(plan, 0);
    const reached = barrier.reached();
    const broken = client.connect(server.url);
    await reached;
    await server.kill();
    expect(await broken).toBe("broken");
    const seen = client.lastId;
    expect(seen).toBeGreaterThan(100);

    const later = await newerBuild(folder);
    try {
      expect(await client.connect(later.url)).toBe("finished");
      expect(toldOf(client)).toEqual(toldOf(undisturbed));
      const stored = await storedTurns(later.url, plan);
      expect(stored.map(({ reply }) => reply)).toEqual([client.text]);
      // The same request from a client that forgot everything is the same turn to the later build too.
      const forgetful = turnOf(plan, 0);
      expect([await forgetful.connect(later.url), toldOf(forgetful)]).toEqual(["finished", toldOf(undisturbed)]);
    } finally {
      await later.end();
    }

    await server.start();
    const path = `/v1/conversations/${plan.conversation}/turns`;
    const refused = await fetch(`${server.url}${path}`);
    expect([refused.status, await refused.json()]).toMatchObject([409, { error: { code: "newer_state" } }]);
  } finally {
    barrier.close();
    await server.end();
  }
});
