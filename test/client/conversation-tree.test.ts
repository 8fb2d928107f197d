import { expect, it } from "vitest";
import { ConversationTree, rootOf } from "../../src/client/conversation-tree.ts";
import type { Turn } from "../../src/client/turns.ts";

const turn = (id: string, parent: string | null): Turn => ({
  id,
  parent,
  response_id: `chatcmpl-${id}`,
  created_at: 0,
  status: "completed",
  messages: [],
  reply: id,
  usage: null,
  timings: null,
  conversations: [],
});
/**
 * a ─ b ─ c
 *  ╲ d ─ e
 *      ╲ f
 * g
 */
const tree = new ConversationTree([
  turn("a", null),
  turn("b", "a"),
  turn("c", "b"),
  turn("d", "a"),
  turn("e", "d"),
  turn("f", "d"),
  turn("g", null),
]);
const ids = (turns: readonly Turn[]) => turns.map(({ id }) => id).join("");

it("gives the path to a turn, from the first on", () => {
  expect(["c", "e", "g", null, "x"].map((leaf) => ids(tree.path(leaf)))).toEqual(["abc", "ade", "g", "", ""]);
});

it("knows a turn's siblings, also at the beginning", () => {
  expect(["b", "f", "a"].map((id) => ids(tree.siblings(tree.get(id)!)))).toEqual(["bd", "ef", "ag"]);
});

it("goes down along the newest children", () => {
  expect(["a", "b", null].map((from) => tree.newestLeaf(from))).toEqual(["f", "c", "g"]);
});

it("a turn whose parent is hidden begins a tree of its own", () => {
  const rest = tree.without("a");
  expect(ids(rest.path("c"))).toBe("bc");
  expect(ids(rest.siblings(rest.get("b")!))).toBe("bdg");
});

it("survives turns that claim to be each other's parent", () => {
  const loop = new ConversationTree([turn("a", "b"), turn("b", "a")]);
  expect(loop.path("a").length).toBeLessThanOrEqual(3);
  expect(loop.newestLeaf("a")).toBeDefined();
});

it("changes and adds turns without changing what was", () => {
  const changed = tree.with({ ...turn("c", "b"), reply: "new" }).with(turn("h", "c"));
  expect([changed.get("c")!.reply, ids(changed.path("h")), tree.get("c")!.reply]).toEqual(["new", "abch", "c"]);
});

it("a fork carries its root's name", () => {
  expect(["ada~0a1b2c3d", "ada", "a~b~0a1b2c3d", "ada~short"].map(rootOf)).toEqual(["ada", "ada", "a~b", "ada~short"]);
});
