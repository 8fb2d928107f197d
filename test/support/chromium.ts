/** The distribution's Chromium, driven through playwright-core; undefined where none is installed. */
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable"];
const places = process.env.CHROMIUM ? [process.env.CHROMIUM] : usual;
export const chromiumPath: string | undefined = places.find((path) => existsSync(path));

export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return chromium.launch({
    executablePath: chromiumPath!,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
