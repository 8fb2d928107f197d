import { expect, it } from "vitest";
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
