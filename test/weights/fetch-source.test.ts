import { describe, expect, it } from "vitest";
import { type Fetches, fetchSource } from "../../src/weights/fetch-source.ts";
import { loadPack } from "../../src/weights/load-pack.ts";
import { failureIn } from "./failing.ts";
import { chunked, samplePack } from "./sample-pack.ts";

const { files, payload } = samplePack();
const quick = { attempts: 3, baseDelayMs: 1, stallMs: 50 };
const ok = (file: string, headers: Record<string, string> = {}) =>
  new Response(chunked(files.get(file)!), {
    headers: { "content-length": String(files.get(file)!.length), ...headers },
  });

type Answer = (file: string, tries: number, signal: AbortSignal) => Response | Promise<Response>;

/** A server of the sample pack; `shard` answers for shard-001.bin. */
function serve(shard: Answer) {
  const tries = new Map<string, number>();
  const fetcher: Fetches = {
    async fetch(url, { signal }) {
      const file = new URL(url).pathname.split("/").at(-1)!;
      tries.set(file, (tries.get(file) ?? 0) + 1);
      return file === "shard-001.bin" ? shard(file, tries.get(file)!, signal) : ok(file);
    },
  };
  const memory = new WebAssembly.Memory({ initial: 1 });
  const load = () => loadPack(fetchSource(fetcher, "https://assets/pack/", quick), () => ({ memory, base: 0 }));
  return { load, memory, tries: () => tries.get("shard-001.bin") };
}

const never = (signal: AbortSignal) =>
  new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("fetchSource", () => {
  it("loads a pack from a fetcher", async () => {
    const { load, memory } = serve((file) => ok(file));
    await load();
    expect(new Uint8Array(memory.buffer, 0, payload.length)).toEqual(payload);
  });

  it.each([500, 503, 404, 403])("tries status %i again, a few times, then says unavailable (M1)", async (status) => {
    const { load, tries } = serve(() => new Response("no", { status }));
    const failure = await failureIn(load());
    expect(failure).toMatchObject({ code: "weights_unavailable", param: "shard-001.bin" });
    expect(failure.message).toContain(`got ${status}`);
    expect(tries()).toBe(3);
  });

  it("gets over errors that pass (M1)", async () => {
    const answers: Answer[] = [
      () => Promise.reject(new TypeError("network connection lost")),
      (file) => new Response(brokenAfter(files.get(file)!, 150)),
      (file) => ok(file),
    ];
    const { load, memory, tries } = serve((file, n, signal) => answers[n - 1]!(file, n, signal));
    await load();
    expect(new Uint8Array(memory.buffer, 0, payload.length)).toEqual(payload);
    expect(tries()).toBe(3);
  });

  it("gives up on a server that does not answer, and on a body that stalls (M1)", async () => {
    const silent = serve((_, __, signal) => never(signal));
    expect((await failureIn(silent.load())).message).toContain("no answer in 50 ms");
    expect(silent.tries()).toBe(3);
    const stalled = serve(() => new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(10)) })));
    const failure = await failureIn(stalled.load());
    expect(failure).toMatchObject({ code: "weights_unavailable" });
    expect(failure.message).toContain("no bytes for 50 ms");
  });

  it("does not try wrong bytes again", async () => {
    const { load, tries } = serve((file) => new Response(chunked(files.get(file)!.map((byte) => byte ^ 1))));
    expect((await failureIn(load())).code).toBe("weights_invalid");
    expect(tries()).toBe(1);
  });

  it("refuses a false content-length, but not one that counts encoded bytes (M2)", async () => {
    const lie = serve((file) => ok(file, { "content-length": "225" }));
    expect((await failureIn(lie.load())).message).toContain("expected 224 bytes, got 225");
    const encoded = serve((file) => ok(file, { "content-length": "99", "content-encoding": "br" }));
    await encoded.load();
  });
});

function brokenAfter(bytes: Uint8Array, length: number): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new Error("connection reset"));
      sent = true;
      controller.enqueue(bytes.slice(0, length));
    },
  });
}
