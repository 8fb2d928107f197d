/**
 * untilWhole: a whole reply whose object may die, or be started again, while it is being made.
 *
 * One that takes long has its status and spaces sent before it is known (durable-objects/platform/late-json.ts), so
 * its failure cannot be told any more. But its turn has an id: who asks for it again gets what became of it, and that
 * goes on behind the spaces.
 */
import { LATE } from "../../durable-objects/platform/late-json.ts";

const SPACE = 0x20;
/** An object that comes back and dies again has something wrong with it. */
const TRIES = 3;

/** `ask`: the same request. Breaks off as the reply does where something was said, or asking again does not help. */
export function untilWhole(reply: Response, ask: () => Promise<Response>): Response {
  if (!reply.headers.has(LATE) || !reply.body) return reply;
  let reader: ReadableStreamDefaultReader<Uint8Array> = reply.body.getReader();
  let hasSaid = false;
  let tries = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        try {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          hasSaid ||= value.some((byte) => byte !== SPACE);
          return controller.enqueue(value);
        } catch (thrown) {
          if (hasSaid || ++tries > TRIES) throw thrown;
          const again = await ask();
          if (!again.ok || !again.body) throw thrown;
          reader = again.body.getReader();
        }
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const whole = new Response(body, reply);
  whole.headers.delete(LATE);
  return whole;
}
