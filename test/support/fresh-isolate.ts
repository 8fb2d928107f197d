/**
 * Files of tests share a process of the runtime, as starting one takes longer than most of them. Nothing else is
 * shared, besides the libraries, whose loading would take longer than many files: a file has modules of its own, the
 * bindings as they are configured, and objects without storage.
 *
 * What a test logs is handed on where it fails: every line of every request, sent to another process,
 * would take as long as the request.
 */
import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeAll, vi } from "vitest";

/** One that was imported: what vi.resetModules() takes back of each. */
interface Evaluated {
  promise: unknown;
  exports: unknown;
  evaluated: boolean;
  importers: Set<string>;
}
const runner = globalThis as { __vitest_worker__?: { evaluatedModules: { idToModuleMap: Map<string, Evaluated> } } };
// The runtime for ONNX graphs starts once in its module, so it is each file's own.
const isShared = (path: string): boolean =>
  /\/node_modules\/|^vitest|\/vitest\/|^mock:/.test(path) && !path.includes("/onnxruntime-web/");
const imported = runner.__vitest_worker__?.evaluatedModules.idToModuleMap;
if (!imported) vi.resetModules();
for (const [path, module] of imported ?? []) {
  if (isShared(path)) continue;
  Object.assign(module, { promise: undefined, exports: undefined, evaluated: false });
  module.importers.clear();
}

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
