import { expect, it } from "vitest";
import { Cache } from "../../../src/backends/wasm/cache.ts";
import { Heap } from "../../../src/backends/wasm/heap.ts";

it.each([512, 2048])("caches of a window of %i that grow beside each other leave few holes", (window) => {
  const memory = new WebAssembly.Memory({ initial: 0 });
  const heap = new Heap(memory, 0, 2 ** 28);
  const spec = { kind: "cache" as const, layer: 0, heads: 3, width: 64, name: "a" };
  const caches = Array.from({ length: 4 }, () => new Cache(heap, memory, { dtype: "int8", sinks: 4, window }, spec));
  for (let positions = 36; positions < window + 200; positions += 36)
    for (const cache of caches) cache.reserve(positions);
  const held = caches.reduce((sum, cache) => sum + cache.bytes, 0);
  expect(memory.buffer.byteLength).toBeLessThan(1.2 * held);
});
