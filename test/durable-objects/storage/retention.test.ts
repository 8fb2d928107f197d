import { expect, it } from "vitest";
import { released } from "../../../durable-objects/storage/retention.ts";

/** Two branches that part behind the first turn, `a1 … a600` and `b1 … b600`; counts the turns that are looked at. */
function branches() {
  let looks = 0;
  const node = (id: string) => {
    looks++;
    const depth = 1 + Number(id.slice(1));
    const parent = depth === 1 ? null : depth === 2 ? "r0" : `${id[0]}${depth - 2}`;
    return { id, parent, depth } as never;
  };
  function* path(from: string | null) {
    for (let id = from; id !== null; ) {
      const found = node(id) as { parent: string | null };
      yield found as never;
      id = found.parent;
    }
  }
  return { ancestry: { node, path }, looks: () => looks };
}
const one = (turns: readonly string[]) => turns.length < 2;
const all = () => true;
const tips = (branch: string) => Array.from({ length: 600 }, (_, i) => `${branch}${i + 1}`);

it("looks at each turn of other branches once, however many heads stand there", () => {
  const { ancestry, looks } = branches();
  // Where one state fits beside the new one, this is none of them, and heads of the other branch
  // would keep it if it were theirs.
  expect(released(ancestry, "a300", new Set(["a255", "a300"]), tips("b"), one)).toEqual(["a255"]);
  expect(released(ancestry, "a300", new Set(["a255", "a300"]), tips("b"), all)).toEqual([]);
  expect(released(ancestry, "a514", new Set(["a255", "a514"]), tips("b"), all)).toEqual(["a255"]);
  expect(looks()).toBeLessThan(6000);
});

it("keeps what a head further on still needs", () => {
  const { ancestry } = branches();
  expect(released(ancestry, "a514", new Set(["a255", "a514"]), [...tips("b"), "a400"], all)).toEqual([]);
});
