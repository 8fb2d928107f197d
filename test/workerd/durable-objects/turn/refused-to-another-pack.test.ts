/**
 * The server is started with another pack: a conversation whose tokens may mean something else there is refused (V6).
 */
import { expect, it } from "vitest";
import { anotherPack, EARLIER, LATER } from "../../../support/another-pack.ts";
import type { ErrorReply } from "../../../support/chat-client.ts";
import { ask } from "../../../support/gated-toy.ts";
import { askObject, converse, named, refused, turnRequest, turnsOf } from "../../../support/object.ts";

const { toy, startedWith, turn, dialogue, expectOf } = anotherPack();

const refusal = async (response: Response) => {
  const { error } = (await response.json()) as ErrorReply;
  return { status: response.status, code: error.code, param: error.param, message: error.message };
};

it.each([
  [{ tokenizer: "c".repeat(64) }, "another tokenizer"],
  [{ template: "c".repeat(64) }, "another chat template"],
])("409 where the tokens would mean something else: %o", async (difference, reason) => {
  await dialogue("ada", ["one"]);
  const pack = await startedWith({ ...LATER, ...difference });
  const one = await refusal(await ask("ada", "two"));
  expect(one).toMatchObject({ status: 409, code: "model_changed", param: "conversation" });
  expect(one.message).toContain(reason);
  expect(one.message).toContain("serve the earlier pack again");
  expect(await refused(askObject(named("ada"), "/export/main"))).toMatchObject({ code: "model_changed" });
  expect(pack.fed).toEqual([]);
  // Nothing of it was touched.
  await startedWith(EARLIER);
  expect((await turn("ada", "two")).timings.state).toBe("resumed");
});

it("a branch that is begun beside it does not open the earlier one to another tokenizer", async () => {
  await dialogue("ada", ["one"]);
  const [first] = await turnsOf("ada");
  await startedWith({ ...LATER, tokenizer: "c".repeat(64) });
  expect((await converse("ada", "anew", { parent: null })).timings.state).toBe("new");
  const body = turnRequest("two", { conversation: "ada", parent: first!.id });
  const one = await refused(askObject(named("ada"), "/turn", { conversation: "ada", body }));
  expect(one).toMatchObject({ code: "model_changed" });
  expect(one.message).toContain("another tokenizer");
  expect((await converse("ada", "on")).timings.state).toBe("resumed");
});

it("409 where the model has another name", async () => {
  await dialogue("ada", ["one"]);
  await startedWith({ ...LATER, name: "large" });
  const one = await refusal(await ask("ada", "two", { model: "tiny" }));
  expect(one).toMatchObject({ status: 409, code: "model_changed", param: "conversation" });
  expect(one.message).toContain('it belongs to the model "tiny", and this is "large"');
});

/** Turns of earlier releases say nothing of their tokenizer and template. */
async function ofAnEarlierRelease(contents: string[]): Promise<void> {
  await startedWith(undefined);
  await dialogue("ada", contents);
}

it("of an earlier release, the log itself shows that it reads as it did", async () => {
  await ofAnEarlierRelease(["one", "two"]);
  const pack = await startedWith(LATER);
  expect((await turn("ada", "three")).timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  await expectOf(pack, "ada");
});

it("of an earlier release, 409 where the pack would have written the beginning or a reply otherwise", async () => {
  await ofAnEarlierRelease(["one", "two"]);
  const { prompt } = await startedWith(LATER);
  const { start } = prompt;
  toy().prompt.start = (...said) => [...start(...said).slice(1)];
  const one = await refusal(await ask("ada", "three"));
  expect(one).toMatchObject({ status: 409, code: "model_changed" });
  expect(one.message).toContain("its tokens are not those that this version");
  toy().prompt.start = start;
  const { detokenizer } = toy().codec;
  toy().codec.detokenizer = () => ({ ...detokenizer(), push: () => "?" });
  expect(await refusal(await ask("ada", "three"))).toMatchObject({ status: 409, code: "model_changed" });
  toy().codec.detokenizer = detokenizer;
  expect((await turn("ada", "three")).timings.state).toBe("rebuilt");
});
