import { expect, it } from "vitest";
import type { Engine } from "../../../src/backends/wasm/engine.ts";
import { readGolden } from "../../support/golden.ts";
import { feed } from "../feed.ts";
import { load } from "../packs.ts";

const golden = "bamba-groups4";

it("M7: with its memory full the engine refuses another conversation, and those that are open compute the same", async () => {
  const { tokens } = readGolden(golden);
  const free = (await load(`golden/${golden}`)).backend as Engine;
  const one = free.open();
  const expected = await feed(one, tokens, 1);
  // Room for a few sequences and no more.
  const most = free.memory.buffer.byteLength + 4 * 65_536;
  const engine = (await load(`golden/${golden}`, { maxBytes: most })).backend as Engine;
  const open: ReturnType<Engine["open"]>[] = [];
  const fill = () => {
    for (;;) open.push(engine.open());
  };
  for (let round = 0; round < 3; round++) {
    expect(fill).toThrow(expect.objectContaining({ code: "memory_exceeded" }));
    expect(engine.memory.buffer.byteLength).toBeLessThanOrEqual(most);
    expect(open.length).toBeGreaterThan(1);
    for (const sequence of open.splice(0)) sequence.release();
    const again = engine.open();
    expect(await feed(again, tokens, 1)).toEqual(expected);
    again.release();
  }
});

it("M7: a growth that the platform refuses is the same refusal, not a trap", async () => {
  const engine = (await load(`golden/${golden}`)).backend as Engine;
  const held: ReturnType<Engine["open"]>[] = [];
  const grow = engine.memory.grow.bind(engine.memory);
  engine.memory.grow = () => {
    throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
  };
  const fill = () => {
    for (;;) held.push(engine.open());
  };
  for (let round = 0; round < 2; round++) expect(fill).toThrow(expect.objectContaining({ code: "memory_exceeded" }));
  engine.memory.grow = grow;
  held.push(engine.open());
  for (const sequence of held) sequence.release();
});
