/** What a history of thousands of messages costs, whoever's reply lies in them. */
import { expect, it } from "vitest";
import { type Said, saidMessages } from "../../../src/api/messages/said-messages.ts";
import { messagesOf } from "../../../src/api/responses/input.ts";
import { cpuMs } from "../../support/cpu-time.ts";

const many = <T>(count: number, of: T): T[] => Array.from({ length: count }, () => of);
/**
 * Generous: each takes some hundredths of a second, and took three when the reply was
 * written down with each of its parts.
 */
const MOST_MS = 1500;

it("writes an assistant's reply down once, in however many messages it lies", () => {
  const call = { type: "tool_use" as const, id: "a", name: "f", input: {} };
  const parts: Said = { role: "assistant", content: [{ type: "text", text: "so " }, ...many(12, call)] };
  const beganMs = cpuMs();
  const told = saidMessages([...many(2047, parts), { role: "user", content: "go on" }]);
  expect(cpuMs() - beganMs).toBeLessThan(MOST_MS);
  const whole = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>';
  expect(told.map(({ role }) => role)).toEqual(["assistant", "user"]);
  expect(told[0]!.content).toBe("so ".repeat(2047) + many(2047 * 12, whole).join("\n"));
});

it("writes a response's calls down once, however many follow one another", () => {
  const call = { type: "function_call" as const, call_id: "a", name: "f", arguments: `"${"x".repeat(1500)}"` };
  const beganMs = cpuMs();
  const told = messagesOf(many(2048, call) as never);
  expect(cpuMs() - beganMs).toBeLessThan(MOST_MS);
  expect(told).toHaveLength(1);
  expect(told[0]!.content.split("<tool_call>")).toHaveLength(2049);
});
