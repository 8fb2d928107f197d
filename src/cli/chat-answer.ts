/**
 * chatAnswer: writes one answer as it comes. Ctrl-C stops the answer, not the program; a lost connection is waited for.
 */
import type { Interface } from "node:readline";
import type { ReplyEvent } from "../client/reply.ts";
import { fedTokens, firstTokenMs } from "../client/turns.ts";
import type { ChatSession } from "./chat-session.ts";
import { dim } from "./dim.ts";
import { WordWrap } from "./word-wrap.ts";

export interface Screen {
  input: Interface;
  /** Somebody is sitting there. */
  terminal: boolean;
}

const ANEW = "(the earlier turns were deleted elsewhere; this answer was given without them)";

/** Writes the answer to stdout, everything else to stderr. Throws what ended it; resolves when it was stopped. */
export async function chatAnswer(session: ChatSession, text: string, { input, terminal }: Screen): Promise<void> {
  const leave = new AbortController();
  let response: string | undefined;
  let stopped = false;
  const stop = () => {
    stopped = true;
    if (response === undefined || leave.signal.aborted) return leave.abort();
    // A second Ctrl-C does not wait for the server.
    void session.cancel(response).catch(() => leave.abort());
    response = undefined;
  };
  // A terminal gives Ctrl-C to the line editor; else it is a signal.
  input.on("SIGINT", stop);
  process.on("SIGINT", stop);
  const status = statusLine(terminal);
  const wrap = new WordWrap(() => process.stdout.columns ?? Number.POSITIVE_INFINITY);
  const shown = (text: string) => (process.stdout.isTTY ? wrap.push(text) : text);
  try {
    for await (const event of session.say(text, leave.signal)) {
      if (event.type === "accepted") response = event.response;
      else if (event.type === "text") {
        status("");
        process.stdout.write(shown(printable(event.text)));
      } else if (event.type === "progress") status(`reading ${event.done} of ${event.total} tokens`);
      else if (event.type === "lost")
        status(`connection lost; try ${event.attempt} in ${(event.retryMs / 1000).toFixed(1)} s`);
      else if (event.type === "back") status("");
      else if (event.type === "anew") process.stderr.write(dim(`${ANEW}\n`));
      else {
        status("");
        process.stdout.write(`${wrap.end()}\n`);
        if (stopped) process.stderr.write(dim("(stopped)\n"));
        else if (terminal) process.stderr.write(dim(`${cost(event)}\n`));
      }
    }
  } catch (thrown) {
    status("");
    process.stdout.write(wrap.end());
    if (!leave.signal.aborted) throw thrown;
    process.stderr.write(dim("\n(stopped)\n"));
  } finally {
    input.off("SIGINT", stop);
    process.off("SIGINT", stop);
  }
}

/** One line that is written over, below the text so far; nothing where nobody is sitting. */
export function statusLine(terminal: boolean): (text: string) => void {
  let shown = false;
  return (text) => {
    if (!terminal || (text === "" && !shown)) return;
    // The place is saved and restored, so that the answer goes on where it stopped; a line
    // below it is made sure of first.
    process.stderr.write(shown ? "\x1b8\x1b[0J" : "\x1bD\x1b[1A\x1b7");
    if (text !== "") process.stderr.write(dim(`\n${text}`));
    shown = text !== "";
  };
}

/** A model's words may not steer the terminal. */
export const printable = (text: string): string => text.replace(/[\p{Cc}--[\n\t]]/gv, "\ufffd");

function cost({ usage, timings, reason }: Extract<ReplyEvent, { type: "end" }>): string {
  if (!usage || !timings) return "(no figures)";
  const rate =
    timings.decode_ms > 0 ? ` · ${Math.round((1000 * timings.decode_tokens) / timings.decode_ms)} tokens/s` : "";
  const notes = `${timings.state === "rebuilt" ? " · state was rebuilt" : ""}${reason === "length" ? " · cut" : ""}`;
  return `computed ${fedTokens(usage)}, reused ${usage.cached_tokens} tokens · first after ${Math.round(firstTokenMs(timings))} ms${rate}${notes}`;
}
