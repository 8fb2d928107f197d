/** The server is started with another pack: what became of replies of the earlier one, finished or not (V6). */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { expect, it } from "vitest";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { anotherPack, LATER } from "../../../support/another-pack.ts";
import { http } from "../../../support/chat-client.ts";
import { ask, stream, Tail, until } from "../../../support/gated-toy.ts";
import { inside, stub, turnsOf } from "../../../support/object.ts";

const { gate, toy, startedWith, turn, dialogue, expectOf } = anotherPack();

it("a turn that was running ends as failed, and is not continued; the next one goes on from before it", async () => {
  await dialogue("ada", ["one"]);
  limits.checkpointTokens = 1;
  let held = true;
  gate.at = (position) => (held && position > 60 ? new Promise(() => {}) : undefined);
  const key = { "idempotency-key": "k" };
  const asked = () => ask("ada", "two", { background: true, max_tokens: 100 }, key);
  expect((await asked()).status).toBe(202);
  const journalled = () => inside("ada", ({ store: { journal } }) => journal.running().map((id) => journal.get(id)!));
  await until(async () => (await journalled()).some(({ ids, accepted }) => ids.length > accepted.promptCount + 2));
  await abortAllDurableObjects();
  held = false;
  const pack = await startedWith(LATER);
  await until(async () => {
    await runDurableObjectAlarm(stub("ada"));
    return (await turnsOf("ada")).length === 2;
  });
  expect(pack.fed).toEqual([]);
  const [failed] = await turnsOf("ada");
  expect(failed).toMatchObject({ status: "failed", error: { code: "model_changed" }, fingerprint: "1".repeat(64) });
  expect(failed!.error!.message).toContain("send the request again (with another Idempotency-Key)");
  const repeated = (await (await asked()).json()) as { status?: string; error?: { code: string } };
  expect(repeated.error?.code ?? repeated.status).toBe("model_changed");
  const next = await turn("ada", "two");
  expect(next.timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  await expectOf(pack, "ada");
});

it("a reply that was finished before comes again under its key, word for word", async () => {
  const key = { "idempotency-key": "k" };
  const first = (await (await ask("ada", "one", { max_tokens: 8 }, key)).json()) as { choices: unknown };
  const pack = await startedWith(LATER);
  const again = (await (await ask("ada", "one", { max_tokens: 8 }, key)).json()) as { choices: unknown };
  expect(again.choices).toEqual(first.choices);
  expect(pack.fed).toEqual([]);
});

it("a stream that was finished before is resumed word by word; where the tokens read otherwise its text comes whole", async () => {
  const whole = await stream("ada", "one", { max_tokens: 12 });
  expect(await whole.end()).toBe("done");
  const { id } = (await turnsOf("ada"))[0]!;
  const after = async (n: number) => {
    const response = await http(
      `/v1/chat/completions/chatcmpl-${stub("ada").id.name}${id}?stream=true&starting_after=${n}`,
    );
    const rest = new Tail(response);
    await rest.end();
    return rest;
  };
  await startedWith(LATER);
  expect((await after(5)).seen).toEqual(whole.seen.filter((event) => event.id! > 5));
  const { detokenizer } = toy().codec;
  toy().codec.detokenizer = () => ({ ...detokenizer(), push: () => "?" });
  expect((await after(0)).content).toBe(whole.content);
  toy().codec.detokenizer = detokenizer;
});
