/**
 * Makes the pictures of the documents: a conversation about a document with the default model, in Chromium,
 * light and dark, desktop and phone.
 *
 * `node scripts/screenshots.ts [--to <folder>] [--pack <folder>]`; without a folder only
 * docs/chat-page.png is written again.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium } from "../test/support/chromium.ts";
import { start } from "../test/support/start-server.ts";
import { commandLine } from "./command-line.ts";
import { root } from "./package-root.ts";

const { values } = commandLine({ to: { type: "string" }, pack: { type: "string" } });
const ANSWER_MS = 300_000;

const idle = (page: Page) => page.getByRole("button", { name: "Send" }).waitFor({ timeout: ANSWER_MS });

async function ask(page: Page, text: string): Promise<void> {
  const before = await page.getByRole("article").count();
  await page.getByRole("textbox", { name: "Message", exact: true }).fill(text);
  await page.keyboard.press("Enter");
  await page.getByRole("article").nth(before).waitFor({ timeout: ANSWER_MS });
  await idle(page);
}

async function visit(browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ deviceScaleFactor: 1, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(ANSWER_MS);
  await page.goto(url);
  await page.locator("footer .fine").filter({ hasText: /\w/ }).waitFor({ state: "attached" });
  return page;
}

const desktop = { viewport: { width: 1360, height: 860 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function main(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "rivulet-pictures-"));
  const pack = values.pack ? ["--pack", values.pack] : [];
  const server = await start(["--port", "0", "--persist-to", join(work, "objects"), ...pack]);
  const browser = await launchChromium();
  const shots = values.to;
  if (shots) mkdirSync(shots, { recursive: true });
  const shoot = async (page: Page, name: string) => {
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
  };
  try {
    const page = await visit(browser, server.url, { ...desktop, colorScheme: "light" });
    await shoot(page, "welcome-light");
    // A document of our own: what the server does for a turn.
    const text = readFileSync(join(root, "docs/durability.md"), "utf8").slice(0, 9000);
    const file = { name: "durability.md", mimeType: "text/markdown", buffer: Buffer.from(text) };
    await page.getByLabel("Document", { exact: true }).setInputFiles(file);
    await page.getByText("of text").or(page.getByText("tokens, once")).first().waitFor();
    await shoot(page, "reading-light");
    for (const question of [
      "What is this document about?",
      "Which file holds a conversation?",
      "Say it in one sentence.",
    ])
      await ask(page, question);
    await shoot(page, "dialogue-light");
    await page.screenshot({ path: join(shots ?? join(root, "docs"), "chat-page.png") });
    if (!shots) return;
    await page.keyboard.press("Control+/");
    await shoot(page, "help-light");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+,");
    await shoot(page, "settings-light");
    await page.keyboard.press("Escape");
    const address = page.url();
    const dark = await visit(browser, address, { ...desktop, colorScheme: "dark" });
    await dark.getByRole("article").first().waitFor();
    await shoot(dark, "dialogue-dark");
    await dark.getByRole("button", { name: "New conversation" }).click();
    await shoot(dark, "welcome-dark");
    for (const colorScheme of ["light", "dark"] as const) {
      const small = await visit(browser, address, { ...phone, colorScheme });
      await small.getByRole("article").first().waitFor();
      await shoot(small, `phone-dialogue-${colorScheme}`);
      await small.getByRole("button", { name: "Conversations" }).click();
      await small.waitForTimeout(400);
      await shoot(small, `phone-list-${colorScheme}`);
      await small.getByRole("button", { name: "New conversation" }).click();
      await small.waitForTimeout(400);
      await shoot(small, `phone-welcome-${colorScheme}`);
    }
  } finally {
    await browser.close();
    server.supervisor.kill("SIGTERM");
    await server.ended;
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
