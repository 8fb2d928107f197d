import { expect, it } from "vitest";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { http } from "../../../support/chat-client.ts";
import { gatedToy, pause, stream } from "../../../support/gated-toy.ts";

const { gate } = gatedToy();

interface Listed {
  data: { id: string; parent: string | null; status: string; messages: { content: string }[]; response_id: string }[];
}
const turns = async (conversation: string, query = "?all=true"): Promise<Listed["data"]> =>
  ((await (await http(`/v1/conversations/${conversation}/turns${query}`)).json()) as Listed).data;

it("lists a turn that is being written last, without a reply, and then as it ended", async () => {
  await (await stream("ada", "one", { max_tokens: 4 })).end();
  gate.at = () => pause(1);
  const tail = await stream("ada", "two");
  await tail.text(10);
  for (const query of ["?all=true", ""]) {
    const [first, second, ...more] = await turns("ada", query);
    expect(more).toEqual([]);
    expect(second).toMatchObject({ parent: first!.id, status: "running", reply: null, usage: null, conversations: [] });
    expect(second!.messages.map(({ content }) => content)).toEqual(["two"]);
  }
  const [only, ...rest] = await turns("ada", "?all=true&limit=1");
  expect(rest).toEqual([]);
  expect((await turns("ada", `?all=true&limit=1&after=${only!.id}`)).map(({ status }) => status)).toEqual(["running"]);
  await tail.end();
  const after = await turns("ada");
  expect(after.map(({ status }) => status)).not.toContain("running");
  expect(after.length).toBe(2);
});

it("a page ends early where its turns are long, and the rest is on the next ones", async () => {
  limits.listChars = 1000;
  const { id } = (await (await http("/v1/conversations", { body: {} })).json()) as { id: string };
  for (const letter of "abcd")
    await http(`/v1/conversations/${id}/items`, { body: { items: [{ role: "user", content: letter.repeat(400) }] } });
  const page = async (query: string) =>
    (await (await http(`/v1/conversations/${id}/${query}`)).json()) as Listed & { has_more: boolean };
  const first = await page("turns?limit=100");
  expect([first.data.length, first.has_more]).toEqual([3, true]);
  const second = await page(`turns?limit=100&after=${first.data.at(-1)!.id}`);
  expect([second.data.length, second.has_more]).toEqual([1, false]);
  expect((await page("items?limit=100")).data.length).toBe(4);
  limits.listChars = 0;
  expect((await page("items?limit=100")).data.length).toBe(4);
});
