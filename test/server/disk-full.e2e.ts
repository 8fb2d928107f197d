/** L9: no room on the disk: refused as such, nothing is lost, and it goes on when there is room again. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { servedPack } from "../support/served-pack.ts";
import { post, type Started, start } from "../support/start-server.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-full-"));
const disk = join(work, "disk");
mkdirSync(disk);
/** Only root may mount. */
const isMounted = (() => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
let server: Started;

beforeAll(async () => {
  if (!isMounted) return;
  const pack = await servedPack("tiny", work);
  server = await start(["--port", "0", "--persist-to", join(disk, "persist"), "--pack", pack]);
  expect(server.url, server.output()).not.toBe("");
});
afterAll(async () => {
  server?.supervisor.kill("SIGTERM");
  await server?.ended;
  if (isMounted) execFileSync("umount", ["-l", disk]);
  rmSync(work, { recursive: true, force: true });
});

/** Takes all the room that is left. */
function fill(): void {
  const file = openSync(join(disk, "filler"), "w");
  for (const bytes of [1 << 16, 1 << 12, 1]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(bytes, 1));
    } catch {
      // That much does not fit any more.
    }
  }
  closeSync(file);
}

it.skipIf(!isMounted)(
  "L9: a full disk is 507 storage_full, for what is kept and for what is not, until there is room again",
  async () => {
    const say = async (content: string, conversation?: string) => {
      const response = await post(server.url, { conversation, messages: [{ role: "user", content }] });
      const body = (await response.json()) as { error?: { code: string }; timings?: { state: string } };
      return [response.status, body.error?.code ?? body.timings?.state];
    };
    expect(await say("one", "ada")).toEqual([200, "new"]);
    fill();
    // Whoever would make room by a deletion is told why it does not go, and nothing is half deleted.
    for (const path of ["conversations/ada", "prompt-cache"]) {
      const deleted = await fetch(`${server.url}/v1/${path}`, { method: "DELETE" });
      expect([deleted.status, await deleted.json()], path).toMatchObject([507, { error: { code: "storage_full" } }]);
    }
    const isReady = async () => {
      const response = await fetch(`${server.url}/readyz`);
      const body = (await response.json()) as { status?: string; error?: { code: string } };
      return [response.status, body.error?.code ?? body.status];
    };
    const text = "word ".repeat(200);
    const seen = [];
    for (let n = 0; n < 6; n++)
      seen.push(await say(text, "ada"), await say(text, `new-${n}`), await say("hi"), await isReady());
    // What needs no new page of a file may still be answered; everything else is refused by its name.
    const refused = seen.filter(([status]) => status !== 200);
    expect(refused.length).toBeGreaterThan(5);
    expect(refused).toEqual(refused.map(() => [507, "storage_full"]));
    rmSync(join(disk, "filler"));
    await expect.poll(async () => (await say("two", "ada"))[0], { timeout: 240_000 }).toBe(200);
    expect(await say("three", "ada")).toEqual([200, "resumed"]);
    expect(await say("one", "later")).toEqual([200, "new"]);
    await expect.poll(isReady, { timeout: 240_000 }).toEqual([200, "ready"]);
  },
);
