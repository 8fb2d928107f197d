import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { humanLine, printForPeople } from "../../scripts/log-lines.ts";

const line = (entry: object) => humanLine(JSON.stringify(entry)).replace(/^\d\d:\d\d:\d\d {2}/, "");

it("tells requests and turns as a person reads them", () => {
  const asked = {
    level: "info",
    event: "request",
    request_id: "x",
    method: "GET",
    route: "/v1/models",
    status: 200,
    ms: 3,
  };
  expect(line(asked)).toBe("GET /v1/models  200  3 ms");
  expect(line({ ...asked, status: 404, code: "not_found", ms: 1240 })).toBe("GET /v1/models  404  not_found  1.24 s");
  const usage = { promptTokens: 71, cachedTokens: 55, completionTokens: 6 };
  const turn = { level: "info", event: "turn", reason: "stop", ...usage, prefill_ms: 160, decode_ms: 100 };
  expect(line(turn)).toBe("turn  stop  16 tokens read (100/s), 55 reused  6 written (60/s)");
  expect(line({ ...turn, prefill_ms: 0, decode_ms: 0 })).toBe("turn  stop  16 tokens read, 55 reused  6 written");
});

it("leaves what is not an event as it is, and lets nothing steer the terminal", () => {
  for (const text of ["not JSON", "5", '{"a":1}', ""]) expect(humanLine(text)).toBe(text);
  const steering = `${String.fromCharCode(27)}[31m`;
  expect(line({ event: "strange", level: "info", name: `${steering}red` })).toBe("strange  name=\u{fffd}[31mred");
});

it("writes each line once it is whole", async () => {
  const output = new PassThrough();
  const told: string[] = [];
  printForPeople(output, (text) => told.push(text));
  output.write('plain\n{"event":"re');
  output.end('quest","level":"info","method":"GET","route":"/","status":200,"ms":1}\n');
  await expect.poll(() => told.length).toBe(2);
  expect([told[0], told[1]!.slice(10)]).toEqual(["plain\n", "GET /  200  1 ms\n"]);
});
