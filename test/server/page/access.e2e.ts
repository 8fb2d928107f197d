import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { axeFindings } from "../../support/axe.ts";
import { describePage, field, idle, say, turns } from "../../support/chat-page.ts";

const focused = (page: Page) =>
  page.evaluate(
    "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim()",
  ) as Promise<string>;
/** Presses a key until the focus is there. */
async function reach(page: Page, label: string, key = "Tab"): Promise<void> {
  for (let i = 0; i < 40; i++) {
    if ((await focused(page)) === label) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${label} cannot be reached`);
}

describePage("access to the chat page", "tiny", (chat) => {
  it("everything can be done with keys alone", async () => {
    const { page, said } = await chat.visit();
    await expect.poll(() => focused(page)).toBe("Message");
    await page.keyboard.type("Hello!");
    await page.keyboard.press("Enter");
    await turns(page).first().waitFor();
    await idle(page);
    await reach(page, "Edit message", "Shift+Tab");
    await page.keyboard.press("Enter");
    await expect.poll(() => focused(page)).toBe("Edited message");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("Good evening!");
    await page.keyboard.press("Enter");
    await page.getByText("2 / 2").waitFor();
    await idle(page);
    await field(page).focus();
    await reach(page, "Previous branch: Hello!", "Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByText("1 / 2").waitFor();
    await reach(page, "More for Hello!", "Shift+Tab");
    await page.keyboard.press("Enter");
    await reach(page, "Rename");
    await page.keyboard.press("Enter");
    await expect.poll(() => focused(page)).toBe("Name of the conversation");
    await page.keyboard.type("By keys");
    await page.keyboard.press("Enter");
    await page.getByRole("navigation").getByRole("button", { name: "By keys", exact: true }).waitFor();
    expect(said).toEqual([]);
  });

  it("what is written from right to left runs so, line by line", async () => {
    const { page, said } = await chat.visit();
    await page.getByRole("textbox", { name: "Message" }).fill("مرحبا\nand a long line of English beside it");
    await page.keyboard.press("Enter");
    await idle(page);
    const text = page.locator(".said p");
    // Distances of each line from the two edges of its box.
    const lines = await text.evaluate((box) => {
      const { ownerDocument: page } = box;
      const range = page.createRange();
      range.selectNodeContents(box);
      const style = page.defaultView!.getComputedStyle(box);
      const outer = box.getBoundingClientRect();
      const [left, right] = [outer.left + parseFloat(style.paddingLeft), outer.right - parseFloat(style.paddingRight)];
      return [...range.getClientRects()]
        .filter(({ width }) => width > 0)
        .map((line) => [Math.round(line.left - left), Math.round(right - line.right)]);
    });
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines[0]![1]).toBeLessThanOrEqual(1);
    expect(lines[0]![0]).toBeGreaterThan(50);
    expect(lines.at(-1)![0]).toBeLessThanOrEqual(1);
    expect(said).toEqual([]);
  });

  it("stays at the end when the window gets narrow", async () => {
    const { page } = await chat.visit();
    for (const text of ["word ".repeat(150), "word ".repeat(150)]) await say(page, text);
    const box = page.getByRole("region", { name: "Dialogue" });
    const left = () => box.evaluate((area) => area.scrollHeight - area.scrollTop - area.clientHeight);
    await expect.poll(left).toBeLessThan(2);
    await page.setViewportSize({ width: 360, height: 500 });
    await expect.poll(() => page.evaluate("innerWidth")).toBe(360);
    await expect.poll(left).toBeLessThan(2);
  });

  it("fits a phone", async () => {
    const { page, said } = await chat.visit({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
    const overflow = () => page.evaluate("document.documentElement.scrollWidth - innerWidth");
    await say(page, "Hello on the phone!");
    expect(await overflow()).toBe(0);
    await field(page).fill("word ".repeat(400));
    const box = (await page.locator(".composer").boundingBox())!;
    expect(box.y).toBeGreaterThan(200);
    expect(box.y + box.height).toBeLessThanOrEqual(640);
    await field(page).fill("");
    await page.getByRole("button", { name: "What this conversation costs" }).tap();
    await page.getByRole("heading", { name: "What it costs" }).waitFor();
    await page.getByRole("complementary").getByRole("button", { name: "Close" }).tap();
    await page.getByRole("button", { name: "Conversations" }).tap();
    await page.getByRole("navigation").getByRole("button", { name: "New conversation" }).tap();
    await page.getByRole("heading", { name: "A conversation that remembers" }).waitFor();
    expect(await overflow()).toBe(0);
    expect(said).toEqual([]);
  });

  it.each(["light", "dark"] as const)("axe finds nothing, %s", async (colorScheme) => {
    const { page } = await chat.visit({ colorScheme, reducedMotion: "reduce" });
    expect(await axeFindings(page)).toEqual([]);
    await say(page, `Hello in the ${colorScheme}!`);
    await page.getByText("The numbers").click();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("navigation").locator("summary").first().click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Edit message" }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 800 });
    for (const name of ["Conversations", "What this conversation costs"]) {
      await page.getByRole("button", { name }).click();
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press("Escape");
    }
  });
});

const API_KEYS = `ann:${createHash("sha256").update("key-a").digest("hex")}`;
describePage(
  "the chat page of a server with keys",
  "tiny",
  (chat) => {
    it("asks for a key, says when it is wrong, and remembers the right one", async () => {
      const { page } = await chat.visit();
      const key = page.getByLabel("API key");
      await key.fill("wrong");
      await page.keyboard.press("Enter");
      await page.getByText("The last key was not accepted.").waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await key.fill("key-a");
      await page.getByRole("button", { name: "Continue" }).click();
      await say(page, "Hello!");
      await page.reload();
      await turns(page).first().waitFor();
      expect(await page.getByRole("dialog").count()).toBe(0);
    });
  },
  { API_KEYS },
);
