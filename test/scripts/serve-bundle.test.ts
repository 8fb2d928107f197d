import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it } from "vitest";
import { buildEnvironment } from "../../scripts/serve-bundle.ts";

it("builds with the Node that runs it, where the machine's own is another", () => {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-node-"));
  try {
    writeFileSync(join(folder, "node"), "#!/bin/sh\necho v20\n");
    chmodSync(join(folder, "node"), 0o755);
    const env = buildEnvironment({ ...process.env, PATH: [folder, process.env.PATH].join(delimiter) });
    // As wrangler runs a custom build.
    const { stdout } = spawnSync("node --version", { shell: true, env, encoding: "utf8" });
    expect(stdout.trim()).toBe(process.version);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
