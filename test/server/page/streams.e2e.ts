/**
 * Streams on the page: a live chart, fed from elsewhere and from here, by keys alone, in both themes and on a phone.
 */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { Rivulet } from "../../../src/client/index.ts";
import { axeFindings } from "../../support/axe.ts";
import { ANSWER_MS, describePage, field, say } from "../../support/chat-page.ts";

const wave = (i: number): number => 20 + 3 * Math.sin((i / 12) * 2 * Math.PI) + ((i * 7919) % 13) / 20;
const waves = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => wave(from + i));
const plot = (page: Page) => page.getByRole("slider", { name: /^Values, what was expected/ });
const values = (page: Page) => page.locator(".facts b").first();
const fed = (page: Page, n: number) =>
  expect.poll(() => values(page).textContent(), { timeout: ANSWER_MS }).toBe(`${n}`);
/** How many dots of the canvas have about the colour of this name, as an anomaly's mark or a line has it. */
const painted = (page: Page, name: string): Promise<number> =>
  page.evaluate(`(() => {
    const drawn = document.querySelector(".plot canvas");
    if (!drawn) return 0;
    const probe = document.querySelector(".plot").appendChild(document.createElement("i"));
    probe.className = "probe ${name}";
    const sample = document.createElement("canvas").getContext("2d");
    sample.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    sample.fillRect(0, 0, 1, 1);
    const [r, g, b] = sample.getImageData(0, 0, 1, 1).data;
    const { data } = drawn.getContext("2d").getImageData(0, 0, drawn.width, drawn.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const far = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b);
      if (data[i + 3] > 200 && far < 24) count++;
    }
    return count;
  })()`);

describePage("streams of the page", "tiny", (chat) => {
  it("draws what another client feeds as it comes, marks anomalies, says it in words, and finds it again", async () => {
    const { streams } = new Rivulet({ url: chat.url });
    const { id } = await streams.create({ name: "pump 7", horizon: 12 });
    await streams.feed(id, waves(0, 120));
    const { page, said } = await chat.visit();
    await page.getByRole("button", { name: "Streams", exact: true }).click();
    await page.getByRole("button", { name: /^pump 7/ }).click();
    await page.getByRole("heading", { level: 1, name: "pump 7" }).waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await fed(page, 120);
    await expect.poll(() => painted(page, "water"), { timeout: ANSWER_MS }).toBeGreaterThan(200);
    await expect.poll(() => painted(page, "sun"), { timeout: ANSWER_MS }).toBeGreaterThan(10);
    const before = await painted(page, "danger");

    await streams.feed(id, [...waves(120, 130), 90, ...waves(131, 134)]);
    await fed(page, 134);
    await page.getByRole("region", { name: "What stood out" }).getByRole("rowheader", { name: "130" }).waitFor();
    expect(await painted(page, "danger")).toBeGreaterThan(before + 20);

    // The pointer stands over the plot, and keys move all the same.
    await plot(page).hover({ position: { x: 300, y: 100 } });
    await expect.poll(() => page.locator(".readout").textContent()).toMatch(/^position \d\d: /);
    // By keys alone: to the end of the forecast, back to the fault, and away.
    await expect.poll(() => plot(page).getAttribute("aria-valuemax"), { timeout: ANSWER_MS }).toBe("145");
    await plot(page).focus();
    await page.keyboard.press("End");
    expect(await plot(page).getAttribute("aria-valuetext")).toMatch(/^position 145: expected /);
    for (let i = 0; i < 15; i++) await page.keyboard.press("ArrowLeft");
    expect(await page.locator(".readout").textContent()).toMatch(/^position 130: 90, expected .+; an anomaly$/);
    expect(await axeFindings(page)).toEqual([]);

    await page.reload();
    await page.getByRole("heading", { level: 1, name: "pump 7" }).waitFor();
    await fed(page, 134);
    await page.goBack();
    await page.getByRole("button", { name: "Begin a stream" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    // Reading the canvas again and again is the test's, not the page's.
    expect(said.filter((line) => !line.startsWith("Canvas2D: Multiple readback"))).toEqual([]);
  });

  it("begins one, feeds it, takes back, asks what if, exports and imports, and deletes; what is refused stays to be mended", async () => {
    const { page, said } = await chat.visit();
    await say(page, "Hello!");
    await page.keyboard.press("Control+Shift+L");
    await page.getByLabel("Name", { exact: true }).fill("line 2");
    await page.getByLabel("Time between values").fill("1h");
    await page.getByRole("button", { name: "Begin a stream" }).click();
    await page.getByText("No values yet.").waitFor();
    const given = page.getByRole("textbox", { name: "Values", exact: true });
    await given.fill("1 2 three");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("expected numbers or gap, got three").waitFor();
    expect(await given.inputValue()).toBe("1 2 three");
    await given.fill("1 2 gap 4");
    await page.keyboard.press("Enter");
    await fed(page, 4);
    await expect.poll(() => given.inputValue()).toBe("");
    const csv = [
      "time;load",
      ...waves(0, 48).map((value, i) => `${new Date(3.6e6 * (i + 4e5)).toISOString().slice(0, 16)};${value}`),
    ];
    await page
      .getByLabel("CSV file")
      .setInputFiles({ name: "load.csv", mimeType: "text/csv", buffer: Buffer.from(csv.join("\n")) });
    await fed(page, 52);
    await page.getByRole("button", { name: "Take back" }).click();
    await fed(page, 51);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export" }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("line-2.rivulet");
    await page.getByRole("button", { name: "What if" }).click();
    await page.getByRole("heading", { level: 1, name: "What if: line 2" }).waitFor();
    await given.fill("500");
    await page.keyboard.press("Enter");
    await fed(page, 52);
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "line 2", exact: true }).waitFor();
    await fed(page, 51);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Keep" }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Begin a stream" }).waitFor();
    await expect.poll(() => page.getByRole("button", { name: /^line 2/ }).count()).toBe(0);
    await page.locator(".begin input[type=file]").setInputFiles((await file.path())!);
    await fed(page, 51);
    // A conversation is still where it was.
    await page.getByRole("navigation").getByText("Hello!").click();
    await field(page).waitFor();
    expect(said).toEqual([]);
  });

  it("comes back by itself when the server was killed, on a phone and in the dark", async () => {
    const { streams } = new Rivulet({ url: chat.url });
    const { id } = await streams.create({ name: "through a kill", horizon: 4 });
    await streams.feed(id, waves(0, 60));
    const phone = {
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
      colorScheme: "dark",
    } as const;
    const { page } = await chat.visit(phone);
    await page.goto(`${chat.url}/#/streams/${id}`);
    await page.reload();
    await page.getByText("live", { exact: true }).waitFor();
    await expect.poll(() => painted(page, "water"), { timeout: ANSWER_MS }).toBeGreaterThan(100);
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    await chat.killServer();
    await page.getByText("connecting").waitFor({ timeout: ANSWER_MS });
    await chat.restartServer();
    await page.getByText("live", { exact: true }).waitFor({ timeout: ANSWER_MS });
    await streams.feed(id, waves(60, 63));
    await fed(page, 63);
    await page.evaluate("document.documentElement.dataset.theme = 'light'");
  });

  it("shows a made-up press at work, and stops feeding it when something else is shown", async () => {
    const { page, said } = await chat.visit();
    await page.goto(`${chat.url}/#/streams`);
    await page.reload();
    await page.getByRole("button", { name: /^Watch a made-up press/ }).click();
    await page.getByText("fed by this page, one value a second").waitFor();
    await expect
      .poll(async () => Number(await values(page).textContent()), { timeout: ANSWER_MS })
      .toBeGreaterThan(241);
    await page.getByRole("button", { name: "New conversation" }).click();
    await field(page).waitFor();
    expect(said).toEqual([]);
  });
});
