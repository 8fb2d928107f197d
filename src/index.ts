/** The Worker: routes, one error handler, and the Durable Object class. */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { Conversation } from "../durable-objects/conversation.ts";
import { errorResponse } from "./api/error-body.ts";
import { Failure } from "./core/failure.ts";
import { chatCompletions } from "./routes/chat-completions.ts";
import { health } from "./routes/health.ts";
import { models } from "./routes/models.ts";

export { Conversation };

/** About 250,000 tokens of English; with its reply a turn still fits one row of storage. */
const BODY_MAX_BYTES = 1024 * 1024;

const app = new Hono<{ Bindings: Env }>();

app.use(secureHeaders());
app.use(
  bodyLimit({
    maxSize: BODY_MAX_BYTES,
    onError: () => {
      throw new Failure("body_too_large", `the body is larger than ${BODY_MAX_BYTES} bytes`);
    },
  }),
);

for (const routes of [chatCompletions, models, health]) app.route("/", routes);

app.notFound((c) => {
  const allowed = methodsOf(c);
  if (allowed.length === 0)
    return errorResponse(new Failure("not_found", `${c.req.method} ${c.req.path.slice(0, 200)}: no such path`));
  const failure = new Failure(
    "method_not_allowed",
    `${c.req.path}: expected ${allowed.join(" or ")}, got ${c.req.method}`,
  );
  const response = errorResponse(failure);
  response.headers.set("allow", allowed.join(", "));
  return response;
});

app.onError((thrown) => {
  const failure = Failure.from(thrown);
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
