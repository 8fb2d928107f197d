/** A person's path through the page with a document, and what documents of all kinds, also hostile ones, become. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import {
  ANSWER_MS,
  answerOf,
  begin,
  describePage,
  documentInput,
  field,
  idle,
  say,
  turns,
} from "../../support/chat-page.ts";
import { pdfOf } from "../../support/pdf.ts";

const named = (name: string, buffer: Buffer, mimeType = "") => ({ name, mimeType, buffer });
const attachText = (page: Page, name: string, text: string) =>
  documentInput(page).setInputFiles(named(name, Buffer.from(text), "text/plain"));
const chip = (page: Page) => page.locator(".foot .chip");
const listOf = (page: Page) => page.getByRole("navigation", { name: "Conversations" });
const rowOf = (page: Page, title: string) => listOf(page).locator("li.row").filter({ hasText: title });
async function choose(page: Page, title: string, action: string): Promise<void> {
  await rowOf(page, title).first().locator("summary").click();
  await listOf(page).getByRole("button", { name: action, exact: true }).click();
}

/** 25 KB, with something to find. */
const manual = Array.from({ length: 400 }, (_, i) => `Step ${i}: turn the blue valve by ${i % 7} degrees, then wait.`)
  .join("\n")
  .padEnd(25_000, ".");

describePage("a person with a document", "tiny-long", (chat) => {
  it("reads it once, asks, reloads, loses the server, asks on, finds it again, takes it along and deletes it", async () => {
    const { page, said } = await chat.visit();
    await page.getByRole("button", { name: /^Attach a document and ask about it/ }).waitFor();
    await attachText(page, "manual.txt", manual);
    await chip(page).getByText("manual.txt").waitFor();
    const costs = turns(page).locator(".cost");
    for (const [i, question] of ["What is turned?", "By how much?", "And then?"].entries()) {
      await begin(page, question);
      await turns(page).nth(i).waitFor();
      await idle(page);
      const [, computed, reused] = /^([\d,]+) computed, ([\d,]+) reused/.exec((await costs.nth(i).textContent())!)!;
      expect(Number(computed!.replace(",", ""))).toBeLessThan(200);
      expect(Number(reused!.replace(",", ""))).toBeGreaterThan(25_000);
    }
    await page
      .locator(".chip.before")
      .getByText(/was read once: 25,\d{3} tokens/)
      .waitFor();
    const sentence = page.getByRole("complementary").locator(".sentence");
    expect(await sentence.textContent()).toMatch(
      /^Turn 3 computed .+; without the state it would have been about .+s\.$/,
    );

    await field(page).fill("half a thought");
    // The list of documents does not come before the server is lost.
    await page.route("**/v1/prefixes*", (route) => route.abort());
    await page.reload();
    await expect.poll(() => turns(page).count()).toBe(3);
    expect(await field(page).inputValue()).toBe("half a thought");
    await page.unroute("**/v1/prefixes*");

    await chat.killServer();
    await begin(page, "Is it still there?");
    await page.locator(".going.lost").waitFor({ timeout: ANSWER_MS });
    await chat.restartServer();
    await turns(page).nth(3).locator(".cost").waitFor({ timeout: ANSWER_MS });
    expect(await costs.nth(3).textContent()).toMatch(/2[5-9],\d{3} reused/);

    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("searchbox").fill("manual");
    await expect.poll(() => listOf(page).locator("li.row").count()).toBe(1);
    await page.getByRole("searchbox").fill("no such words anywhere");
    await page.getByText("Nothing found.").waitFor();
    await page.getByRole("searchbox").fill("");
    await rowOf(page, "manual.txt").locator(".pick").click();
    await expect.poll(() => turns(page).count()).toBe(4);
    for (const [action, ending] of [
      ["Export", /\.rivulet$/],
      ["Save as Markdown", /\.md$/],
      ["Save as JSON", /\.json$/],
    ] as const) {
      const [file] = await Promise.all([page.waitForEvent("download"), choose(page, "manual.txt", action)]);
      expect(file.suggestedFilename()).toMatch(ending);
      const bytes = readFileSync((await file.path())!);
      if (action === "Save as Markdown")
        expect(bytes.toString()).toMatch(/^# manual\.txt: [\s\S]+## You\n\nBy how much\?/);
      if (action === "Save as JSON") expect(JSON.parse(bytes.toString()).turns).toHaveLength(5);
    }
    await choose(page, "manual.txt", "Delete");
    await listOf(page).getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("heading", { name: "A conversation that remembers" }).waitFor();
    await expect.poll(() => listOf(page).locator("li.row").count()).toBe(0);

    // The document itself stays, and costs nothing to ask about again.
    await page
      .getByRole("region", { name: "Documents" })
      .getByRole("button", { name: /^manual\.txt/ })
      .click();
    await say(page, "Once more?");
    expect(await costs.first().textContent()).toMatch(/2[5-9],\d{3} reused/);
    expect(said.filter((line) => !/net::ERR|Failed to fetch|Failed to load resource/.test(line))).toEqual([]);
  }, 400_000);
});

describePage("documents of the chat page", "tiny", (chat) => {
  it("a message and its attachment that never reached the server come back, also after a reload", async () => {
    const { page } = await chat.visit();
    await page.route("**/v1/conversations", (route) =>
      route.request().method() === "POST" ? route.abort() : route.continue(),
    );
    await attachText(page, "notes.md", "# Notes\n\nThe lamp is green.");
    await field(page).fill("Which colour?");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("The server does not answer.").waitFor();
    await expect.poll(() => field(page).inputValue()).toBe("Which colour?");
    await page.reload();
    await expect.poll(() => field(page).inputValue()).toBe("Which colour?");
    await chip(page).getByText("notes.md").waitFor();
  });

  it("a long paste is an attachment, and can be put into the message; in a conversation it goes with the message", async () => {
    const { page, said } = await chat.visit({ maxTokens: 4 });
    const paste = (text: string) =>
      field(page).evaluate((element, text) => {
        const { DataTransfer, ClipboardEvent } = element.ownerDocument.defaultView! as never as {
          DataTransfer: new () => { setData(type: string, text: string): void };
          ClipboardEvent: new (type: string, init: object) => never;
        };
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
      }, text);
    const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`).join("\n");
    await say(page, "Hello!");
    await paste(lines);
    await chip(page).getByText("Pasted text, 40 lines").waitFor();
    await chip(page).getByRole("button", { name: "put it into the message" }).click();
    expect(await field(page).inputValue()).toBe(lines);
    await field(page).fill("");
    await paste(lines);
    await say(page, "How many?");
    await turns(page).nth(1).locator("summary").click();
    expect(await turns(page).nth(1).locator(".with-document pre").textContent()).toBe(lines);
    expect(await turns(page).nth(1).locator(".with-document > p").textContent()).toBe("How many?");
    expect(said).toEqual([]);
  });

  /** What the page would send of a file. */
  const textOf = async (page: Page, file: { name: string; mimeType: string; buffer: Buffer }): Promise<string> => {
    const request = page.waitForRequest((asked) => asked.url().includes("/v1/prefixes") && asked.method() === "POST");
    await documentInput(page).setInputFiles(file);
    const { text } = (await request).postDataJSON() as { text: string };
    await chip(page).getByRole("button", { name: "Leave it out" }).click();
    return text.slice(text.indexOf(":\n\n") + 3);
  };

  it("text, CSV, HTML and PDF are read; hostile ones run nothing, load nothing and break no policy", async () => {
    const { page, said } = await chat.visit();
    expect(await textOf(page, named("a.csv", Buffer.from("﻿a;b\r\n1;2\r\n")))).toBe("a;b\n1;2");
    expect(await textOf(page, named("b.txt", Buffer.from([0x47, 0x72, 0xfc, 0xdf, 0x65])))).toBe("Grüße");
    const html = `<!doctype html><title>x</title><style>p{color:red}</style><script>document.title="owned"</script>
      <h1>A report</h1><p style="color:red" onclick="alert(1)">Some <b>text</b>.<img src="https://elsewhere.example/x.png" onerror="document.title='owned'"></p>
      <iframe src="https://elsewhere.example"></iframe><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>`;
    const read = await textOf(page, named("c.html", Buffer.from(html), "text/html"));
    expect(read).toMatch(/^# A report\n\nSome \*\*text\*\*\.[\s\S]*\| a \| b \|\n+\| 1 \| 2 \|$/);
    expect(await textOf(page, named("d.pdf", pdfOf(["Page one (1).", "Page two."], true), "application/pdf"))).toBe(
      "Page one (1).\n\nPage two.",
    );
    expect(await page.title()).toBe("Rivulet");
    expect(said).toEqual([]);
  });

  it.each([
    ["empty.txt", Buffer.from(" \n"), "it holds no text"],
    ["picture.png", Buffer.from([0x89, 0x50, 0, 0, 1, 2]), "it is no text, HTML or PDF"],
    ["broken.pdf", Buffer.from("%PDF-1.7\nnothing of the kind"), "it is damaged, or no PDF"],
    ["scan.pdf", pdfOf([""]), "it holds no text, only pictures of it"],
  ])("says of %s what is wrong", async (name, bytes, message) => {
    const { page } = await chat.visit();
    await documentInput(page).setInputFiles(named(name, bytes));
    await page.getByRole("alert").getByText(`${name}: ${message}`).waitFor();
    expect(await chip(page).count()).toBe(0);
  });

  it("a document that is dropped is attached", async () => {
    const { page } = await chat.visit();
    await page.locator(".app").evaluate((app) => {
      const { DataTransfer, DragEvent, File } = app.ownerDocument.defaultView! as never as {
        DataTransfer: new () => { items: { add(file: object): void } };
        DragEvent: new (type: string, init: object) => never;
        File: new (parts: string[], name: string) => object;
      };
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["Dropped text."], "dropped.txt"));
      app.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    });
    await chip(page).getByText("dropped.txt").waitFor();
    expect(await answerOf(page, 0).count()).toBe(0);
  });
});
