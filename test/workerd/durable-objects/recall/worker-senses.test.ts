import { expect, it } from "vitest";
import { hasRoomForEncoder } from "../../../../durable-objects/recall/worker-senses.ts";

const backend = (memoryBytes: number, state: number) => ({
  ...{ memoryBytes, contextLength: 4096, stateBytes: () => state },
});

it("loads the encoder beside a small model in an isolate, and beside the default one only where there is more memory", () => {
  expect(hasRoomForEncoder(128e6, backend(60e6, 5e6))).toBe(true);
  expect(hasRoomForEncoder(128e6, backend(90e6, 6.8e6))).toBe(false);
  expect(hasRoomForEncoder(136e6, backend(90e6, 6.8e6))).toBe(false);
  expect(hasRoomForEncoder(137e6, backend(90e6, 6.8e6))).toBe(true);
});
