/**
 * renderedPieces: what a chat template writes, cut into its own text and what the caller's messages and tools say.
 *
 * The template renders random placeholders and never sees the texts. What it computes from a content's text
 * (`'</think>' in content`) sees the placeholder; trimming is found out and done likewise.
 */
import { check } from "../core/failure.ts";
import type { ChatTemplate } from "./chat-template.ts";
import type { Message } from "./text-codec.ts";
import { type Piece, withTools } from "./tool-text.ts";

/** White space that no template writes itself; it is gone after the template trimmed a content. */
const PADDING = "\u2003";

type Kind = "content" | "name" | "tool";
const placeholder = (nonce: string, kind: Kind, message: number): string => `x${nonce}${kind}${message}x`;
/**
 * With any nonce, so that it is compiled once, and what may stand around it. As JSON a
 * tool's placeholder stands in quotes.
 */
const PLACEHOLDER = /(\u2003|"(?=x[0-9a-f]{32}tool))?x([0-9a-f]{32})(content|name|tool)(\d+)x(\u2003|")?/g;
type Found = [whole: string, left?: string, nonce?: string, kind?: Kind, number?: string, right?: string];

interface Prompt {
  messages: readonly Message[];
  addGenerationPrompt: boolean;
  /** As JSON, for a template that lists them itself. */
  tools: readonly string[];
}

/**
 * `constants`: further fields that the template uses. Fails as the template does, and with `weights_invalid` where
 * it writes tools in another form.
 */
export function renderedPieces(
  template: ChatTemplate,
  constants: Readonly<Record<string, unknown>>,
  { messages, addGenerationPrompt, tools }: Prompt,
): Piece[] {
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const hidden = messages.map(({ role, name }, i) => ({
    role,
    content: `${PADDING}${placeholder(nonce, "content", i)}${PADDING}`,
    ...(name === undefined ? {} : { name: placeholder(nonce, "name", i) }),
  }));
  const listed = tools.map((_, i) => placeholder(nonce, "tool", i));
  const rendered = template.render(hidden, addGenerationPrompt, {
    ...constants,
    ...(tools.length > 0 ? { tools: listed } : {}),
  });
  const pieces: Piece[] = [];
  let from = 0;
  PLACEHOLDER.lastIndex = 0;
  for (;;) {
    const found = PLACEHOLDER.exec(rendered);
    if (!found) break;
    const [whole, left = "", drawn, kind, number, right = ""] = found as unknown as Found;
    if (drawn !== nonce) {
      // The template writes it. What stands around it may be a placeholder's.
      PLACEHOLDER.lastIndex = found.index + 1;
      continue;
    }
    const at = Number(number);
    const before = rendered.slice(from, found.index);
    from = found.index + whole.length;
    if (kind === "tool") {
      check(left === '"' && right === '"', "weights_invalid", () => "chat template: tools not as JSON", "template");
      pieces.push({ template: before }, { message: -1, text: tools[at]! });
      continue;
    }
    // A quote behind a content is the template's.
    if (right === '"') from--;
    let text = messages[at]![kind!] ?? "";
    if (kind === "content" && !left) text = text.trimStart();
    if (kind === "content" && right !== PADDING) text = text.trimEnd();
    // A tokenizer's words begin with their space: " The" is one token. An answer's ids are the
    // model's own, so there it stays.
    const own = messages[at]!.role === "assistant" ? before : before.replace(/ +$/, "");
    text = before.slice(own.length) + text;
    pieces.push({ template: own });
    if (kind === "content") pieces.push(...withTools({ message: at, text }, messages[at]!));
    else pieces.push({ message: -1, text });
  }
  return [...pieces, { template: rendered.slice(from) }];
}
