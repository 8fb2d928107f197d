import { expect, it } from "vitest";
import { checkDiskRoom } from "../../src/hub/disk-room.ts";

it("refuses what does not fit, with both numbers", async () => {
  const free = async () => 1000;
  await checkDiskRoom("/tmp/pack", 1000, "download and pack", free);
  await expect(checkDiskRoom("/tmp/pack", 1001, "download and pack", free)).rejects.toMatchObject({
    code: "storage_full",
    message: "/tmp/pack: expected 1001 bytes of free disk for download and pack, there are 1000",
  });
});

it("asks the disk of the nearest folder that is there", async () => {
  await checkDiskRoom("/tmp/none/at/all", 1, "a byte");
  await expect(checkDiskRoom("/tmp/none/at/all", Number.MAX_SAFE_INTEGER, "everything")).rejects.toThrow("free disk");
});
