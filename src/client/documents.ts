/**
 * Documents: a text that a conversation begins with is read once, as a shared prefix, whose name is made of its own
 * words and of a digest of what the model reads; so the same document is never read twice. In a conversation that has
 * begun it is a part of a message.
 */
export interface NamedText {
  /** Of the file, or of a pasted text. */
  name: string;
  text: string;
}

const SLUG_MAX = 40;
const DEFAULT_SYSTEM = "Answer questions about this document.";

/** What the model reads: what the conversation would have begun with, and the document. */
export const documentText = ({ name, text }: NamedText, system: string = DEFAULT_SYSTEM): string =>
  `${system}\n\nDocument "${name}":\n\n${text}`;

/** The system prompt that a document was read with. */
export const systemOfDocument = (read: string): string => read.split('\n\nDocument "')[0]!;

/** `manual.txt` → `manual.txt-0123456789ab` */
export async function documentName(document: NamedText, system?: string): Promise<string> {
  const bytes = new TextEncoder().encode(documentText(document, system));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = [...digest.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const slug = document.name
    .normalize("NFKD")
    .replaceAll(/[^\w.-]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "")
    .slice(0, SLUG_MAX);
  return `${slug || "document"}-${hex}`;
}

/** `manual.txt-0123456789ab` → `manual.txt` */
export const titleOfDocument = (prefix: string): string => prefix.replace(/-[0-9a-f]{12}$/, "");

export const messageWith = ({ name, text }: NamedText, said: string): string =>
  `Document "${name.replaceAll('"', "'")}":\n\n${text}\n\nEnd of the document.\n\n${said}`;

/** A message's document and what was said with it; undefined where it holds none. */
export function documentIn(content: string): (NamedText & { said: string }) | undefined {
  const found = /^Document "([^"\n]*)":\n\n([\s\S]*)\n\nEnd of the document\.\n\n([\s\S]*)$/.exec(content);
  return found ? { name: found[1]!, text: found[2]!, said: found[3]! } : undefined;
}
