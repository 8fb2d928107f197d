import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { answerOf, begin, describePage, idle, say, turns } from "../../support/chat-page.ts";

describePage("the chat page", "tiny", (chat) => {
  it("talks over three turns, computes only what is new, and comes back after a reload", async () => {
    const { page, said } = await chat.visit();
    for (const text of ["Hello!", "Name one colour.", "And one more?"]) await say(page, text);
    const costs = await turns(page).locator(".cost").allTextContents();
    const amounts = (what: RegExp) => costs.map((cost) => Number(what.exec(cost)![1]!.replace(",", "")));
    const [computed, reused] = [amounts(/([\d,]+) computed/), amounts(/([\d,]+) reused/)];
    expect(reused[0]).toBe(0);
    expect(reused[1]).toBeGreaterThanOrEqual(computed[0]!);
    expect(reused[2]).toBeGreaterThanOrEqual(reused[1]! + computed[1]!);
    const picture = page.getByRole("complementary");
    await expect.poll(() => picture.locator("svg.chart").count()).toBe(3);
    expect(await picture.locator(".sentence").textContent()).toMatch(
      /^Turn 3 computed \d+ tokens and reused \d+\. The state is .+B; a transformer would keep .+B\. The first token took .+; without the state it would have been about .+s\.$/,
    );
    const texts = await turns(page).locator(".prose").allTextContents();
    expect(texts.every((text) => text.length > 5)).toBe(true);
    await page.reload();
    await expect.poll(() => turns(page).locator(".prose").allTextContents()).toEqual(texts);
    expect(await turns(page).locator(".cost").allTextContents()).toEqual(costs);
    expect(said).toEqual([]);
  });

  it("an edited message is a branch; branches can be walked, and each goes on", async () => {
    const { page, said } = await chat.visit();
    for (const text of ["Hello!", "Name one colour."]) await say(page, text);
    const first = await answerOf(page, 1).textContent();
    await page.getByRole("button", { name: "Edit message" }).nth(1).click();
    await page.getByRole("textbox", { name: "Edited message" }).fill("Name one animal.");
    await page.keyboard.press("Enter");
    await page.getByText("2 / 2").waitFor();
    await idle(page);
    // The turn before is reused, not computed again.
    expect(await turns(page).nth(1).locator(".cost").textContent()).toMatch(/[1-9]\d* reused/);
    await say(page, "Another one?");
    expect(await turns(page).count()).toBe(3);
    await page.getByRole("button", { name: "Previous branch" }).click();
    await expect.poll(() => turns(page).count()).toBe(2);
    expect(await answerOf(page, 1).textContent()).toBe(first);
    await say(page, "And a second colour?");
    await page.getByRole("button", { name: "Next branch" }).click();
    await page.getByText("Another one?").waitFor();
    await page.getByRole("button", { name: "Retry" }).last().click();
    await expect.poll(() => page.getByText("2 / 2").count()).toBe(2);
    await idle(page);
    await page.reload();
    await expect.poll(() => page.getByText("2 / 2").count()).toBe(2);
    expect(said).toEqual([]);
  });

  it("a message that is sent while the page still reads the last turn is not lost", async () => {
    const { page, said } = await chat.visit();
    // What arrives is older than what the page shows by then.
    await page.route("**/turns?**", async (route) => {
      const response = await route.fetch();
      await new Promise((resolve) => setTimeout(resolve, 400));
      await route.fulfill({ response });
    });
    for (const text of ["one", "two", "three"]) await say(page, text);
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await turns(page).count()).toBe(3);
    }
    await page.reload();
    await expect.poll(() => turns(page).count()).toBe(3);
    expect(said).toEqual([]);
  });

  it("a message that is written before the page has heard from the server stays", async () => {
    const { page, said } = await chat.visit();
    await page.route("**/v1/conversations?**", async (route) => {
      const response = await route.fetch();
      await new Promise((resolve) => setTimeout(resolve, 700));
      await route.fulfill({ response });
    });
    await page.reload();
    await begin(page, "Hello, quick one!");
    const title = page.getByRole("navigation").getByText("Hello, quick one!");
    await title.waitFor();
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect([await turns(page).count(), await title.count()]).toEqual([1, 1]);
    }
    expect(said).toEqual([]);
  });

  it("the first message can be edited too", async () => {
    const { page, said } = await chat.visit();
    for (const text of ["Hello!", "Name one colour."]) await say(page, text);
    await page.getByRole("button", { name: "Edit message" }).first().click();
    await page.getByRole("textbox", { name: "Edited message" }).fill("Good evening!");
    await page.keyboard.press("Enter");
    await page.getByText("2 / 2").waitFor();
    await idle(page);
    expect(await turns(page).locator(".cost").textContent()).toMatch(/\d+ computed, 0 reused/);
    await page.getByRole("button", { name: "Previous branch" }).click();
    await expect.poll(() => turns(page).count()).toBe(2);
    expect(said).toEqual([]);
  });

  const listOf = (page: Page) => page.getByRole("navigation", { name: "Conversations" });
  const choose = async (page: Page, title: string, action: string) => {
    await listOf(page).locator("li").filter({ hasText: title }).first().locator("summary").click();
    await listOf(page).getByRole("button", { name: action, exact: true }).click();
  };

  it("renames and deletes, for every browser", async () => {
    const { page, said } = await chat.visit();
    await say(page, "Hello from the first!");
    await choose(page, "Hello from the first!", "Rename");
    await page.getByRole("textbox", { name: "Name of the conversation" }).fill("My own name");
    await page.keyboard.press("Enter");
    await listOf(page).getByRole("button", { name: "My own name", exact: true }).waitFor();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("My own name");
    // A branch is not a conversation of its own in the list, and goes with it.
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("2 / 2").waitFor();
    await idle(page);
    const other = await chat.visit();
    const named = listOf(other.page).getByText("My own name", { exact: true });
    await named.click();
    await other.page.getByText("2 / 2").waitFor();
    const before = await listOf(other.page).getByRole("listitem").count();
    await choose(other.page, "My own name", "Delete");
    await listOf(other.page).getByRole("button", { name: "Keep" }).click();
    await choose(other.page, "My own name", "Delete");
    await listOf(other.page).getByRole("button", { name: "Delete", exact: true }).click();
    await other.page.getByRole("heading", { name: "A conversation that remembers" }).waitFor();
    await other.page.reload();
    await expect.poll(() => listOf(other.page).getByRole("listitem").count()).toBe(before - 1);
    expect(await named.count()).toBe(0);
    expect([...said, ...other.said]).toEqual([]);
  });

  it("exports a conversation to a file that it imports, state and all; refuses what is none", async () => {
    const { page, said } = await chat.visit();
    await say(page, "Hello from the exported!");
    const words = await answerOf(page, 0).textContent();
    const rows = listOf(page).getByRole("listitem");
    const before = await rows.count();
    const title = "Hello from the exported!";
    const [file] = await Promise.all([page.waitForEvent("download"), choose(page, title, "Export")]);
    expect(file.suggestedFilename()).toMatch(/\.rivulet$/);
    const input = listOf(page).locator("input[type=file]");
    await input.setInputFiles((await file.path())!);
    await expect.poll(() => rows.count()).toBe(before + 1);
    await expect.poll(() => answerOf(page, 0).textContent()).toBe(words);
    await say(page, "Go on.");
    expect(await turns(page).nth(1).locator(".cost").textContent()).toMatch(/[1-9]\d* reused/);
    // The name was taken, so a new one was given.
    expect(said.filter((line) => !line.includes("409"))).toEqual([]);
    await input.setInputFiles({ name: "x", mimeType: "text/plain", buffer: Buffer.from("not a conversation") });
    await page.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
    await expect.poll(() => page.getByRole("alert").count()).toBe(0);
  });
});
