/** The official OpenAI client for Python against the running server. Skipped, with the reason, where Python or its packages cannot be had. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

const here = join(import.meta.dirname, "python");
const requirements = join(here, "requirements.txt");
const checks = ["chat", "stream", "tools", "structured", "responses", "background", "conversations", "errors"];

/** An environment of its own, made once for these versions; or why there is none. */
function environment(): { python: string } | { reason: string } {
  const digest = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const folder = join(import.meta.dirname, "../../../node_modules/.cache", `openai-python-${digest}`);
  const python = join(folder, "bin/python");
  if (existsSync(join(folder, "complete"))) return { python };
  rmSync(folder, { recursive: true, force: true });
  const steps: [string, string[]][] = [
    ["python3", ["-m", "venv", folder]],
    [python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "-r", requirements]],
    [python, ["-c", `open(${JSON.stringify(join(folder, "complete"))}, "w").close()`]],
  ];
  for (const [command, args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 100_000 });
    if (status !== 0) return { reason: (error?.message ?? stderr).trim().split("\n").at(-1) ?? command };
  }
  return { python };
}

const ready = environment();
if ("reason" in ready) console.warn(`skipped ${checks.length} checks of the Python client: ${ready.reason}`);
const results = new Map<string, { ok: boolean; told?: string }>();
let server: ToyServer | undefined;

beforeAll(async () => {
  if ("reason" in ready) return;
  server = await toyServer();
  const { stdout, stderr } = spawnSync(ready.python, [join(here, "checks.py"), `${server.url}/v1`], {
    encoding: "utf8",
    timeout: 100_000,
  });
  for (const line of stdout.split("\n").filter(Boolean)) {
    const { check, ...result } = JSON.parse(line);
    results.set(check, result);
  }
  if (results.size === 0) console.error(stderr);
});
afterAll(() => server?.stop());

it.skipIf("reason" in ready).each(checks)("%s", (check) => {
  expect(results.get(check)).toEqual({ ok: true });
});
