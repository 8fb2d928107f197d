/** PayloadWriter: the payload as one stream of aligned tensors, cut into shards that are hashed as they are written. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { padTo } from "../../core/sizes.ts";
import { type Manifest, SHARD_MAX_BYTES, TENSOR_ALIGN, type TensorEntry } from "../../weights/manifest.ts";
import { shardFile } from "./pack-folder.ts";

type Shard = { handle: FileHandle; hash: Hash; file: string; bytes: number };

export class PayloadWriter {
  readonly tensors: TensorEntry[] = [];
  readonly shards: Manifest["shards"] = [];
  readonly #folder: string;
  readonly #shardBytes: number;
  #shard: Shard | undefined;
  #at = 0;

  constructor(folder: string, shardBytes = SHARD_MAX_BYTES) {
    this.#folder = folder;
    this.#shardBytes = shardBytes;
  }

  /** Begins a tensor; exactly `bytes` must be appended before the next one. */
  async begin(tensor: Omit<TensorEntry, "shard" | "offset">): Promise<void> {
    await this.append(new Uint8Array(padTo(this.#at, TENSOR_ALIGN) - this.#at));
    this.tensors.push({ ...tensor, shard: this.shards.length, offset: this.#shard?.bytes ?? 0 });
  }

  /** Ends the shard, so that the next tensor begins one. */
  async cut(): Promise<void> {
    await this.append(new Uint8Array(padTo(this.#at, TENSOR_ALIGN) - this.#at));
    await this.finish();
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      this.#shard ??= await this.#open();
      const part = bytes.subarray(done, done + this.#shardBytes - this.#shard.bytes);
      this.#shard.hash.update(part);
      await this.#shard.handle.writeFile(part);
      this.#shard.bytes += part.length;
      this.#at += part.length;
      done += part.length;
      if (this.#shard.bytes === this.#shardBytes) await this.#close();
    }
  }

  async finish(): Promise<void> {
    if (this.#shard) await this.#close();
  }

  /** Closes the open file; what it holds is of no use. */
  async abandon(): Promise<void> {
    await this.#shard?.handle.close();
    this.#shard = undefined;
  }

  async #open(): Promise<Shard> {
    const file = shardFile(this.shards.length);
    return { handle: await open(join(this.#folder, file), "wx"), hash: createHash("sha256"), file, bytes: 0 };
  }

  async #close(): Promise<void> {
    const { handle, hash, file, bytes } = this.#shard!;
    this.shards.push({ file, bytes, sha256: hash.digest("hex") });
    await handle.sync();
    await this.abandon();
  }
}
