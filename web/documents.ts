/**
 * Documents of the page: an attachment is read once, as a shared prefix, and any number of
 * conversations begin with its state.
 */
import { signal } from "@preact/signals";
import { documentName, documentText } from "../src/client/documents.ts";
import { type Prefix, Prefixes } from "../src/client/prefixes.ts";
import type { Conversation } from "../src/client/turns.ts";
import type { Attachment } from "./drafts.ts";
import { kept } from "./kept.ts";
import { report, server, spoken } from "./store.ts";

const prefixes = new Prefixes(server);

/** The document that is being read. */
export const reading = signal<{ name: string; done: number; total: number; beganMs: number } | null>(null);
/** Documents that the server has read, newest first. */
export const documents = signal<readonly Prefix[]>([]);
/** Tokens a second, as documents were read in this browser: what reading one again would take. */
export const readingSpeed = kept<number>("reading speed", 0);

export const documentOf = (conversation: Conversation | undefined): string | undefined =>
  conversation?.rivulet.prefix ?? undefined;

const inProgress = new Map<string, Promise<Prefix>>();

/** Reads it, or joins the reading that has begun. Fails as the reading does. */
export async function readDocument(attachment: Attachment, system?: string): Promise<string> {
  const name = await documentName(attachment, system);
  let work = inProgress.get(name);
  if (!work) {
    const beganMs = Date.now();
    work = prefixes.compute(name, documentText(attachment, system), {
      onProgress: ({ tokens, tokens_done, status }) => {
        reading.value = { name, done: status === "completed" ? tokens : tokens_done, total: tokens, beganMs };
      },
    });
    inProgress.set(name, work);
    work
      .then(({ tokens }) => {
        const seconds = (Date.now() - beganMs) / 1000;
        // One that was there already says nothing about speed.
        if (seconds > 1.5) readingSpeed.value = tokens / seconds;
        spoken.value = "The document is read.";
        return refreshDocuments();
      })
      .catch(() => {})
      .finally(() => {
        inProgress.delete(name);
        if (reading.value?.name === name) reading.value = null;
      });
  }
  await work;
  return name;
}

/** Begins to read before anything is asked. What goes wrong is said now, and again when it is asked. */
export const beginReading = (attachment: Attachment, system?: string): void => {
  spoken.value = `Reading ${attachment.name}`;
  readDocument(attachment, system).catch(report);
};

export async function refreshDocuments(): Promise<void> {
  documents.value = (await prefixes.list()).filter(({ status }) => status !== "failed");
}

export async function forgetDocument(name: string): Promise<void> {
  try {
    await prefixes.delete(name);
    await refreshDocuments();
  } catch (thrown) {
    report(thrown);
  }
}
