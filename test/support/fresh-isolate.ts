/**
 * Files of tests share a process of the runtime, as starting one takes longer than most of them. Nothing else is shared: a file has modules of its own, the
 * bindings as they are configured, and objects without storage.
 *
 * What a test logs is handed on where it fails: every line of every request, sent to another process, would take as long as the request.
 */
import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeAll, vi } from "vitest";

vi.resetModules();

/** Of the whole process. */
const process = globalThis as { usualBindings?: object; usualConsole?: Pick<Console, Method> };
type Method = (typeof methods)[number];
const methods = ["debug", "error", "info", "log", "warn"] as const;
process.usualConsole ??= Object.fromEntries(methods.map((method) => [method, console[method]])) as Pick<
  Console,
  Method
>;
const usual = process.usualConsole;
process.usualBindings ??= { ...env };
const said: [method: Method, parts: unknown[]][] = [];
for (const method of methods) console[method] = (...parts) => void said.push([method, parts]);
afterEach(({ task }) => {
  if (task.result?.state === "fail") for (const [method, parts] of said) usual[method](...parts);
  said.length = 0;
});

// Imported only here: the file under test comes first, and with it the Worker.
beforeAll(async () => {
  await import("./emptied.ts");
});
afterAll(async () => {
  const { emptied } = await import("./emptied.ts");
  vi.useRealTimers();
  const bindings: Record<string, unknown> = env as never;
  for (const name of Object.keys(bindings)) if (!(name in process.usualBindings!)) delete bindings[name];
  Object.assign(bindings, process.usualBindings);
  await emptied();
});
