/** The answer that is being written: followed through lost connections, stopped. One at a time. */
import { batch, signal } from "@preact/signals";
import { type ReplyEvent, type ReplySource, replyTo } from "../src/client/reply.ts";
import type { Turn } from "../src/client/turns.ts";
import { broken, wait } from "./connection.ts";
import { tell, use } from "./recent.ts";
import { attempt, leaf, notice, opened, refreshTurns, report, server, spoken, tree } from "./store.ts";

export interface Answer {
  turn: string;
  text: string;
  progress: { done: number; total: number } | null;
  /** When the connection is lost: which try comes next, and when. */
  lost: { attempt: number; at: number } | null;
  stopping: boolean;
}

/** Null while nothing is being written. */
export const answer = signal<Answer | null>(null);

/** What to follow; `conversation` is the head that moves to the new turn. */
type Followed = ReplySource & { conversation?: string };

/** What becomes of a message that is on its way. */
export interface Fate {
  /** The conversation that it begins has a name. */
  named(conversation: string): void;
  /** The server has it. */
  said(): void;
  /** The server never heard of it. */
  lost(): void;
}

/** How often an answer that nobody follows is asked whether it has ended. */
const WATCH_MS = 3000;

let following: AbortController | undefined;
let response: string | undefined;
/** What was written since the page was last drawn. */
let undrawn = "";

/** Goes on with the shown turn when it is still being written. */
export function rejoin(): void {
  const turn = tree.value.get(leaf.value);
  if (turn?.status !== "running" || answer.value) return;
  void attempt(() => follow(turn, async () => ({ response: turn.response_id })));
}

/** Stops following; the server goes on with the turn. */
export function leaveAnswer(): void {
  const left = following && answer.peek() && opened.peek();
  if (left && response !== undefined) void watch(left, response);
  unfollow();
}

function unfollow(): void {
  following?.abort();
  following = undefined;
  undrawn = "";
  answer.value = null;
}

/** Until an answer that is not shown has ended, its conversation is marked. */
async function watch(conversation: string, id: string): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const asked = server.json<{ status?: string }>(`/v1/responses/resp_${id.slice(-48)}`);
    const { status } = await asked.catch((): { status?: string } => ({}));
    if (status === "in_progress" || status === "queued") continue;
    tell({ idle: conversation });
    return tell({ changed: conversation });
  }
}

/** Ends the answer where it stands. */
export async function stop(): Promise<void> {
  if (!answer.value || answer.value.stopping) return;
  change({ stopping: true });
  if (response === undefined) return following?.abort();
  await server.open(`/v1/chat/completions/${response}/cancel`, { method: "POST" }).catch(report);
}

/** Shows `begun` as it is written. What `asks` and the server refuse becomes the notice. */
export async function follow(begun: Turn, asks: () => Promise<Followed>, fate?: Fate): Promise<void> {
  const own = new AbortController();
  following = own;
  response = begun.response_id || undefined;
  let turn = begun;
  undrawn = "";
  answer.value = { turn: turn.id, text: "", progress: null, lost: null, stopping: false };
  spoken.value = "Answering";
  try {
    const source = await asks();
    own.signal.throwIfAborted();
    for await (const event of replyTo(server, source, { signal: own.signal, wait, broken })) {
      if (event.type === "accepted") {
        turn = accepted(turn, event);
        fate?.said();
      } else if (event.type === "end") turn = ended(turn, event, source.conversation);
      else show(event);
    }
    spoken.value = `Answer: ${turn.reply}`;
  } catch (thrown) {
    if (turn.response_id === "") fate?.lost();
    // Another answer, or another conversation, is shown by now.
    if (following !== own) return;
    const status = own.signal.aborted ? "cancelled" : "failed";
    draw();
    tree.value = tree.value.with({ ...turn, reply: answer.value?.text ?? "", status });
    report(thrown);
    // A turn that the server never heard of stands here alone.
    if (turn.response_id === "") return;
  } finally {
    if (following === own) {
      const here = opened.peek();
      if (here !== null) tell({ idle: here });
      unfollow();
    }
  }
  await refreshTurns();
  const here = opened.peek();
  // The server begins a conversation anew where there is none of its name.
  const isAnew = turn.parent !== null && tree.peek().get(turn.id) && !tree.peek().get(turn.parent);
  if (isAnew) notice.value = "The earlier turns were deleted elsewhere; this answer was given without them.";
  if (here !== null) tell({ changed: here });
}

function show(event: Exclude<ReplyEvent, { type: "accepted" | "end" }>): void {
  if (event.type === "text") {
    // Each drawing reads the whole answer: once for every frame, not for every token.
    if (undrawn === "") requestAnimationFrame(draw);
    undrawn += event.text;
  }
  if (event.type === "progress") change({ progress: { done: event.done, total: event.total } });
  if (event.type === "back") change({ lost: null });
  if (event.type === "lost") {
    change({ lost: { attempt: event.attempt, at: Date.now() + event.retryMs } });
    spoken.value = "Connection lost. Trying again.";
  }
}

function draw(): void {
  if (undrawn === "" || !answer.value) return;
  change({ text: answer.value.text + undrawn, progress: null });
  undrawn = "";
}

const change = (fields: Partial<Answer>): void => {
  if (answer.value) answer.value = { ...answer.value, ...fields };
};

/** The server has the question; from now on the turn has its name. */
function accepted(turn: Turn, event: Extract<ReplyEvent, { type: "accepted" }>): Turn {
  response = event.response;
  const named = { ...turn, id: event.turn, response_id: event.response };
  batch(() => {
    tree.value = tree.value.without(turn.id).with(named);
    if (leaf.value === turn.id) leaf.value = named.id;
    change({ turn: named.id });
  });
  const here = opened.peek();
  if (here !== null) {
    use(here);
    tell({ running: here });
  }
  return named;
}

/** The turn as it will be in the server's list; its head has moved here. */
function ended(turn: Turn, { reason, usage, timings }: Extract<ReplyEvent, { type: "end" }>, head?: string): Turn {
  draw();
  const whole: Turn = {
    ...turn,
    reply: answer.value?.text ?? "",
    status: answer.value?.stopping ? "cancelled" : reason === "length" ? "incomplete" : "completed",
    usage: usage ?? null,
    timings: timings ?? null,
    conversations: head === undefined ? turn.conversations : [head],
  };
  const parent = tree.value.get(turn.parent);
  const left = parent && { ...parent, conversations: parent.conversations.filter((id) => id !== head) };
  tree.value = (left ? tree.value.with(left) : tree.value).with(whole);
  return whole;
}
