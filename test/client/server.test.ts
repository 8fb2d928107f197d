import { describe, expect, it } from "vitest";
import { Server } from "../../src/client/server.ts";

describe("Server", () => {
  it.each([
    ["http://127.0.0.1:8787", "http://127.0.0.1:8787"],
    ["http://127.0.0.1:8787/", "http://127.0.0.1:8787"],
    ["http://127.0.0.1:8787/v1", "http://127.0.0.1:8787"],
    ["https://example.org/rivulet/v1/", "https://example.org/rivulet"],
    ["https://example.org/v1/rivulet", "https://example.org/v1/rivulet"],
  ])("takes %s, a base URL of other clients too", (url, root) => {
    expect(new Server(url).url).toBe(root);
  });
});
