import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { connectionsFor, type Door, openDoor } from "../../scripts/serve-door.ts";

const open: (Door | Server | Socket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) "destroy" in one ? one.destroy() : one.close();
});

/** A server whose answers say how long their question was. */
async function inner(): Promise<number> {
  const server = createServer(async (request, response) => {
    let length = 0;
    for await (const piece of request) length += piece.length;
    response.end(`${request.headers.host} ${length}`);
  });
  open.push(server);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

async function door(to: () => number, most: number, silenceMs?: number): Promise<Door> {
  const options = { host: "127.0.0.1", port: 0, to, most, ...(silenceMs === undefined ? {} : { silenceMs }) };
  const made = await openDoor(options);
  open.push(made);
  return made;
}

/** A connection that says nothing, and whether it was closed. */
async function silent(port: number): Promise<{ closed: boolean }> {
  const socket = connect(port, "127.0.0.1");
  const state = { closed: false };
  open.push(socket);
  socket
    .on("error", () => {})
    .on("close", () => {
      state.closed = true;
    });
  await new Promise((resolve) => socket.once("connect", resolve));
  return state;
}

const ask = (port: number, body = "x") =>
  fetch(`http://127.0.0.1:${port}/`, { method: "POST", body, headers: { connection: "close" } });

it("passes on what is said, both ways and of any length", async () => {
  const to = await inner();
  const { port } = await door(() => to, 5);
  const answer = await ask(port, "y".repeat(300_000));
  expect(await answer.text()).toBe(`127.0.0.1:${port} 300000`);
});

it("tells whoever comes when all connections are taken that it is full, and serves again when they leave", async () => {
  const to = await inner();
  const { port } = await door(() => to, 4);
  await Promise.all(Array.from({ length: 4 }, () => silent(port)));
  const refused = await ask(port);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
  expect(((await refused.json()) as { error: object }).error).toMatchObject({ code: "busy", type: "server_error" });
  for (const one of open.splice(2)) (one as Socket).destroy();
  await expect.poll(async () => (await ask(port)).status).toBe(200);
});

it("closes connections that never say anything", async () => {
  const to = await inner();
  const { port } = await door(() => to, 4, 50);
  const states = await Promise.all(Array.from({ length: 4 }, () => silent(port)));
  await expect.poll(() => states.every(({ closed }) => closed)).toBe(true);
  expect((await ask(port)).status).toBe(200);
});

it("waits for a server that is being started again", async () => {
  let to = 1;
  const { port } = await door(() => to, 4);
  const answer = ask(port);
  to = await inner();
  expect((await answer).status).toBe(200);
});

it("has room for as many as there are descriptors for", () => {
  expect(connectionsFor(1024)).toBe(149);
  expect(connectionsFor(64)).toBe(8);
});
