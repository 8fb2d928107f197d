import { expect, it } from "vitest";
import { commandIn, commands, listed } from "../../src/cli/chat-commands.ts";
import type { ChatSession } from "../../src/cli/chat-session.ts";

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

it("a list says of each conversation when it began, in the reader's own time, and which number opens it", async () => {
  const rivulet = { turn: null, turns: 1, tokens: 1, state_bytes: 0 };
  const at = (time: string) => new Date(time).getTime() / 1000; // without a zone: the reader's
  const list = async () => [
    { id: "later", created_at: at("2026-11-26T20:15"), metadata: { title: "Dogs" }, rivulet },
    { id: "earlier", created_at: at("2026-01-02T03:04"), metadata: {}, rivulet },
  ];
  const path = async () => [{}];
  const session = { list, path, id: undefined } as unknown as ChatSession;
  const shown = () => {};
  expect(await commands["/list"]!.run(session, "", shown)).toBe(
    "  1  2026-11-26 20:15  later  Dogs\n  2  2026-01-02 03:04  earlier",
  );
  expect(await commands["/open"]!.run(session, "2", shown)).toBe("earlier: 1 turn");
});
