import { expect, it } from "vitest";
import { answerOf, describePage, idle, say, turns } from "../support/chat-page.ts";

describePage("the chat page", "tiny", (chat) => {
  it("talks over three turns, feeds only what is new, and comes back after a reload", async () => {
    const { page, said } = await chat.visit();
    for (const text of ["Hello!", "Name one colour.", "And one more?"]) await say(page, text);
    const costs = await turns(page).locator(".cost").allTextContents();
    const amounts = (what: RegExp) => costs.map((cost) => Number(what.exec(cost)![1]!.replace(",", "")));
    const [fed, carried] = [amounts(/([\d,]+) fed/), amounts(/([\d,]+) carried/)];
    expect(carried[0]).toBe(0);
    expect(carried[1]).toBeGreaterThanOrEqual(fed[0]!);
    expect(carried[2]).toBeGreaterThanOrEqual(carried[1]! + fed[1]!);
    const picture = page.getByRole("complementary");
    await expect.poll(() => picture.locator("svg.chart").count()).toBe(3);
    expect(await picture.locator(".sentence").textContent()).toMatch(
      /^Turn 3 fed \d+ tokens and carried \d+\. The state is .+B; a transformer would keep .+B\. The first token took /,
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
    // The turn before is carried, not fed again.
    expect(await turns(page).nth(1).locator(".cost").textContent()).toMatch(/[1-9]\d* carried/);
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

  it("the first message can be edited too", async () => {
    const { page, said } = await chat.visit();
    for (const text of ["Hello!", "Name one colour."]) await say(page, text);
    await page.getByRole("button", { name: "Edit message" }).first().click();
    await page.getByRole("textbox", { name: "Edited message" }).fill("Good evening!");
    await page.keyboard.press("Enter");
    await page.getByText("2 / 2").waitFor();
    await idle(page);
    expect(await turns(page).locator(".cost").textContent()).toMatch(/\d+ fed, 0 carried/);
    await page.getByRole("button", { name: "Previous branch" }).click();
    await expect.poll(() => turns(page).count()).toBe(2);
    expect(said).toEqual([]);
  });

  it("renames", async () => {
    const { page, said } = await chat.visit();
    await say(page, "Hello from the first!");
    const list = page.getByRole("navigation", { name: "Conversations" });
    const choose = async (title: string, action: string) => {
      await list.locator("li").filter({ hasText: title }).locator("summary").click();
      await list.getByRole("button", { name: action, exact: true }).click();
    };
    await choose("Hello from the first!", "Rename");
    await page.getByRole("textbox", { name: "Name of the conversation" }).fill("My own name");
    await page.keyboard.press("Enter");
    await list.getByRole("button", { name: "My own name", exact: true }).waitFor();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("My own name");
    expect(said).toEqual([]);
  });
});
