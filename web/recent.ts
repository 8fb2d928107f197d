/** When conversations were last used in this browser, which of them are answering, and news of both between tabs. */
import { signal } from "@preact/signals";
import type { Conversation } from "../src/client/turns.ts";
import { kept } from "./kept.ts";

/** More are as old as their first turn. */
const REMEMBERED_MAX = 500;

const uses = kept<Readonly<Record<string, number>>>("uses", {});

export function use(id: string): void {
  const entries = Object.entries({ ...uses.peek(), [id]: Date.now() }).sort(([, a], [, b]) => b - a);
  uses.value = Object.fromEntries(entries.slice(0, REMEMBERED_MAX));
}

/** Milliseconds since 1970. */
export const lastUse = ({ id, created_at }: Conversation): number => Math.max(uses.value[id] ?? 0, 1000 * created_at);

/** Conversations that are being answered, as far as the tabs of this browser know. */
export const running = signal<ReadonlySet<string>>(new Set());

type News = { changed: string } | { running: string } | { idle: string };
const channel = new BroadcastChannel(`rivulet ${location.pathname}`);

function hear(news: News): void {
  if ("changed" in news) return;
  const next = new Set(running.peek());
  if ("running" in news) next.add(news.running);
  else next.delete(news.idle);
  running.value = next;
}

/** Tells the other tabs. */
export function tell(news: News): void {
  hear(news);
  channel.postMessage(news);
}

/** `changed`: a conversation, or the list, is other than it was. */
export const onNews = (changed: (id: string) => void): void =>
  channel.addEventListener("message", ({ data }: MessageEvent<News>) => {
    hear(data);
    changed(Object.values(data)[0]!);
  });
