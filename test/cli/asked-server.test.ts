/** What the commands that ask a server say where it refuses them or is not there. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort } from "../support/free-port.ts";
import { inProcess } from "./in-process.ts";

const KEY = "the right one";
const asked: (string | undefined)[] = [];
const server = createServer(({ headers }, response) => {
  asked.push(headers.authorization);
  const error = { message: "expected a key that this server knows", type: "x", param: null, code: "unauthorized" };
  response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error }));
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
afterEach(() => vi.unstubAllEnvs());

describe.each(["chat", "stream"])("%s", (command) => {
  it.each([
    ["", undefined],
    [KEY, `Bearer ${KEY}`],
  ])("names the variable of the key where it is missing or wrong: %o", async (key, sent) => {
    vi.stubEnv("RIVULET_API_KEY", key);
    const { exitCode, stderr, stdout } = await inProcess([command, url]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toBe("rivulet: expected a key that this server knows; the variable RIVULET_API_KEY holds the key\n");
    expect(asked.at(-1)).toBe(sent);
  });

  it("ends with 2 where no server is: the URL is the user's", async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { exitCode, stderr, stdout } = await inProcess([command, nowhere]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(`rivulet: ${nowhere}: no server answers there; start one with npm start\n`);
  });

  it.each(["\u043a\u043b\u044e\u0447", "of two\nlines"])("says that the key %o cannot be sent", async (key) => {
    vi.stubEnv("RIVULET_API_KEY", key);
    const before = asked.length;
    const { exitCode, stderr } = await inProcess([command, url]);
    expect([exitCode, asked.length - before]).toEqual([2, 0]);
    expect(stderr).toMatch(/^rivulet: authorization: .*; the variable RIVULET_API_KEY holds the key\n$/);
  });

  it.each(["nowhere", "ftp://127.0.0.1"])("says that %s is no address", async (address) => {
    const { exitCode, stderr } = await inProcess([command, address]);
    expect([exitCode, stderr]).toEqual([2, `rivulet: ${address}: expected a URL like http://127.0.0.1:8787\n`]);
  });
});
