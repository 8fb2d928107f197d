/** servedWithResume: two turns over HTTP with a restart between them, against the same two without. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../test/support/start-server.ts";

interface Turn {
  text: string;
  state: string;
  /** Tokens that the turn did not compute again. */
  reused: number;
}

interface Resumed {
  first: string;
  second: string;
  /** Of the turn behind the restart. */
  reused: number;
}

/** Fails where the turn behind the restart was not resumed, or says something else. */
export async function servedWithResume(pack: string, name: string, turns: [string, string]): Promise<Resumed> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-real-"));
  const serve = async () => {
    const server = await start(["--port", "0", "--persist-to", folder, "--pack", `${name}=${pack}`]);
    if (!server.url) throw new Error(`${name}: the server did not start: ${server.output().slice(-800)}`);
    return server;
  };
  try {
    let server = await serve();
    const say = async (conversation: string, content: string): Promise<Turn> => {
      const response = await fetch(`${server.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          model: name,
          conversation,
          messages: [{ role: "user", content }],
          max_tokens: 32,
          temperature: 0,
        }),
      });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${name}: ${response.status} ${text.slice(0, 400)}`);
      const body = JSON.parse(text);
      return {
        text: body.choices[0].message.content,
        state: body.timings.state,
        reused: body.usage.prompt_tokens_details.cached_tokens,
      };
    };
    const first = await say("cut", turns[0]);
    await say("whole", turns[0]);
    const whole = await say("whole", turns[1]);
    server.supervisor.kill("SIGTERM");
    await server.ended;
    server = await serve();
    const second = await say("cut", turns[1]);
    server.supervisor.kill("SIGTERM");
    await server.ended;
    if (second.state !== "resumed") throw new Error(`${name}: expected a resumed state, got ${second.state}`);
    if (second.text !== whole.text)
      throw new Error(
        `${name}: behind the restart ${JSON.stringify(second.text)}, without ${JSON.stringify(whole.text)}`,
      );
    return { first: first.text, second: second.text, reused: second.reused };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
