/** The toy model, which a test can hold up before any forward pass, and readers that stop in the middle. */
import { afterEach, beforeAll, beforeEach, expect } from "vitest";
import { admission } from "../../durable-objects/model/admission.ts";
import { weights } from "../../durable-objects/model/served-model.ts";
import { armFaults } from "../../durable-objects/platform/fault-points.ts";
import { limits, streamLimits } from "../../durable-objects/platform/limits.ts";
import { type ErrorReply, send } from "./chat-client.ts";
import { emptied } from "./emptied.ts";
import { type Toy, type ToyOptions, toyServed } from "./toy-served.ts";

interface Gate {
  /** Called before every forward pass. */
  at: (position: number, ids: Uint32Array) => Promise<void> | void;
}

interface GatedToy {
  gate: Gate;
  toy: () => Toy;
  /** The server stops, and is started with this pack. */
  startedWith: (pack?: ToyOptions["pack"]) => Promise<Toy>;
}

/**
 * Serves the toy in every test of this file; limits and faults are as ever at the start of
 * each, and none leaves a sequence.
 */
export function gatedToy(options: ToyOptions = {}): GatedToy {
  const gate: Gate = { at: () => {} };
  const [usualLimits, usualStreams] = [{ ...limits }, { ...streamLimits }];
  let toy: Toy;
  const startedWith: GatedToy["startedWith"] = async (pack) => {
    weights.forget();
    const onForward = (ids: Uint32Array, position: number) => gate.at(position, ids);
    toy = toyServed({ contextLength: 100_000, onForward, ...options, ...(pack ? { pack } : {}) });
    await weights.get(async () => toy);
    return toy;
  };
  beforeAll(() => startedWith().then(() => {}));
  beforeEach(() => {
    gate.at = () => {};
  });
  afterEach(async () => {
    armFaults(undefined);
    Object.assign(limits, usualLimits);
    Object.assign(streamLimits, usualStreams);
    gate.at = () => {};
    await until(() => admission.live === 0 && toy.live.size === 0, "memory slots and sequences left");
    await emptied();
  });
  return { gate, toy: () => toy, startedWith };
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A minute of pauses, which is longer on a busy machine: what has not come by then does not come. */
const TRIES_MAX = 6000;

export async function until(condition: () => boolean | Promise<boolean>, what = "condition"): Promise<void> {
  for (let i = 0; i < TRIES_MAX && !(await condition()); i++) await pause(10);
  expect(await condition(), what).toBe(true);
}

/** One event of a chat's stream. */
interface Seen {
  id: number | undefined;
  text: string;
  finish: string | null;
  error: ErrorReply["error"] | undefined;
}

/** Reads server-sent events as they come. */
export class Tail {
  readonly seen: Seen[] = [];
  done = false;
  comments = 0;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(response: Response) {
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Until so many events with text were seen, or the end. True when there may be more. */
  async text(events: number): Promise<boolean> {
    while (this.seen.filter(({ text }) => text !== "").length < events) if (!(await this.#more())) return false;
    return true;
  }

  /** Until so many comments were seen, or the end. */
  async commented(comments: number): Promise<void> {
    while (this.comments < comments && (await this.#more()));
  }

  /** To the end; "broken" when the connection is cut. */
  async end(): Promise<"done" | "ended" | "broken"> {
    try {
      while (await this.#more());
    } catch {
      return "broken";
    }
    return this.done ? "done" : "ended";
  }

  cancel = (): Promise<void> => this.#reader.cancel();

  get last(): number {
    return this.seen.at(-1)?.id ?? -1;
  }

  get content(): string {
    return this.seen.map(({ text }) => text).join("");
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    if (done) return false;
    this.#rest += value;
    const blocks = this.#rest.split("\n\n");
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#take(block);
    return true;
  }

  #take(block: string): void {
    if (block.startsWith(":")) {
      this.comments++;
      return;
    }
    const [, id, data] = /^(?:id: (\d+)\n)?data: (.*)$/.exec(block) ?? [];
    if (data === "[DONE]") this.done = true;
    else {
      const { choices, error } = JSON.parse(data!);
      const finish = choices?.[0]?.finish_reason ?? null;
      this.seen.push({
        id: id === undefined ? undefined : Number(id),
        text: choices?.[0]?.delta.content ?? "",
        finish,
        error,
      });
    }
  }
}

export const ask = (conversation: string | undefined, content: string, fields: object = {}, headers = {}) =>
  send({ model: "tiny", max_tokens: 200, messages: [{ role: "user", content }], conversation, ...fields }, headers);

export const stream = async (conversation: string, content: string, fields: object = {}) =>
  new Tail(await ask(conversation, content, { stream: true, ...fields }));
