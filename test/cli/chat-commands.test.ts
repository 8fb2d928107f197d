import { expect, it } from "vitest";
import { commandIn, commands } from "../../src/cli/chat-commands.ts";

it.each(["/fork 2", "/fork   2  "])("%o is a command with its argument", (line) => {
  expect(commandIn(line)).toEqual({ command: commands["/fork"], argument: "2" });
});

it.each(["hello /fork", "/etc/hosts is a file", "1/2", "/", "//", " /quit", ""])("%o is a message", (line) => {
  expect(commandIn(line)).toBeUndefined();
});

it.each(["/quit", "/hitsory", "/frok 2", "/constructor", "/__proto__"])("%o is refused, and never said", (line) => {
  expect(() => commandIn(line)).toThrow(`${line.split(" ")[0]}: no such command; /help lists those that are`);
});
