/**
 * Linger: a stream's object stays in memory for the next value, on a machine of one's own.
 *
 * The runtime puts an object away that hears nothing for ten seconds. The next value then opens its database again,
 * which waits for the disk several times, and that costs more than the value itself. So where there is memory to spare,
 * the object stays for a minute after its latest value, as long as its state is among those that stay in the engine's
 * memory. In Cloudflare's network time in memory is paid for, and there it does not.
 */
import { ISOLATE_BYTES, memoryBytes } from "../model/pack.ts";
import { liveSequences } from "./live-sequences.ts";

/** How long an object stays after its latest value. */
const STAYS_MS = 60_000;
/**
 * Often enough that the runtime never finds the object idle, and that one whose state
 * made room for another's goes soon.
 */
const LOOKS_MS = 10_000;

export class Linger {
  readonly #ctx: Pick<DurableObjectState, "waitUntil">;
  readonly #owner: string;
  readonly #isPaid: boolean;
  #lastMs = 0;
  #isLingering = false;

  /** `owner`: the name of the object's state among the live ones. */
  constructor(ctx: Pick<DurableObjectState, "waitUntil">, env: object, owner: string) {
    this.#ctx = ctx;
    this.#owner = owner;
    this.#isPaid = memoryBytes(env) <= ISOLATE_BYTES;
  }

  /** A value was taken, and its state stays in memory. */
  heard(): void {
    if (this.#isPaid) return;
    this.#lastMs = Date.now();
    if (this.#isLingering) return;
    this.#isLingering = true;
    this.#ctx.waitUntil(this.#linger());
  }

  async #linger(): Promise<void> {
    while (liveSequences.has(this.#owner) && Date.now() - this.#lastMs < STAYS_MS)
      await new Promise((resolve) => setTimeout(resolve, LOOKS_MS));
    this.#isLingering = false;
  }
}
