/**
 * Each promise beside its control: the same test with what protects it left out. O2, O3 and
 * O5: crash and integrity tests.
 */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { armFaults, type Protection } from "../../../../durable-objects/platform/fault-points.ts";
import { limits, streamLimits } from "../../../../durable-objects/platform/limits.ts";
import type { RunningTurn } from "../../../../durable-objects/turn/running-turn.ts";
import { Scheduler } from "../../../../durable-objects/turn/scheduler.ts";
import { chat, type ErrorReply, type Reply, say, textOf } from "../../../support/chat-client.ts";
import { ask, gatedToy, pause, stream, until } from "../../../support/gated-toy.ts";
import { askObject, inside, named, rows, stub, turnsOf } from "../../../support/object.ts";

const { gate, toy } = gatedToy();
const CANARY = "canary-7f3a";
const without = (kept: boolean, ...off: Protection[]) => armFaults(kept ? undefined : { off });

it.each([true, false])("O1: what a client was told of is there after a crash (journal: %s)", async (kept) => {
  await chat({ conversation: "ada", messages: [say("one")] });
  without(kept, "journal");
  gate.at = () => pause(1);
  const tail = await stream("ada", "two");
  await tail.text(20);
  await abortAllDurableObjects();
  expect(await tail.end()).not.toBe("done");
  gate.at = () => {};
  await runDurableObjectAlarm(stub("ada"));
  const [, ...later] = (await turnsOf("ada")).reverse();
  expect(later.map(({ reply }) => reply!.startsWith(tail.content))).toEqual(kept ? [true] : []);
});

const both: Protection[] = ["lease", "key"];
it.each([[[]], [["lease"]], [["key"]], [both]] as [Protection[]][])(
  "O4: of two runners of a turn one tells its end (off: %s)",
  async (off) => {
    gate.at = () => pause(1);
    const tail = await stream("ada", "one");
    await tail.text(20);
    armFaults({ off });
    const second = await inside("ada", async ({ store, alarms }, ctx) => {
      const object = ctx.id.name!;
      const lent = {
        ctx,
        env,
        alarms,
        object,
        owner: "second",
        store: () => store,
        served: async () => toy(),
        ended: () => {},
      };
      const runs = new Scheduler(lent as never);
      const [id] = store.journal.running();
      const work = runs.proceed();
      const live: RunningTurn = runs.get(id!)!;
      await work;
      return live.last?.type;
    });
    await tail.end();
    const ends = [...tail.seen.filter(({ finish }) => finish !== null), ...(second ? [second] : [])];
    expect(ends.length).toBe(off === both ? 2 : 1);
    expect((await rows("ada", "SELECT id FROM turns")).length).toBe(1);
  },
);

it.each([true, false])("O6: nobody but its owner is told what an object holds (owner: %s)", async (kept) => {
  const { rivulet } = await chat({ conversation: "ada", messages: [say(CANARY)] });
  const paths = ["/turns", `/turn/${rivulet.turn}`, "/head/main"];
  const read = (path: string, tenant: string) => askObject(named("ada"), path, { tenant });
  const shows = async (tenant: string) => {
    const replies = await Promise.all(paths.map((path) => read(path, tenant)));
    const texts = await Promise.all(replies.map((reply) => reply.text()));
    return { statuses: replies.map(({ status }) => status), canary: texts.some((text) => text.includes(CANARY)) };
  };
  expect(await shows("local")).toEqual({ statuses: [200, 200, 200], canary: true });
  without(kept, "owner");
  const status = kept ? 404 : 200;
  expect(await shows("bob")).toEqual({ statuses: [status, status, status], canary: !kept });
});

it.each([true, false])("O7: the model waits for a reader that stands still (backpressure: %s)", async (kept) => {
  Object.assign(limits, { leadTokens: 64 });
  Object.assign(streamLimits, { bufferBytes: 1024 });
  without(kept, "backpressure");
  const before = toy().fed.length;
  const tail = await stream("ada", "one", { max_tokens: 4000 });
  await tail.text(3);
  let [last, still] = [-1, 0];
  await until(async () => {
    const fed = toy().fed.length;
    still = fed === last ? still + 1 : 0;
    last = fed;
    return still > 50;
  }, "nothing is computed");
  const ahead = toy().fed.length - before;
  await tail.cancel();
  if (kept) expect(ahead).toBeLessThan(1000);
  else expect(ahead).toBeGreaterThan(4000);
});

it.each([true, false])("O8: after failures the next requests get the golden bytes (release: %s)", async (kept) => {
  const golden = textOf(await chat({ messages: [say("one")] }));
  without(kept, "release");
  gate.at = () => {
    throw new Error("the model fails");
  };
  for (let i = 0; i < 4; i++) expect((await ask("ada", "fails")).status).toBe(500);
  gate.at = () => {};
  // As many as may wait, and one more.
  const next = Array.from({ length: 17 }, () => ask(undefined, "one", { max_tokens: 8 }));
  const first = await Promise.race(next);
  if (!kept) await inside("ada", (_, { id }) => admission.forget(id.toString()));
  const replies = await Promise.all(next);
  const bodies = await Promise.all(replies.map((reply) => reply.json()));
  const texts = bodies.map((body, i) => (replies[i]!.ok ? textOf(body as Reply) : (body as ErrorReply).error.code));
  expect([first.status, texts.filter((text) => text !== golden)]).toEqual(kept ? [200, []] : [503, ["busy"]]);
});
