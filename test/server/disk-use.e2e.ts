/** L1: what conversations take on disk is what the formula in docs/durability.md says. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { databasesAtRest } from "../load/measure.ts";
import { post } from "../support/start-server.ts";
import { type ToyServer, toyServer } from "../support/toy-server.ts";

let server: ToyServer;
beforeAll(async () => {
  server = await toyServer();
});
afterAll(() => server.remove());

/** How many conversations, of how many turns, and bytes of each one's message. */
const SHAPES = [
  [80, 1, 8],
  [60, 1, 120],
  [40, 1, 700],
  [20, 2, 60],
  [10, 3, 120],
  [5, 6, 60],
] as const;

it("L1: some hundred conversations take the pages that the formula says, whatever their turns, texts and states are", async () => {
  const names = SHAPES.flatMap(([count, turns, bytes], s) =>
    Array.from({ length: count }, (_, n) => ({ name: `shape-${s}-${n}`, turns, bytes })),
  );
  const all = names.length;
  const turn = async (conversation: string, bytes: number) => {
    const content = "some more words ".repeat(50).slice(0, bytes);
    for (;;) {
      const response = await post(server.url, { conversation, messages: [{ role: "user", content }], max_tokens: 8 });
      const text = await response.text();
      if (response.ok) return;
      expect(response.status, text).toBe(503);
    }
  };
  const caller = async () => {
    for (let next = names.pop(); next; next = names.pop())
      for (let n = 0; n < next.turns; n++) await turn(next.name, next.bytes);
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  await server.stop(false);
  const { kept, unlike, orphans } = databasesAtRest(server.folder);
  expect({ kept, unlike, orphans }).toEqual({ kept: all, unlike: [], orphans: 0 });
});
