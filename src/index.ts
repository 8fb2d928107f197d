/** The Worker: routes, one error handler, and the Durable Object classes. */
import { type Context, Hono } from "hono";
import { Conversation } from "../durable-objects/conversation/conversation.ts";
import { Directory } from "../durable-objects/directory/directory.ts";
import { PromptCache } from "../durable-objects/prompt-cache/prompt-cache.ts";
import { ResponseSocket } from "../durable-objects/socket/response-socket.ts";
import { Stage } from "../durable-objects/stage/stage.ts";
import { Stream } from "../durable-objects/stream/stream.ts";
import { StreamLedger } from "../durable-objects/stream/stream-ledger.ts";
import { errorResponse } from "./api/shared/error-body.ts";
import { drain } from "./api/shared/upload.ts";
import { Failure } from "./core/failure.ts";
import { addLimitHeaders } from "./routes/admission-control.ts";
import type { Bindings } from "./routes/endpoint.ts";
import { crossOrigin, secure } from "./routes/headers.ts";
import { endpoints } from "./routes/index.ts";
import { Inside } from "./routes/inside.ts";
import { messageErrors } from "./routes/message-errors.ts";
import { hostGuard, originGuard } from "./routes/origin-guard.ts";
import { page } from "./routes/page.ts";
import { pathOf } from "./routes/path.ts";
import { requestLog } from "./routes/request-log.ts";

export { Conversation, Directory, Inside, PromptCache, ResponseSocket, Stage, Stream, StreamLedger };

const app = new Hono<Bindings>({ getPath: pathOf });

app.use(requestLog, secure);
app.use(async (c, next) => {
  await next();
  if (c.res.status >= 400) await drain(c.req.raw);
  if (c.res.status !== 101) addLimitHeaders(c.req.raw, c.res.headers);
});
for (const path of ["/v1/messages", "/v1/messages/*", "/v1/models", "/v1/models/*"]) app.use(path, messageErrors);
app.use(hostGuard, crossOrigin, originGuard);

for (const { definition, serve } of endpoints)
  app.on(definition.method.toUpperCase(), definition.path.replaceAll(/\{(.+?)\}/g, ":$1"), serve);
app.route("/", page);

app.notFound((c) => {
  const allowed = methodsOf(c);
  if (allowed.length === 0)
    return errorResponse(new Failure("not_found", `${c.req.method} ${c.req.path.slice(0, 200)}: no such path`));
  if (c.req.method === "OPTIONS") return c.body(null, 204, { allow: allowed.join(", ") });
  const failure = new Failure(
    "method_not_allowed",
    `${c.req.path.slice(0, 200)}: expected ${allowed.join(" or ")}, got ${c.req.method.slice(0, 20)}`,
  );
  const response = errorResponse(failure);
  response.headers.set("allow", allowed.join(", "));
  return response;
});

app.onError((thrown, c) => {
  const failure = Failure.from(thrown);
  // What broke because its client left is nobody's bug.
  if (failure.code === "bug" && c.req.raw.signal.aborted)
    return errorResponse(new Failure("client_gone", "the client left", { cause: thrown }));
  if (failure.code === "bug") console.error(failure.cause ?? failure);
  return errorResponse(failure);
});

/** Methods that this path has a route for. */
function methodsOf(c: Context): string[] {
  const methods = new Set(app.routes.map(({ method }) => method).filter((method) => method !== "ALL"));
  return [...methods].filter((method) =>
    app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method),
  );
}

export default app;
