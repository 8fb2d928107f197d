/**
 * ResponseSocket: one WebSocket of /v1/responses. Each message `response.create` is answered by the
 * response's events as JSON frames.
 *
 * It hibernates between messages: who calls stands in the socket's attachment, the model's state in the conversation's
 * own object. What is kept goes on when the socket is lost, and the rest can be fetched by the response's id.
 */
import { DurableObject } from "cloudflare:workers";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { type AskTurns, resolveReferences } from "../../src/api/conversations/item-references.ts";
import { responseAddress } from "../../src/api/object-address.ts";
import { withoutCompaction } from "../../src/api/responses/compaction.ts";
import { responsePaths } from "../../src/api/responses/reply-shape.ts";
import { responseCreate, responseTurn } from "../../src/api/responses/request.ts";
import { answerOf, errorBody } from "../../src/api/shared/error-body.ts";
import { checkHeld } from "../../src/api/shared/held-shape.ts";
import { newTurnId } from "../../src/api/shared/ids.ts";
import { IGNORED_HEADER, Ignored, noting } from "../../src/api/shared/ignored.ts";
import { checkScope, identityOfDigest } from "../../src/api/shared/keys.ts";
import { BODY_MAX_BYTES, JSON_LIMITS, parse } from "../../src/api/shared/parse-body.ts";
import { check, Failure, failures } from "../../src/core/failure.ts";
import { parseJson } from "../../src/core/strict-json.ts";
import {
  allowTurn,
  ask,
  type Counted,
  nothingKept,
  refuse,
  requireObject,
  settleLease,
  takeLease,
} from "../directory/allowance.ts";
import { requireModel } from "../model/model-card.ts";
import { failureResponse, logFailure } from "../platform/log-failure.ts";
import { conversationNamed } from "../platform/peers.ts";
import { SocketWriter } from "../platform/socket-writer.ts";

interface Attachment {
  tenant: string;
  /** Of the caller's key, to see whether it still holds. */
  digest: string;
  /** Of the socket, while it is open. */
  lease?: string;
}

/** Messages of a socket that may wait for the one before. */
const WAITING_MAX = 8;
/** Close codes: RFC 6455 and the registry of IANA. */
const POLICY_VIOLATION = 1008;

export class ResponseSocket extends DurableObject<Env> {
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  readonly #writers = new WeakMap<WebSocket, SocketWriter>();

  /** The upgrade. The Worker in front has seen the key and the origin. */
  override async fetch(request: Request): Promise<Response> {
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    const tenant = request.headers.get("x-rivulet-tenant") ?? "";
    const digest = request.headers.get("x-rivulet-key") ?? "";
    const lease = `socket ${crypto.randomUUID()}`;
    try {
      await takeLease(this.env, { tenant, digest }, "socket", lease);
    } catch (thrown) {
      return failureResponse(thrown);
    }
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ tenant, digest, lease } satisfies Attachment);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Messages are answered one after another. Never rejects. */
  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const writer = this.#writer(socket);
    if (this.#waiting >= WAITING_MAX) {
      const busy = "too many messages wait for an answer on this socket";
      return writer.send(errorFrame(new Failure("busy", busy)));
    }
    this.#waiting++;
    const mine = this.#last.then(() => this.#answer(socket, writer, message));
    this.#last = mine.finally(() => {
      this.#waiting--;
    });
    return this.#last;
  }

  override webSocketClose(socket: WebSocket): void {
    this.#closed(socket);
    // A hibernating socket's close is not answered by the runtime, and the client would wait for it.
    socket.close(1000);
  }

  override webSocketError(socket: WebSocket): void {
    this.#closed(socket);
  }

  #closed(socket: WebSocket): void {
    this.#writer(socket).leave();
    const { tenant, lease } = socket.deserializeAttachment() as Attachment;
    if (lease !== undefined) this.ctx.waitUntil(settleLease(this.env, tenant, lease));
  }

  #writer(socket: WebSocket): SocketWriter {
    const known = this.#writers.get(socket) ?? new SocketWriter(socket);
    this.#writers.set(socket, known);
    return known;
  }

  async #answer(socket: WebSocket, writer: SocketWriter, message: string | ArrayBuffer): Promise<void> {
    let lane: object = {};
    if (writer.gone.aborted) return;
    try {
      const { tenant, digest } = socket.deserializeAttachment() as Attachment;
      const identity = identityOfDigest(digest, this.env);
      if (identity?.tenant !== tenant) return writer.close(POLICY_VIOLATION, "the key is no longer valid");
      checkScope(identity.scopes, "write");
      const ignored = new Ignored();
      const given = parse(jsonOf(message), responseCreate, ignored);
      if (given.stream_id !== undefined) lane = { stream_id: given.stream_id };
      const body = { ...withoutCompaction(this.env, tenant, given), stream: true, background: false } as const;
      // The first frame of an answer says what a reply over HTTP has in its header.
      const marked = (data: object) => {
        const names = isCreated(data) ? ignored.header() : undefined;
        return { ...data, ...(names === undefined ? {} : { [IGNORED_HEADER]: names }), ...lane };
      };
      await this.#respond(identity, body, ignored, (data) => writer.send(marked(data)), writer.gone);
    } catch (thrown) {
      await writer.send({ ...errorFrame(logFailure(thrown)), ...lane });
    }
  }

  async #respond(
    counted: Counted,
    body: Parameters<typeof responseTurn>[0],
    ignored: Ignored,
    send: (data: object) => Promise<void>,
    gone: AbortSignal,
  ): Promise<void> {
    const { tenant } = counted;
    const askTurns: AskTurns = async (asked, ids) => {
      await requireObject(this.env, tenant, asked, () => nothingKept("input"));
      const url = `http://conversation/turns?ids=${ids.join()}`;
      const headers = { "x-rivulet-tenant": tenant };
      return answerOf(await conversationNamed(this.env, asked).fetch(url, { headers }));
    };
    const { input, last } = await resolveReferences(body, askTurns);
    const turn = noting(ignored, () => responseTurn({ ...body, input }));
    const { object, turn: where } = responseAddress(this.env, { tenant }, body, last);
    await checkHeld(turn, responsePaths, ignored, gone);
    await requireModel(this.env, turn.model);
    const id = newTurnId();
    refuse((await ask(this.env, counted, "request")).refused);
    const begun = await allowTurn(this.env, counted, object, id, { ...turn, ...where }, turn.model);
    const response = await conversationNamed(this.env, object).fetch("http://conversation/turn", {
      method: "POST",
      headers: { "x-rivulet-tenant": tenant },
      // A stored reply goes on for a client that comes back; a reply that is not stored ends with its only reader.
      body: JSON.stringify({
        ...turn,
        ...where,
        ...begun.grant,
        id,
        tenant,
        ...(where.persistent ? { background: true } : {}),
      }),
      ...(where.persistent ? {} : { signal: gone }),
    });
    if (!response.ok) await begun.undo(response.status);
    if (!response.ok) return answerOf(response);
    const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data } of events) {
      if (gone.aborted) return;
      if (data !== "[DONE]") await send(JSON.parse(data));
    }
  }
}

const isCreated = (data: object): boolean => (data as { type?: string }).type === "response.created";

function jsonOf(message: string | ArrayBuffer): unknown {
  check(typeof message === "string", "request_invalid", () => "message: expected text, got bytes", "message");
  const bytes = new TextEncoder().encode(message);
  check(bytes.length <= BODY_MAX_BYTES, "body_too_large", () => `the message is larger than ${BODY_MAX_BYTES} bytes`);
  return parseJson(bytes, { where: "message", maxBytes: BODY_MAX_BYTES, ...JSON_LIMITS });
}

const errorFrame = (failure: Failure): object => ({
  type: "error",
  status: failures[failure.code].status,
  ...errorBody(failure),
});
