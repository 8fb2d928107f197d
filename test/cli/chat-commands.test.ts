import { expect, it } from "vitest";
import { commandIn, commands, listed } from "../../src/cli/chat-commands.ts";

it.each(["/fork 2", "/fork   2  "])("%o is a command with its argument", (line) => {
  expect(commandIn(line)).toEqual({ command: commands["/fork"], argument: "2" });
});

it.each(["hello /fork", "/etc/hosts is a file", "1/2", "/", "//", " /quit", ""])("%o is a message", (line) => {
  expect(commandIn(line)).toBeUndefined();
});

it.each(["/quit", "/hitsory", "/frok 2", "/constructor", "/__proto__"])("%o is refused, and never said", (line) => {
  expect(() => commandIn(line)).toThrow(`${line.split(" ")[0]}: no such command; /help lists those that are`);
});

it("a search shows where the words stand, and nothing that a terminal would obey", () => {
  const rivulet = { turn: null, turns: 1, tokens: 1, state_bytes: 0 };
  const hits = [
    { turn: "a", role: "user" as const, snippet: "My dog is\n called Rex." },
    { turn: "a", role: "assistant" as const, snippet: "Rex\u001b[2J is a good name." },
  ];
  const lines = listed([{ id: "mine", created_at: 0, metadata: { title: "Dogs" }, rivulet, hits }]).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^ {2}1 {2}19\S+ \S+ {2}mine {2}Dogs$|^ {2}1 {2}1970/);
  expect(lines[1]).toBe("     > My dog is called Rex.");
  expect(lines[2]).toMatch(/^ {5}Rex/);
  expect(lines[2]).not.toContain("\u001b");
});
