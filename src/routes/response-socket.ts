/** GET /v1/responses with an upgrade: the Responses API over a WebSocket. */
import { Failure } from "../core/failure.ts";
import { joinSocket } from "./call.ts";
import { endpoint } from "./endpoint.ts";

export const responseSocket = [
  endpoint(
    {
      method: "get",
      path: "/v1/responses",
      operationId: "responseSocket",
      scope: "write",
      tag: "Responses",
      summary: "Create responses over a WebSocket",
      description:
        'Each message is `{"type": "response.create", …}` with the fields of a request; its events come back as JSON frames, numbered as in a stream. A page of another origin is refused unless it is listed.',
      replies: { 101: { description: "The protocol is switched." } },
    },
    async (c, { tenant, digest }) => {
      const request = c.req.raw;
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
        throw new Failure("upgrade_required", "upgrade: expected websocket", { param: "upgrade" });
      const socket = c.env.SOCKET.get(c.env.SOCKET.newUniqueId());
      return joinSocket(socket, "/", { tenant, digest });
    },
  ),
];
