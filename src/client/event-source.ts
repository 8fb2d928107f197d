/** serverEvents: the events of a server-sent-events body, until it ends. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { Unreachable } from "./server.ts";

/** The server breaks every silence after 10 s, so a longer one means that the connection is dead. */
const SILENCE_MAX_MS = 35_000;

/** Fails with `Unreachable` when the body breaks off or falls silent. */
export async function* serverEvents(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
  silenceMs: number = SILENCE_MAX_MS,
): AsyncGenerator<EventSourceMessage> {
  const found: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => found.push(event) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await withinSilence(reader, silenceMs).catch((cause) => {
        if (signal?.aborted) throw cause;
        throw cause instanceof Unreachable ? cause : new Unreachable("the connection broke", { cause });
      });
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* found.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function withinSilence(reader: ReadableStreamDefaultReader<Uint8Array>, silenceMs: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unreachable("the connection fell silent")), silenceMs);
  });
  try {
    return await Promise.race([reader.read(), silent]);
  } finally {
    clearTimeout(timer);
  }
}
