/**
 * What a test leaves in the storage of objects goes with it.
 *
 * `reset` of the plugin overlooks objects that were aborted and not used since, so those that were asked for are
 * visited. Which those are is noted as they are asked for: the plugin's list has every object that there ever was in
 * this process, and visiting all of them after each test would take longer than the tests.
 */
import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";

type Method = (this: object, what: never, options?: never) => { id: object };
type Methods = Record<"get" | "getByName", Method>;

/**
 * Ids of objects by their binding, of the whole process: files have modules of their own. Not stubs,
 * which belong to whoever asked.
 */
const process = globalThis as { objectsAskedFor?: Map<object, Set<string>> };

function note(): Map<object, Set<string>> {
  const asked = new Map<object, Set<string>>();
  const methods = Object.getPrototypeOf(env.CONVERSATION) as Methods;
  for (const name of ["get", "getByName"] as const) {
    const usual = methods[name];
    methods[name] = function (...args) {
      const stub = usual.apply(this, args);
      if (!asked.has(this)) asked.set(this, new Set());
      asked.get(this)!.add(String(stub.id));
      return stub;
    };
  }
  return asked;
}
process.objectsAskedFor ??= note();
const asked = process.objectsAskedFor;

export async function emptied(): Promise<void> {
  const all = [...asked].map(([namespace, ids]) => [namespace as DurableObjectNamespace, [...ids]] as const);
  for (const [namespace, ids] of all)
    for (const id of ids) {
      const stub = namespace.get(namespace.idFromString(id));
      await runInDurableObject(stub, (_, { storage }) => storage.deleteAll());
    }
  await reset();
  asked.clear();
}
