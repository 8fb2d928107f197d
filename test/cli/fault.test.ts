import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { bytes, count } from "../../src/cli/amounts.ts";
import { faultOf, line } from "../../src/cli/report-failure.ts";
import { Failure } from "../../src/core/failure.ts";

describe("faultOf", () => {
  const system = (code: string) => Object.assign(new Error(`${code}: no`), { code });
  it.each([
    [new Failure("request_invalid", "no"), 2],
    [new Failure("weights_invalid", "no"), 2],
    [new Failure("context_length_exceeded", "no"), 2],
    [new Failure("weights_unavailable", "no"), 1],
    [new Failure("memory_exceeded", "no"), 1],
    [new Failure("bug", "no"), 1],
    [new CommanderError(1, "commander.unknownOption", "error: no"), 2],
    [system("ENOENT"), 2],
    [system("EACCES"), 2],
    [system("ENOSPC"), 1],
    [new TypeError("no"), 1],
    ["no", 1],
    [new DOMException("no", "AbortError"), 1],
  ])("of %o has exit code %i", (thrown, exitCode) => {
    expect(faultOf(thrown).exitCode).toBe(exitCode);
    expect(faultOf(thrown).message).not.toMatch(/^error: /);
  });

  it("is one line, whatever its text holds", () => {
    expect(line("a\nb\u001b[31mc\r\n")).toBe("rivulet: a b [31mc\n");
  });
});

describe("amounts", () => {
  it("have three digits and a unit", () => {
    expect([0, 999, 1000, 77_400_000, 5e12, 1e18].map(bytes)).toEqual([
      "0 B",
      "999 B",
      "1.00 kB",
      "77.4 MB",
      "5.00 TB",
      "1.00e+6 TB",
    ]);
    expect([0, 12, 134_515_008].map(count)).toEqual(["0", "12", "135 M"]);
  });
});
