import { expect, it } from "vitest";
import { answerOf, begin, describePage, grown, idle, say } from "../../support/chat-page.ts";

const LONG = "Tell me a long story about a river, in ten paragraphs.";
/** What a lost server makes the browser say. */
const AWAY = /net::ERR_|Failed to load resource/;

describePage("the chat page and its connection", "default", (chat) => {
  it("an answer goes on after the server was killed and started again, and no word is lost", async () => {
    const { page, said } = await chat.visit({ maxTokens: 160, endless: true });
    await begin(page, LONG);
    let before = "";
    await chat.slowly(async () => {
      before = await grown(page, 0, 80);
      await chat.killServer();
    });
    await page.locator(".lost").waitFor();
    await chat.restartServer();
    await idle(page);
    const after = (await answerOf(page, 0).textContent())!;
    expect(after.startsWith(before.trimEnd()), `${before}\n---\n${after}`).toBe(true);
    expect(after.length).toBeGreaterThan(before.length + 40);
    // What the server has is what was shown.
    await page.reload();
    await expect.poll(async () => (await answerOf(page, 0).textContent()) ?? "").toBe(after);
    expect(said.filter((text) => !AWAY.test(text))).toEqual([]);
  });

  it("an answer goes on after the network was away, and after the page was closed", async () => {
    const { page } = await chat.visit({ maxTokens: 120, endless: true });
    await begin(page, LONG);
    let before = "";
    await chat.slowly(async () => {
      before = await grown(page, 0, 60);
      await page.context().setOffline(true);
      await page.locator(".lost").waitFor();
    });
    await page.context().setOffline(false);
    await grown(page, 0, before.length + 20);
    await page.reload();
    await grown(page, 0, before.length + 20);
    await idle(page);
    expect((await answerOf(page, 0).textContent())!.startsWith(before.trimEnd())).toBe(true);
  });

  it("stops an answer and keeps what was said", async () => {
    const { page, said } = await chat.visit({ maxTokens: 400, endless: true });
    await begin(page, LONG);
    let before = "";
    await chat.slowly(async () => {
      before = await grown(page, 0, 40);
      await page.getByRole("button", { name: "Stop" }).click();
    });
    await idle(page);
    await page.getByText("Stopped.").waitFor();
    expect(await page.evaluate("document.activeElement?.getAttribute('aria-label')")).toBe("Message");
    expect((await answerOf(page, 0).textContent())!.startsWith(before.trimEnd())).toBe(true);
    await page.unrouteAll();
    await page.route("**/v1/chat/completions", (route) =>
      route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), max_tokens: 8 }) }),
    );
    await say(page, "Thank you.");
    expect(said).toEqual([]);
  });
});
