/**
 * A log flows into a conversation as it grows; after each piece the model gives a verdict as JSON, and an
 * alarm is printed when it says so.
 */
import { readFileSync, watchFile } from "node:fs";
import { parseArgs } from "node:util";
import { rivulet, run } from "../client.ts";

const { values } = parseArgs({
  options: {
    /** A file that grows. Without one, a made-up machine is watched for a minute of its time. */
    file: { type: "string" },
    lines: { type: "string", default: "8" },
    pieces: { type: "string", default: "6" },
  },
});

const PIECE_LINES = Number(values.lines);
const schema = {
  type: "object",
  properties: { alarm: { type: "boolean" }, reason: { type: "string", maxLength: 60 } },
  required: ["alarm", "reason"],
  additionalProperties: false,
};

/** A pump whose pressure falls from its fourth piece on. */
function* machine(): Generator<string[]> {
  for (let piece = 0; piece < Number(values.pieces); piece++)
    yield Array.from({ length: PIECE_LINES }, (_, i) => {
      const second = piece * PIECE_LINES + i;
      const bar = piece < 3 ? 4 + (second % 3) / 10 : Math.max(0.2, 4 - (piece - 2) * 1.1);
      return `12:00:${String(second % 60).padStart(2, "0")} pump pressure ${bar.toFixed(1)} bar${bar < 2 ? " ERROR low" : ""}`;
    });
}

/** New lines of a growing file, a piece at a time. */
async function* tail(path: string): AsyncGenerator<string[]> {
  let at = 0;
  let waiting: string[] = [];
  for (;;) {
    const text = readFileSync(path, "utf8");
    // A file that became shorter was begun anew.
    if (text.length < at) at = 0;
    const end = text.lastIndexOf("\n") + 1;
    waiting.push(...text.slice(at, end).split("\n").filter(Boolean));
    at = Math.max(at, end);
    while (waiting.length >= PIECE_LINES) {
      yield waiting.slice(0, PIECE_LINES);
      waiting = waiting.slice(PIECE_LINES);
    }
    await new Promise<void>((resolve) => {
      watchFile(path, { interval: 500 }, function changed() {
        resolve();
      });
    });
  }
}

await run(async () => {
  const conversation = `log-watch-${Date.now()}`;
  for await (const lines of values.file ? tail(values.file) : machine()) {
    const { text, usage, timings } = await rivulet.answer({
      conversation,
      text: `${lines.join("\n")}\n\nIs the machine in trouble? Answer as JSON.`,
      temperature: 0,
      maxTokens: 400, // a reason of 60 characters, whatever they are
      responseFormat: { type: "json_schema", json_schema: { name: "verdict", strict: true, schema } },
    });
    const { alarm, reason } = JSON.parse(text) as { alarm: boolean; reason: string };
    const cost = `${usage!.prompt_tokens - usage!.cached_tokens} computed, ${usage!.cached_tokens} reused, ${timings!.state_bytes} bytes`;
    console.log(`${alarm ? "ALARM" : "quiet"}  ${lines.at(-1)}  ${JSON.stringify(reason)}  (${cost})`);
  }
});
