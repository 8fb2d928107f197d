/** The chat page in a real browser, against the real server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { chromiumPath, launchChromium } from "./chromium.ts";
import { freePort } from "./free-port.ts";
import { type ServedPack, servedPack } from "./served-pack.ts";
import { type Started, serverPid, start } from "./start-server.ts";

export const ANSWER_MS = 240_000;
/** For everything that needs no model. */
const PATIENCE_MS = 180_000;

type Pack = Exclude<ServedPack, "tiny-4"> | "default";

/** The token that ends an answer. */
const END_TOKEN: Record<Pack, number> = { tiny: 257, "tiny-long": 257, default: 2 };

interface Visit {
  page: Page;
  /** What the browser complained about, and what was asked of other servers. */
  said: string[];
}

class ChatPage {
  readonly #work = mkdtempSync(join(tmpdir(), "rivulet-page-"));
  readonly #contexts: BrowserContext[] = [];
  readonly #servers: Started[] = [];
  browser!: Browser;
  url = "";

  /** Starts the browser, and a server with a tiny pack or the default one. */
  async open(pack: Pack, env?: Record<string, string>): Promise<void> {
    this.#pack = pack;
    const args = pack === "default" ? [] : ["--pack", await servedPack(pack, this.#work)];
    this.#args = ["--port", String(await freePort()), "--persist-to", join(this.#work, "objects"), ...args];
    this.#env = env;
    [this.browser] = await Promise.all([launchChromium(), this.#serve()]);
  }

  /** SIGKILL, in the middle of whatever the server does. */
  async killServer(): Promise<void> {
    process.kill(serverPid(join(this.#work, "objects")), "SIGKILL");
    await this.#servers.pop()?.ended;
  }

  /**
   * Lets the server run a fifth of the time while `work` goes on, so that an answer
   * outlasts it on however slow a browser.
   */
  async slowly(work: () => Promise<void>): Promise<void> {
    const pid = serverPid(join(this.#work, "objects"));
    let timer: NodeJS.Timeout;
    const send = (signal: NodeJS.Signals): void => {
      try {
        process.kill(pid, signal);
      } catch {
        // The work was to kill it.
      }
    };
    const run = (): void => {
      send("SIGCONT");
      timer = setTimeout(wait, 40);
    };
    const wait = (): void => {
      send("SIGSTOP");
      timer = setTimeout(run, 160);
    };
    run();
    try {
      await work();
    } finally {
      clearTimeout(timer!);
      send("SIGCONT");
    }
  }

  restartServer = (): Promise<void> => this.#serve();

  /**
   * A browser of its own at the page. Answers are at most `maxTokens` long, and exactly so long where they are
   * `endless`: no token ends them.
   */
  async visit({
    maxTokens = 16,
    endless = false,
    ...options
  }: BrowserContextOptions & { maxTokens?: number; endless?: boolean } = {}): Promise<Visit> {
    const context = await this.browser.newContext({ viewport: { width: 1360, height: 860 }, ...options });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const said: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) said.push(message.text());
    });
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => {
      const own = request.url().startsWith(this.url) || /^(blob|data):/.test(request.url());
      if (!own) said.push(`asked for ${request.url()}`);
    });
    await page.route("**/v1/chat/completions", (route) => {
      const body = { ...route.request().postDataJSON(), max_tokens: maxTokens };
      if (endless) body.logit_bias = { [END_TOKEN[this.#pack]]: -100 };
      return route.continue({ postData: JSON.stringify(body) });
    });
    await page.goto(`${this.url}/`);
    return { page, said };
  }

  async leave(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
  }

  async close(): Promise<void> {
    await this.browser?.close();
    for (const { supervisor, ended } of this.#servers.splice(0)) {
      supervisor.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#work, { recursive: true, force: true });
  }

  #pack: Pack = "tiny";
  #args: string[] = [];
  #env: Record<string, string> | undefined;
  async #serve(): Promise<void> {
    const started = await start(this.#args, this.#env);
    expect(started.url, started.output()).not.toBe("");
    this.#servers.push(started);
    this.url = started.url;
  }
}

/** Tests in one browser with one server; skipped where there is no Chromium (vitest.config.ts says so). */
export function describePage(
  name: string,
  pack: Pack,
  tests: (chat: ChatPage) => void,
  env?: Record<string, string>,
): void {
  describe.skipIf(!chromiumPath)(name, () => {
    const chat = new ChatPage();
    beforeAll(() => chat.open(pack, env));
    afterEach(() => chat.leave());
    afterAll(() => chat.close());
    tests(chat);
  });
}

/** Where a document is chosen. */
export const documentInput = (page: Page) => page.getByLabel("Document", { exact: true });
export const field = (page: Page) => page.getByRole("textbox", { name: "Message", exact: true });
export const turns = (page: Page) => page.getByRole("article");
export const answerOf = (page: Page, turn: number) => turns(page).nth(turn).locator(".prose");
/** Waits until nothing is being written. */
export const idle = (page: Page) => page.getByRole("button", { name: "Send" }).waitFor({ timeout: ANSWER_MS });

/** Sends a message and waits for its whole answer. */
export async function say(page: Page, text: string): Promise<void> {
  const before = await turns(page).count();
  await begin(page, text);
  await turns(page).nth(before).waitFor();
  await idle(page);
}

export async function begin(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}

/** Waits until an answer has that many characters, and gives them. */
export async function grown(page: Page, turn: number, chars: number): Promise<string> {
  const text = async () => (await answerOf(page, turn).textContent()) ?? "";
  await expect.poll(async () => (await text()).length, { timeout: ANSWER_MS, interval: 50 }).toBeGreaterThan(chars);
  return text();
}
