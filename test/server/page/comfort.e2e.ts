/** The page's smaller parts: code and maths, settings, Back, tabs, keys, themes. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { axeFindings } from "../../support/axe.ts";
import { answerOf, begin, describePage, field, idle, say, turns } from "../../support/chat-page.ts";

/** Shows the last turn as if the model had written this. */
async function writes(page: Page, reply: string): Promise<void> {
  await page.route("**/turns?**", async (route) => {
    const response = await route.fetch();
    const list = (await response.json()) as { data: { reply: unknown }[] };
    list.data.at(-1)!.reply = reply;
    await route.fulfill({ response, json: list });
  });
  await page.reload();
}

describePage("the page's smaller parts", "tiny", (chat) => {
  it("colours code and sets maths; hostile TeX reaches nothing and breaks no policy", async () => {
    const { page, said } = await chat.visit({ maxTokens: 4 });
    await say(page, "Hello!");
    const tex = [
      "Inline \\(a^2 + b^2\\) and $$\\frac{1}{2}$$, but $5 and $6 are money, and `\\(code\\)` is code.",
      "\\[ \\sum_{i=1}^n i \\]",
      "$$\\href{javascript:alert(1)}{x} \\includegraphics{https://elsewhere.example/x.png} \\style{color:red}{y} \\prescript{a}{b}{c}$$",
      "$$\\def\\a{\\a\\a}\\a$$",
      "```js\nconst answer = 42; // <img src=x onerror=alert(1)>\n```",
      "| left | right |\n|:--|--:|\n| Donaudampfschifffahrtsgesellschaft | 12 |",
    ].join("\n\n");
    await writes(page, tex);
    const prose = answerOf(page, 0);
    await prose.locator("math").first().waitFor();
    expect(await prose.locator("math mfrac").count()).toBeGreaterThan(0);
    expect(await prose.textContent()).toContain("$5 and $6 are money");
    expect(await prose.locator(":not(pre) > code").first().textContent()).toBe("\\(code\\)");
    await prose.locator(".hljs-keyword").first().waitFor();
    expect(await prose.locator("pre").textContent()).toContain("<img src=x onerror=alert(1)>");
    expect(await prose.locator("a, img, script, annotation-xml, foreignObject").count()).toBe(0);
    expect(await prose.locator("td.right").textContent()).toBe("12");
    expect(said).toEqual([]);
  });

  it("settings go with the conversation: system prompt, temperature, longest answer", async () => {
    const { page } = await chat.visit();
    const bodies: Record<string, unknown>[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/v1/chat/completions")) bodies.push(request.postDataJSON());
    });
    await page.keyboard.press("Control+,");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("System prompt").fill("You are a pirate.");
    await dialog.getByLabel("Temperature").fill("0.5");
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Use" }).click();
    await say(page, "Hello, captain!");
    expect(bodies[0]).toMatchObject({
      temperature: 0.5,
      messages: [{ role: "system", content: "You are a pirate." }, {}],
    });
    await page.reload();
    await turns(page).first().waitFor();
    await say(page, "And now?");
    expect(bodies[1]).toMatchObject({ temperature: 0.5, messages: [{ role: "user", content: "And now?" }] });
    await page.getByRole("button", { name: "Settings of the conversation" }).click();
    expect(await dialog.getByLabel("System prompt").inputValue()).toBe("You are a pirate.");
    expect(await dialog.getByLabel("System prompt").isDisabled()).toBe(true);
    await page.keyboard.press("Escape");
    // The next new conversation is not a pirate's.
    await page.keyboard.press("Control+Shift+O");
    await page.keyboard.press("Control+,");
    expect(await dialog.getByLabel("System prompt").inputValue()).toBe("");
  });

  it("Back goes to the conversation before, and drafts stay where they were written", async () => {
    const { page } = await chat.visit({ maxTokens: 4 });
    await say(page, "The first one");
    await page.getByRole("button", { name: "New conversation" }).click();
    await say(page, "The second one");
    await field(page).fill("half a thought");
    await page.goBack();
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "The first one" }).waitFor();
    expect(await field(page).inputValue()).toBe("");
    await page.goForward();
    await page.goForward();
    await page.getByRole("heading", { level: 1, name: "The second one" }).waitFor();
    expect(await field(page).inputValue()).toBe("half a thought");
  });

  it("a first message comes back after a reload, though its conversation has a name and no turn yet", async () => {
    const { page } = await chat.visit({ maxTokens: 4 });
    // Nobody hears of the question.
    await page.route("**/v1/chat/completions", () => {});
    await begin(page, "The one that waits");
    await expect.poll(() => new URL(page.url()).hash).toMatch(/^#conv_/);
    await page.reload();
    await expect.poll(() => field(page).inputValue()).toBe("The one that waits");
    await page.getByRole("button", { name: "New conversation" }).click();
    expect(await field(page).inputValue()).toBe("");
  });

  it("says that a conversation was deleted elsewhere, where an answer was given without what the page had shown", async () => {
    const { page } = await chat.visit({ maxTokens: 4 });
    await say(page, "My name is Ada.");
    const id = new URL(page.url()).hash.slice(1);
    expect((await fetch(`${chat.url}/v1/conversations/${id}`, { method: "DELETE" })).ok).toBe(true);
    await begin(page, "What is my name?");
    await page.getByRole("alert").getByText("deleted elsewhere").waitFor();
    await expect.poll(() => turns(page).count()).toBe(1);
    await say(page, "And again?");
    expect(await page.getByText("deleted elsewhere").count()).toBe(0);
  });

  it("an address that cannot be read is that of a new conversation", async () => {
    const { page, said } = await chat.visit({ maxTokens: 4 });
    await say(page, "Still listed");
    await page.goto(`${chat.url}/#%E0%A4%A`);
    await page.reload();
    await page.getByRole("navigation").getByText("Still listed").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(said).toEqual([]);
  });

  it("another tab sees a new turn, and the list has the last used first", async () => {
    const { page } = await chat.visit({ maxTokens: 4 });
    for (const text of ["Older talk", "Newer talk"]) {
      await page.getByRole("button", { name: "New conversation" }).click();
      await say(page, text);
    }
    const second = await page.context().newPage();
    await second.goto(page.url());
    await turns(second).first().waitFor();
    await say(page, "And another thing");
    await expect.poll(() => turns(second).count(), { timeout: 240_000 }).toBe(2);
    const rows = page.getByRole("navigation").locator(".pick");
    await rows.filter({ hasText: "Older talk" }).click();
    await say(page, "Again");
    await expect.poll(() => rows.first().textContent()).toBe("Older talk");
    await expect.poll(() => second.getByRole("navigation").locator(".pick").first().textContent()).toBe("Older talk");
  });

  it("the focus is kept after an answer, and the help sheet and the theme are reached by keys", async () => {
    const { page, said } = await chat.visit({ maxTokens: 4 });
    const focused = () => page.evaluate("document.activeElement?.getAttribute('aria-label')");
    await field(page).fill("Tell me much.");
    await page.keyboard.press("Enter");
    await idle(page);
    await expect.poll(focused).toBe("Message");
    await page.keyboard.press("Control+/");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await expect.poll(focused).toBe("Search conversations");
    const theme = page.getByRole("button", { name: /^Theme/ });
    const colour = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    await theme.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await expect.poll(() => theme.getAttribute("aria-label")).toBe("Theme: dark");
    expect(await colour()).toBe("rgb(16, 22, 26)");
    await page.reload();
    expect(await colour()).toBe("rgb(16, 22, 26)");
    expect(said).toEqual([]);
  });
});
