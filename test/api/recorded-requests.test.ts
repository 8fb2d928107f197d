/**
 * What published clients sent to a running server, one request a line in recorded-requests.jsonl (recorded on
 * 2026-11-28, long texts cut): each is taken, and nothing but what is listed there is without effect. Of several alike
 * one is kept.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pathsOf } from "../../src/api/chat/reply-shape.ts";
import { chatRequest, chatTurn } from "../../src/api/chat/request.ts";
import { completionRequest, completionTurn } from "../../src/api/completions/request.ts";
import { messagePaths } from "../../src/api/messages/reply-shape.ts";
import { messageRequest, messageTurn } from "../../src/api/messages/request.ts";
import { responsePaths } from "../../src/api/responses/reply-shape.ts";
import { responseRequest, responseTurn } from "../../src/api/responses/request.ts";
import { checkHeld } from "../../src/api/shared/held-shape.ts";
import { Ignored, noting } from "../../src/api/shared/ignored.ts";
import { parse } from "../../src/api/shared/parse-body.ts";

interface Recorded {
  client: string;
  path: string;
  ignored: string[];
  body: unknown;
}

const lines = readFileSync(join(import.meta.dirname, "recorded-requests.jsonl"), "utf8")
  .trim()
  .split("\n");
const byClient = Map.groupBy(
  lines.map((line) => JSON.parse(line) as Recorded),
  ({ client }) => client,
);
const anyTime = new AbortController().signal;

/** Names of what was without effect. Fails as the endpoint does. */
async function taken({ path, body }: Recorded): Promise<string[]> {
  const ignored = new Ignored();
  switch (path) {
    case "/v1/chat/completions": {
      const asked = parse(body, chatRequest, ignored);
      const turn = noting(ignored, () => chatTurn(asked, asked.store === true));
      await checkHeld(turn, pathsOf(asked), ignored, anyTime);
      break;
    }
    case "/v1/responses": {
      const asked = parse(body, responseRequest, ignored);
      const turn = noting(ignored, () => responseTurn(asked));
      await checkHeld(turn, responsePaths, ignored, anyTime);
      break;
    }
    case "/v1/messages": {
      const asked = parse(body, messageRequest, ignored);
      const turn = noting(ignored, () => messageTurn(asked));
      await checkHeld(turn, messagePaths, ignored, anyTime);
      break;
    }
    default:
      noting(ignored, () => completionTurn(parse(body, completionRequest, ignored)));
  }
  return ignored.names;
}

describe.each([...byClient])("%s", (_, requests) => {
  it("sends nothing that is refused", async () => {
    for (const one of requests) {
      const told = await taken(one).catch((failure: Error) => [failure.message]);
      expect({ path: one.path, body: one.body, ignored: told }).toEqual({
        path: one.path,
        body: one.body,
        ignored: one.ignored,
      });
    }
  });
});
