/**
 * The dialogue's own controls: the way back to its end, what branches are called, where the focus goes,
 * and the word about a small model.
 */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { answerOf, begin, describePage, field, grown, idle, say, turns } from "../../support/chat-page.ts";

const focused = (page: Page) => page.evaluate("document.activeElement?.getAttribute('aria-label')");

describePage("the dialogue of the chat page", "tiny-long", (chat) => {
  it("a reader who has scrolled away is left there while an answer grows, and goes to the end with a button, by keys too", async () => {
    const { page, said } = await chat.visit({ viewport: { width: 1000, height: 500 } });
    const box = page.getByRole("region", { name: "Dialogue" });
    const left = () => box.evaluate((area) => area.scrollHeight - area.scrollTop - area.clientHeight);
    const top = () => box.evaluate((area) => area.scrollTop);
    const toTheEnd = page.getByRole("button", { name: "To the end" });
    await say(page, Array.from({ length: 60 }, (_, i) => `line ${i}`).join("\n"));
    expect(await toTheEnd.count()).toBe(0);
    await box.evaluate((area) => {
      area.scrollTop = 0;
    });
    await toTheEnd.click();
    await expect.poll(left).toBeLessThan(2);
    await expect.poll(() => toTheEnd.count()).toBe(0);
    expect(await focused(page)).toBe("Dialogue");
    await page.keyboard.press("Home");
    // It scrolls smoothly.
    await expect.poll(top).toBe(0);
    await toTheEnd.focus();
    await page.keyboard.press("Enter");
    await expect.poll(left).toBeLessThan(2);
    // The server hears of the question, and gives the turn its name, only when the reader has gone elsewhere.
    let release = () => {};
    const gone = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/v1/chat/completions", async (route) => {
      await gone;
      await route.fallback();
    });
    await begin(page, "Go on, please.");
    await turns(page).nth(1).waitFor();
    // A page that is just being scrolled to the end by itself goes on until the reader has got away.
    await expect
      .poll(async () => {
        await box.evaluate((area) => {
          area.scrollTop = 0;
        });
        return toTheEnd.count();
      })
      .toBe(1);
    release();
    await idle(page);
    expect((await answerOf(page, 1).textContent())!.length).toBeGreaterThan(3);
    expect(await top()).toBe(0);
    await toTheEnd.waitFor();
    expect(said).toEqual([]);
  });

  it("branches are called by their messages, cut where they are long, and by number where they all have the same", async () => {
    const { page, said } = await chat.visit({ maxTokens: 4 });
    const title = page.locator(".branch-title");
    await say(page, "Which tree is it?");
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("2 / 2").waitFor();
    await idle(page);
    expect(await title.textContent()).toBe("answer 2");
    await page.getByRole("button", { name: "Previous branch: answer 1" }).waitFor();
    await page.getByRole("button", { name: "Edit message" }).click();
    const long = "Which of all the trees that stand in the garden behind the house is it?";
    await page.getByRole("textbox", { name: "Edited message" }).fill(long);
    await page.keyboard.press("Enter");
    await page.getByText("3 / 3").waitFor();
    await idle(page);
    expect(await title.textContent()).toBe(`${long.slice(0, 39)}…`);
    await page.getByRole("button", { name: "Previous branch: Which tree is it?" }).click();
    await page.getByText("2 / 3").waitFor();
    expect(await title.textContent()).toBe("Which tree is it?");
    expect(said).toEqual([]);
  });

  it("an answer is drawn once for each frame of the screen, however many tokens come between two", async () => {
    const { page, said } = await chat.visit({ maxTokens: 300 });
    await say(page, "Begin.");
    // No frame comes while it is written, as in a tab that is not shown.
    await page.evaluate(`{
      globalThis.requestAnimationFrame = () => 0;
      globalThis.drawings = 0;
      const dialogue = document.querySelector("[aria-label=Dialogue]");
      new MutationObserver(() => globalThis.drawings++).observe(dialogue, { subtree: true, childList: true, characterData: true });
    }`);
    await say(page, "Go on.");
    expect((await answerOf(page, 1).textContent())!.length).toBeGreaterThan(100);
    // The question, its name, the whole answer, and what stands below it.
    expect(await page.evaluate("globalThis.drawings")).toBeLessThan(20);
    expect(said).toEqual([]);
  });

  it("the focus is where one writes on after an edit was sent or left, and after an answer was stopped by a key", async () => {
    const { page, said } = await chat.visit({ maxTokens: 60_000, endless: true });
    const edit = page.getByRole("button", { name: "Edit message" });
    const editor = page.getByRole("textbox", { name: "Edited message" });
    const stopped = page.getByText("Stopped.");
    await begin(page, "word ".repeat(60));
    await chat.slowly(async () => {
      await grown(page, 0, 20);
      await page.getByRole("button", { name: "Stop" }).focus();
      await page.keyboard.press("Enter");
    });
    await idle(page);
    await stopped.waitFor();
    await expect.poll(() => focused(page)).toBe("Message");
    await edit.click();
    await expect.poll(() => focused(page)).toBe("Edited message");
    await page.keyboard.press("Escape");
    await expect.poll(() => editor.count()).toBe(0);
    await expect.poll(() => focused(page)).toBe("Message");
    await edit.click();
    await editor.fill("And now something shorter.");
    await chat.slowly(async () => {
      await page.keyboard.press("Enter");
      await page.getByText("2 / 2").waitFor();
      await expect.poll(() => focused(page)).toBe("Message");
      await grown(page, 0, 20);
      await page.keyboard.press("Escape");
    });
    await idle(page);
    await stopped.waitFor();
    expect(await focused(page)).toBe("Message");
    expect(said).toEqual([]);
  });

  it("the help sheet is read from its beginning, also where it does not fit", async () => {
    const { page, said } = await chat.visit({ viewport: { width: 390, height: 500 } });
    await page.keyboard.press("Control+/");
    const sheet = page.getByRole("dialog", { name: "Keys" });
    await sheet.getByRole("button", { name: "Close" }).waitFor();
    const [height, shown, top] = await sheet.evaluate((all) => [all.scrollHeight, all.clientHeight, all.scrollTop]);
    expect(height).toBeGreaterThan(shown!);
    expect(top).toBe(0);
    expect(said).toEqual([]);
  });

  it("says of a small model that it is one, and not of a large one", async () => {
    const { page } = await chat.visit();
    const word = page.getByText("A small model: it states wrong things with confidence. Check what matters.");
    await word.waitFor();
    await say(page, "Hello!");
    expect(await word.isVisible()).toBe(true);
    await page.route("**/v1/models", async (route) => {
      const response = await route.fetch();
      const list = (await response.json()) as { data: { parameters: number }[] };
      for (const model of list.data) model.parameters = 7e9;
      await route.fulfill({ response, json: list });
    });
    await page.reload();
    await turns(page).first().waitFor();
    await field(page).fill("It has loaded.");
    await expect.poll(() => word.count()).toBe(0);
  });
});
