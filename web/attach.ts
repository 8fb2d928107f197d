/**
 * attach: a file becomes text. Text, Markdown, CSV and the like as they are; HTML and PDF through
 * libraries that are loaded for it.
 */
import { signal } from "@preact/signals";
import { type Attachment, draft, keepDraft } from "./drafts.ts";
import { notice } from "./store.ts";

/** What the server takes as one prefix. */
const TEXT_MAX_BYTES = 4 * 1024 * 1024;
const FILE_MAX_BYTES = 64 * 1024 * 1024;
/** A paste that is longer than this is a document, not a message. */
const PASTE_MAX_CHARS = 2000;
const PASTE_MAX_LINES = 25;

/** What the file dialog offers first. */
export const ACCEPTED =
  ".txt,.md,.markdown,.csv,.tsv,.html,.htm,.pdf,.json,.jsonl,.xml,.yaml,.yml,.log,.tex,.rst,.js,.ts,.py,.c,.h,.cpp,.rs,.go,.java,text/*,application/pdf,application/json";

/** The file that is being turned into text: pages done of a PDF. */
export const opening = signal<{ name: string; done: number; total: number } | null>(null);
let stopOpening: AbortController | undefined;

export const stopAttaching = (): void => stopOpening?.abort();

/** Attaches a file to the draft. What it is not is said in the notice. */
export async function attach(file: File): Promise<void> {
  stopAttaching();
  const own = new AbortController();
  stopOpening = own;
  notice.value = "";
  opening.value = { name: file.name, done: 0, total: 0 };
  try {
    const text = await textOf(file, own.signal);
    own.signal.throwIfAborted();
    attachText({ name: file.name, text });
  } catch (thrown) {
    if (!own.signal.aborted) notice.value = `${file.name}: ${(thrown as Error).message}`;
  } finally {
    if (stopOpening === own) opening.value = null;
  }
}

export function attachText(attachment: Attachment): void {
  keepDraft({ ...draft.peek(), attachment });
}

/** A long paste as an attachment; undefined for one that is short enough to be a message. */
export function attachmentOf(pasted: string): Attachment | undefined {
  const lines = pasted.split("\n").length;
  if (pasted.length <= PASTE_MAX_CHARS && lines <= PASTE_MAX_LINES) return undefined;
  return { name: `Pasted text, ${lines} ${lines === 1 ? "line" : "lines"}`, text: pasted };
}

async function textOf(file: File, signal: AbortSignal): Promise<string> {
  if (file.size > FILE_MAX_BYTES) throw new Error("it is larger than 64 MB");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isPdf = startsWith(bytes, "%PDF-") || file.type === "application/pdf" || /\.pdf$/i.test(file.name);
  const text = isPdf ? await ofPdf(file.name, bytes, signal) : await ofText(file, bytes);
  const tidy = text.replaceAll(/\r\n?/g, "\n").trim();
  if (tidy === "") throw new Error("it holds no text");
  if (new TextEncoder().encode(tidy).length > TEXT_MAX_BYTES) throw new Error("its text is longer than 4 MB");
  return tidy;
}

async function ofPdf(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<string> {
  const { pdfText } = await import("./lazy/pdf-text.ts");
  const worker = new URL("./pdf-worker.js", import.meta.url);
  const onPage = (done: number, total: number) => {
    opening.value = { name, done, total };
  };
  return pdfText(bytes, worker, onPage, signal);
}

async function ofText({ name, type }: File, bytes: Uint8Array): Promise<string> {
  const text = decoded(bytes);
  if (type !== "text/html" && !/\.html?$/i.test(name)) return text;
  const { htmlText } = await import("./lazy/html-text.ts");
  return htmlText(text);
}

/** UTF-8, UTF-16 with its mark, or failing both Windows' Latin. Fails for what is no text. */
function decoded(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes.subarray(0, 8192).includes(0)) throw new Error("it is no text, HTML or PDF");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0));
