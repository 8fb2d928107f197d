/** Goldens, whole and in stages, among the assets of the Worker under test, which has no files. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { openCheckpoint } from "../../src/convert/open-checkpoint.ts";
import { readGolden } from "./golden.ts";
import { stagedCases } from "./staged-cases.ts";

/** For each case `folder`/<case>-1, -2 and -4, and <case>.json with its tokens. */
export async function stagedPacks(folder: string): Promise<void> {
  for (const name of stagedCases) {
    const source = await openCheckpoint(new URL(`../golden/${name}`, import.meta.url).pathname);
    const options = { dtype: "f32", cache: { policy: "full", sinks: 0, dtype: "f32" } } as const;
    await convert(source, join(folder, `${name}-1`), options);
    for (const stages of [2, 4]) await convert(source, join(folder, `${name}-${stages}`), { ...options, stages });
    await source.close();
    writeFileSync(join(folder, `${name}.json`), JSON.stringify([...readGolden(name).tokens]));
  }
}
