/**
 * Where the files of tests stand: in memory where the system offers that and has room. They are gone when the run is,
 * and the databases of tests would wait for a disk thousands of times. Whoever sets TMPDIR has them there.
 */
import { mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Linux keeps this folder in memory; in a container it often has 64 MB only. */
const MEMORY = "/dev/shm";
/** Far more than all files of a run take together, at any time. */
const ROOM_BYTES = 4 * 2 ** 30;

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * A folder for this process and those that it starts. It goes when this process ends, or, where that was
 * killed, at the start of the next.
 */
export function temporaryFolder(): string {
  if (process.env.TMPDIR || !hasRoom()) return tmpdir();
  for (const name of readdirSync(MEMORY)) {
    const [, pid] = /^rivulet-tests-(\d+)$/.exec(name) ?? [];
    if (pid && !isAlive(Number(pid))) rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
  const folder = join(MEMORY, `rivulet-tests-${process.pid}`);
  mkdirSync(folder, { mode: 0o700, recursive: true });
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
