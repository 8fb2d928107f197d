/**
 * newObjects: which objects of a namespace a test has made. The plugin's list has those of every file that ran
 * in this process, gone ones too.
 */
import { listDurableObjectIds } from "cloudflare:test";

/** Called now; what it gives tells, whenever it is asked, the ids that were not there now. */
export async function newObjects<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
): Promise<() => Promise<DurableObjectId[]>> {
  const listed = () => listDurableObjectIds(namespace as never);
  const before = new Set((await listed()).map(String));
  return async () => (await listed()).filter((id) => !before.has(String(id)));
}
