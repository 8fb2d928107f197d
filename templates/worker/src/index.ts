/** A Worker of your own with a language model below /ai. */
import { Hono } from "hono";
import { rivulet } from "rivulet/worker";

// The Durable Object classes that wrangler.toml binds: a Worker must export them itself.
export { Conversation, Directory, PromptCache, ResponseSocket, Stage, Stream, StreamLedger } from "rivulet/worker";

const app = new Hono();

app.get("/", (c) => c.text("This is my own Worker. The model's API is below /ai/v1, its chat page at /ai/."));
app.route("/ai", rivulet());

export default app;
