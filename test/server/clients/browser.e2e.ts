/**
 * The official clients for JavaScript in Chromium, on a page of another origin: what their
 * preflights ask for, and who is let in.
 */
import { createServer, type Server } from "node:http";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../../support/chromium.ts";
import { freePort } from "../../support/free-port.ts";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

/** What a page of somebody's own would do, with the clients as their packages are. */
const PAGE = `
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
const quiet = { apiKey: "none", maxRetries: 0, dangerouslyAllowBrowser: true };
const hello = [{ role: "user", content: "hello" }];
window.connect = (url) => {
  const openai = new OpenAI({ ...quiet, baseURL: url + "/v1", defaultHeaders: { "openai-beta": "a=v1", "x-session-id": "browser" } });
  const anthropic = new Anthropic({ ...quiet, baseURL: url, defaultHeaders: { "anthropic-beta": "b" } });
  const asked = { model: "tiny", max_tokens: 8 };
  window.client = {
    chat: async () => (await openai.chat.completions.create({ ...asked, messages: hello })).choices[0].message.content,
    stream: async () => {
      const pieces = [];
      const stream = await openai.chat.completions.create({ ...asked, messages: hello, stream: true });
      for await (const { choices } of stream) pieces.push(choices[0]?.delta.content ?? "");
      return pieces.join("");
    },
    response: async () => {
      const first = await openai.responses.create({ model: "tiny", input: "one", max_output_tokens: 8 });
      const next = await openai.responses.create({ model: "tiny", input: "two", previous_response_id: first.id, max_output_tokens: 8 });
      await openai.responses.delete(next.id);
      return next.usage.input_tokens_details.cached_tokens;
    },
    message: async () => (await anthropic.messages.create({ ...asked, messages: hello })).content[0].text,
    messageStream: async () => (await anthropic.messages.stream({ ...asked, messages: hello }).finalMessage()).content[0].text,
    models: async () => [(await openai.models.list()).data[0].id, (await anthropic.models.list()).data[0].id],
    ignored: async () =>
      (await openai.chat.completions.create({ ...asked, user: "me", messages: hello }).asResponse()).headers.get("x-rivulet-ignored"),
    refused: () =>
      openai.chat.completions.create({ ...asked, messages: hello, temperature: 3 }).catch((thrown) => [
        thrown instanceof OpenAI.BadRequestError, thrown.param, thrown.requestID?.length > 0,
      ]),
    lost: () => openai.models.list().catch((thrown) => thrown instanceof OpenAI.APIConnectionError),
  };
};
`;

describe.skipIf(!chromiumPath)("clients in a browser", () => {
  let server: ToyServer;
  let browser: Browser;
  const sites: Server[] = [];

  /** A page of an origin of its own, with the clients in it, that talks to the server. */
  async function visit(port: number): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.evaluate((url) => (globalThis as unknown as { connect(url: string): void }).connect(url), server.url);
    return page;
  }
  const ask = (page: Page, name: string): Promise<unknown> =>
    page.evaluate(
      (method) => (globalThis as unknown as { client: Record<string, () => Promise<unknown>> }).client[method]!(),
      name,
    );

  async function site(): Promise<number> {
    const { outputFiles } = await build({
      stdin: { contents: PAGE, resolveDir: import.meta.dirname },
      ...{ bundle: true, write: false, format: "iife", platform: "browser", logLevel: "silent" },
    });
    const script = outputFiles[0]!.text;
    const port = await freePort();
    const made = createServer((request, response) => {
      const isScript = request.url === "/client.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : "<!doctype html><title>A site</title><script src=client.js></script>");
    });
    await new Promise<void>((resolve) => made.listen(port, "127.0.0.1", resolve));
    sites.push(made);
    return port;
  }

  let listed: number;
  let stranger: number;
  beforeAll(async () => {
    [listed, stranger] = [await site(), await site()];
    server = await toyServer({ ALLOWED_ORIGINS: `http://127.0.0.1:${listed}` });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    for (const made of sites) made.close();
    await server?.stop();
  });

  it("of a listed origin work whole: replies, streams, errors, and headers that a page may read", async () => {
    const page = await visit(listed);
    for (const name of ["chat", "stream", "message", "messageStream"])
      expect(await ask(page, name), name).toMatch(/^[a-z ]{8}$/);
    expect(await ask(page, "response")).toBeGreaterThan(0);
    expect(await ask(page, "models")).toEqual(["tiny", "tiny"]);
    expect(await ask(page, "ignored")).toBe("user");
    expect(await ask(page, "refused")).toEqual([true, "temperature", true]);
  });

  it("of another origin reach nothing", async () => {
    const page = await visit(stranger);
    expect(await ask(page, "lost")).toBe(true);
    const conversation = await fetch(`${server.url}/v1/conversations/browser`);
    await expect(ask(page, "chat")).rejects.toThrow(/Connection error/);
    const after = await fetch(`${server.url}/v1/conversations/browser`);
    expect(await after.text()).toBe(await conversation.text());
  });
});
