/** The answer that is being written: asked for, followed through lost connections, stopped. One at a time. */
import { batch, signal } from "@preact/signals";
import { type Asked, type ReplyEvent, replyTo } from "../src/client/reply.ts";
import type { Message, Turn } from "../src/client/turns.ts";
import {
  api,
  attempt,
  family,
  inAddress,
  leaf,
  model,
  opened,
  refreshList,
  refreshTurns,
  report,
  server,
  spoken,
  unlessMissing,
} from "./store.ts";

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

let following: AbortController | undefined;
let response: string | undefined;
let again: (() => void) | undefined;

const TITLE_MAX = 60;
/** Stands for a turn's id until the server has given one. */
const UNNAMED = "…";

/** Sends a message at the end of the shown path. */
export const send = (text: string): Promise<void> => ask(leaf.value, [{ role: "user", content: text }]);

/** Asks the same again, or an edited message instead: a branch beside the turn. */
export const askInstead = (turn: Turn, messages: Message[] = turn.messages): Promise<void> =>
  ask(family.value.get(turn.parent) ? turn.parent : null, messages);

const ask = (parent: string | null, messages: Message[]): Promise<void> =>
  attempt(async () => {
    leaveAnswer();
    const conversation = await headAt(parent, messages);
    const turn: Turn = {
      id: UNNAMED,
      parent,
      response_id: "",
      created_at: Date.now() / 1000,
      status: "running",
      messages,
      reply: "",
      usage: null,
      timings: null,
      conversations: [],
    };
    batch(() => {
      family.value = family.value.with(turn);
      leaf.value = turn.id;
    });
    await follow(turn, { question: { model: model.value!.id, conversation, messages } }, conversation);
  });

/** The conversation that stands at this turn: a new one for a new page, a fork where none does. */
async function headAt(parent: string | null, messages: Message[]): Promise<string> {
  const turn = family.value.get(parent);
  if (turn?.conversations[0]) return turn.conversations[0];
  if (opened.value !== null && family.value.turns.length > 0) return (await api.fork(opened.value, parent)).id;
  if (opened.value !== null) return opened.value;
  const title = messages.at(-1)!.content.trim().replaceAll(/\s+/g, " ").slice(0, TITLE_MAX);
  const { id } = await api.create({ title }).catch(unlessMissing({ id: `chat-${crypto.randomUUID()}` }));
  opened.value = id;
  inAddress(id);
  await refreshList();
  return id;
}

/** Goes on with the shown turn when it is still being written. */
export function rejoin(): void {
  const turn = family.value.get(leaf.value);
  if (turn?.status === "running" && !answer.value) void attempt(() => follow(turn, { response: turn.response_id }));
}

/** Stops following; the server goes on with the turn. */
export function leaveAnswer(): void {
  following?.abort();
  following = undefined;
  answer.value = null;
}

/** Ends the answer where it stands. */
export async function stop(): Promise<void> {
  if (!answer.value) return;
  change({ stopping: true });
  if (response === undefined) return following?.abort();
  await server
    .open(`/v1/chat/completions/${response}/cancel`, { method: "POST" })
    .catch(unlessMissing(undefined))
    .catch(report);
}

/** Ends the wait for the next try. */
export const tryNow = (): void => again?.();
addEventListener("online", tryNow);

async function follow(begun: Turn, asked: Asked, conversation?: string): Promise<void> {
  const own = new AbortController();
  following = own;
  response = begun.response_id || undefined;
  let turn = begun;
  answer.value = { turn: turn.id, text: "", progress: null, lost: null, stopping: false };
  spoken.value = "Answering";
  try {
    for await (const event of replyTo(server, asked, { signal: own.signal, wait })) {
      if (event.type === "accepted") turn = accepted(turn, event);
      else if (event.type === "end") turn = ended(turn, event, conversation);
      else show(event);
    }
    spoken.value = `Answer: ${turn.reply}`;
  } catch (thrown) {
    if (following !== own) return;
    family.value = family.value.with({
      ...turn,
      reply: answer.value?.text ?? "",
      status: own.signal.aborted ? "cancelled" : "failed",
    });
    report(thrown);
  } finally {
    if (following === own) leaveAnswer();
  }
  await refreshTurns().catch(unlessMissing(undefined));
}

function show(event: Exclude<ReplyEvent, { type: "accepted" | "end" }>): void {
  if (event.type === "text") change({ text: answer.value!.text + event.text, progress: null });
  if (event.type === "progress") change({ progress: { done: event.done, total: event.total } });
  if (event.type === "back") change({ lost: null });
  if (event.type === "lost") {
    change({ lost: { attempt: event.attempt, at: Date.now() + event.retryMs } });
    spoken.value = "Connection lost. Trying again.";
  }
}

const change = (fields: Partial<Answer>): void => {
  if (answer.value) answer.value = { ...answer.value, ...fields };
};

/** The server has the question; from now on the turn has its name. */
function accepted(turn: Turn, event: Extract<ReplyEvent, { type: "accepted" }>): Turn {
  response = event.response;
  const named = { ...turn, id: event.turn, response_id: event.response };
  batch(() => {
    family.value = family.value.without(turn.id).with(named);
    if (leaf.value === turn.id) leaf.value = named.id;
    change({ turn: named.id });
  });
  return named;
}

function ended(
  turn: Turn,
  { reason, usage, timings }: Extract<ReplyEvent, { type: "end" }>,
  conversation?: string,
): Turn {
  const whole: Turn = {
    ...turn,
    reply: answer.value?.text ?? "",
    status: answer.value?.stopping ? "cancelled" : reason === "length" ? "incomplete" : "completed",
    usage: usage ?? null,
    timings: timings ?? null,
    conversations: conversation ? [conversation] : turn.conversations,
  };
  const parent = family.value.get(turn.parent);
  const left = parent && { ...parent, conversations: parent.conversations.filter((id) => id !== conversation) };
  family.value = (left ? family.value.with(left) : family.value).with(whole);
  return whole;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      again = undefined;
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    again = done;
  });
}
