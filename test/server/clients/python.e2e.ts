/**
 * Clients for Python against the running server, each as its users write it. They are set up once in an environment of
 * their own; skipped, with the reason, where Python or its packages cannot be had.
 */
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

const here = join(import.meta.dirname, "python");
const requirements = join(here, "requirements.txt");
const common = ["chat", "stream", "tools", "structured", "conversation", "errors"];
const clients = {
  openai: [
    "chat",
    "stream",
    "tools",
    "structured",
    "responses",
    "background",
    "conversations",
    "instructions",
    "errors",
  ],
  agents: [...common, "previous_response", "session"],
  anthropic: [...common, "models", "counting"],
  pydantic_ai: [...common, "previous_response"],
  litellm: [...common, "responses"],
  instructor: [...common, "messages"],
  openresponses: [...common, "websocket", "compaction"],
};

/** Made once for these versions, beside node_modules, which a clean installation empties; or why there is none. */
function environment(): { python: string } | { reason: string } {
  const digest = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const folder = join(import.meta.dirname, "../../../.venv", `clients-${digest}`);
  const python = join(folder, "bin/python");
  if (existsSync(join(folder, "complete"))) return { python };
  rmSync(folder, { recursive: true, force: true });
  const install = [
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--retries",
    "1",
    "--no-deps",
    "--no-compile",
    "-r",
    requirements,
  ];
  const steps: [string, string[]][] = [
    ["python3", ["-m", "venv", folder]],
    [python, ["-m", "pip", ...install]],
    [python, ["-c", `open(${JSON.stringify(join(folder, "complete"))}, "w").close()`]],
  ];
  for (const [command, args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 400_000 });
    if (status !== 0) return { reason: (error?.message ?? stderr).trim().split("\n").at(-1) ?? command };
  }
  return { python };
}

const ready = environment();
const count = Object.values(clients).flat().length;
if ("reason" in ready) console.warn(`skipped ${count} checks of clients for Python: ${ready.reason}`);
let server: ToyServer | undefined;
/** What came of each client's checks. */
const results = new Map<string, Map<string, { ok: boolean; told?: string }>>();

beforeAll(async () => {
  if ("reason" in ready) return;
  server = await toyServer({}, undefined, "tiny-long");
  // Compiled once, also where the environment would have every run compile all of it again.
  const compiled = { PYTHONDONTWRITEBYTECODE: "" };
  // Neither looks for prices nor sends traces anywhere.
  const quiet = { LITELLM_LOCAL_MODEL_COST_MAP: "True", OPENAI_AGENTS_DISABLE_TRACING: "1" };
  const options = { env: { ...process.env, ...compiled, ...quiet }, timeout: 2_000_000 };
  // Not synchronously: the server's log lines come through this process, and the server
  // would stand still with a full pipe.
  const args = [join(here, "every_client.py"), server.url, ...Object.keys(clients)];
  const { stdout, stderr } = await promisify(execFile)(ready.python, args, options).catch(
    (thrown: { stdout?: string; stderr?: string }) => thrown,
  );
  let of = new Map<string, { ok: boolean; told?: string }>();
  for (const line of (stdout ?? "").split("\n").filter((each) => each.startsWith("{"))) {
    const { client, check, ...result } = JSON.parse(line);
    if (client === undefined) of.set(check, result);
    else {
      of = new Map();
      results.set(client, of);
    }
  }
  if (Object.entries(clients).some(([client, checks]) => (results.get(client)?.size ?? 0) < checks.length))
    console.error(stderr);
}, 2_100_000);
afterAll(() => server?.stop());

describe.skipIf("reason" in ready).each(Object.entries(clients))("%s", (client, checks) => {
  it.each(checks)("%s", (check) => {
    expect(results.get(client)?.get(check)).toEqual({ ok: true });
  });
});
