/**
 * ReplyText: a reply's ids as text, as far as it is certain. The same ids give the same
 * pieces, whenever they are read again.
 */
import { StopMatcher } from "../tokenizer/stop-matcher.ts";
import type { Detokenizer, TextCodec } from "../tokenizer/text-codec.ts";
import type { Manifest } from "../weights/manifest.ts";
import type { TextEnds } from "./text-ends.ts";

export class ReplyText {
  readonly #eos: ReadonlySet<number>;
  readonly #text: Detokenizer;
  readonly #stop: StopMatcher;
  #ended = false;

  constructor({ codec, manifest }: { codec: TextCodec; manifest: Manifest }, { stop, ignoreEos }: TextEnds) {
    this.#eos = new Set(ignoreEos ? [] : manifest.generation.eos);
    this.#text = codec.detokenizer();
    this.#stop = new StopMatcher(stop);
  }

  /** End of turn, or a stop string. */
  get ended(): boolean {
    return this.#ended || this.#stop.stopped;
  }

  /** The stop string that ended it, where one did. */
  get met(): string | undefined {
    return this.#stop.met;
  }

  /** Text that became certain with this id. */
  push(id: number): string {
    if (this.#eos.has(id)) {
      this.#ended = true;
      return "";
    }
    return this.#stop.push(this.#text.push(id));
  }

  /** No more ids come: what was held back. */
  rest(): string {
    return this.#stop.stopped ? "" : this.#stop.push(this.#text.flush()) + this.#stop.flush();
  }
}
