/**
 * createPromptBuilder: messages to ids through a chat template that never sees what the messages say.
 *
 * The template renders random placeholders. Its own text, between them, is encoded with control tokens; contents and names are encoded as
 * text. Ids are joined, strings never, so nothing in a message can become a control token or a piece of one (fault H1).
 * What a template computes from a content's text (`'</think>' in content`) sees the placeholder; trimming is found out and done likewise.
 */
import { check, Failure } from "../core/failure.ts";
import { ChatTemplate, TemplateRefusal } from "./chat-template.ts";
import { tokenText } from "./hf-codec.ts";
import type { Message, PromptBuilder, TextCodec } from "./text-codec.ts";

export interface PromptOptions extends Readonly<Record<string, unknown>> {
  /** Put before conversations that bring no system message. */
  systemPrompt?: string;
}

/** How tools are told of, and how a call is written: the form of Hermes, Qwen and Granite, whose templates have nearly these words. */
const TOOLS_HEAD =
  "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n";
const TOOLS_TAIL =
  '\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>';

/** White space that no template writes itself; it is gone after the template trimmed a content. */
const PADDING = "\u2003";
/** No white space, no markup, at most 64 characters. */
const NAME = /^[\p{L}\p{N}_.-]{1,64}$/u;
const ROLES: readonly string[] = ["system", "user", "assistant", "tool"];

/** A piece of a rendering: the template's own text, or a message's content or name. */
type Piece = { template: string } | { message: number; text: string };

/** `options`: also tokenizer_config.json, for fields that templates use. Failure `weights_invalid` when the template cannot be used. */
export function createPromptBuilder(template: string, codec: TextCodec, options: PromptOptions = {}): PromptBuilder {
  return new TemplatePromptBuilder(new ChatTemplate(template), codec, options);
}

class TemplatePromptBuilder implements PromptBuilder {
  readonly #template: ChatTemplate;
  readonly #codec: TextCodec;
  readonly #constants: Readonly<Record<string, unknown>>;
  readonly #systemPrompt: Message[];
  /** What follows an assistant's content in a template, if it is one control token. */
  readonly #endOfTurn: number | undefined;

  constructor(template: ChatTemplate, codec: TextCodec, { systemPrompt, ...config }: PromptOptions) {
    this.#template = template;
    this.#codec = codec;
    this.#constants = plainFields(config);
    this.#systemPrompt = systemPrompt ? [{ role: "system", content: systemPrompt }] : [];
    try {
      this.start([{ role: "user", content: "a" }]);
      const closing = this.#afterAssistant(this.#pieces([user, assistant], false), 1);
      this.#endOfTurn = this.#encode(closing).find((id) => codec.control.has(id));
    } catch (thrown) {
      const { message } = Failure.from(thrown);
      throw new Failure("weights_invalid", `chat template: one plain turn fails: ${message}`, {
        param: "template",
        cause: thrown,
      });
    }
  }

  start(messages: readonly Message[]): number[] {
    checkMessages(messages);
    const [first] = messages;
    if (first!.role === "system") return this.#encode(this.#render([], messages));
    if (!first!.tools) return this.#encode(this.#render(this.#systemPrompt, messages));
    // Tools stand in a system message of their own rather than in the question.
    const { tools, ...question } = first!;
    const [{ content } = system] = this.#systemPrompt;
    return this.#encode(this.#render([{ role: "system", content, tools }], [question, ...messages.slice(1)]));
  }

  append(history: { hasSystem: boolean; closed: boolean }, messages: readonly Message[]): number[] {
    checkMessages(messages);
    const past: Message[] = [...(history.hasSystem || this.#systemPrompt.length > 0 ? [system] : []), user, assistant];
    const ids = this.#encode(this.#afterAssistant(this.#render(past, messages), past.length - 1));
    const end = this.#endOfTurn === undefined ? -1 : ids.findIndex((id) => this.#codec.control.has(id));
    return history.closed && end >= 0 && ids[end] === this.#endOfTurn ? ids.slice(end + 1) : ids;
  }

  system(text: string): number[] {
    // With a question behind it: there are templates that take no system message alone.
    const pieces = this.#render([], [{ role: "system", content: text }, user]);
    return this.#encode(pieces.slice(0, systemAt(pieces) + 1));
  }

  afterSystem(messages: readonly Message[]): number[] {
    checkMessages(messages);
    const pieces = this.#render([system], messages);
    return this.#encode(pieces.slice(systemAt(pieces) + 1));
  }

  /** Pieces of `past` and `messages` up to where the answer begins; failures name the message by its place in `messages`. */
  #render(past: readonly Message[], messages: readonly Message[]): Piece[] {
    const all = [...past, ...messages];
    try {
      const pieces = this.#pieces(all, true);
      all.forEach(({ role }, i) => {
        const isThere = pieces.some((piece) => "message" in piece && piece.message === i);
        check(
          isThere,
          "request_invalid",
          () => `this model's chat template leaves out ${role} messages`,
          field(i - past.length, "role"),
        );
      });
      return pieces;
    } catch (thrown) {
      if (!(thrown instanceof TemplateRefusal)) throw thrown;
      const at = this.#refused(past, messages);
      const { role } = messages[at]!;
      const message = `this model's chat template takes no ${role} message here: ${thrown.message.slice(0, 200)}`;
      throw new Failure("request_invalid", message, { param: field(at, "role"), cause: thrown });
    }
  }

  /** The first message that makes the template refuse. */
  #refused(past: readonly Message[], messages: readonly Message[]): number {
    const passes = (count: number) => {
      try {
        this.#pieces([...past, ...messages.slice(0, count)], true);
        return true;
      } catch {
        return false;
      }
    };
    let [passing, refused] = [0, messages.length];
    while (refused - passing > 1) {
      const middle = (passing + refused) >> 1;
      if (passes(middle)) passing = middle;
      else refused = middle;
    }
    return passing;
  }

  #pieces(messages: readonly Message[], addGenerationPrompt: boolean): Piece[] {
    const nonce = crypto.randomUUID().replaceAll("-", "");
    const hidden = messages.map(({ role, name }, i) => ({
      role,
      content: `${PADDING}${placeholder(nonce, "content", i)}${PADDING}`,
      ...(name === undefined ? {} : { name: placeholder(nonce, "name", i) }),
    }));
    const rendered = this.#template.render(hidden, addGenerationPrompt, this.#constants);
    const placeholders = new RegExp(`(${PADDING}?)x${nonce}(content|name)(\\d+)x(${PADDING}?)`, "g");
    const pieces: Piece[] = [];
    let from = 0;
    for (const found of rendered.matchAll(placeholders)) {
      const [whole, left, kind, number, right] = found as unknown as [
        string,
        string,
        "content" | "name",
        string,
        string,
      ];
      const message = Number(number);
      let text = messages[message]![kind] ?? "";
      if (kind === "content" && !left) text = text.trimStart();
      if (kind === "content" && !right) text = text.trimEnd();
      const before = rendered.slice(from, found.index);
      // A tokenizer's words begin with their space: " The" is one token. An answer's ids are the model's own, so there it stays.
      const template = messages[message]!.role === "assistant" ? before : before.replace(/ +$/, "");
      text = before.slice(template.length) + text;
      pieces.push({ template });
      if (kind === "content") pieces.push(...withTools({ message, text }, messages[message]!));
      else pieces.push({ message: -1, text });
      from = found.index + whole.length;
    }
    return [...pieces, { template: rendered.slice(from) }];
  }

  #afterAssistant(pieces: readonly Piece[], message: number): Piece[] {
    const at = pieces.findLastIndex((piece) => "message" in piece && piece.message === message);
    check(at >= 0, "weights_invalid", () => "chat template: leaves out assistant messages", "template");
    return pieces.slice(at + 1);
  }

  #encode(pieces: readonly Piece[]): number[] {
    const ids: number[] = [];
    for (const piece of pieces) {
      const next = "message" in piece ? this.#codec.encodeText(piece.text) : this.#codec.encodeTemplate(piece.template);
      for (const id of next) ids.push(id);
    }
    return ids;
  }
}

/** The tools stand behind a system message's content, and before a user's. Their text is the caller's, so it is encoded as text. */
function withTools(content: { message: number; text: string }, { role, tools }: Message): Piece[] {
  if (!tools || tools.length === 0) return [content];
  const listed: Piece[] = [{ template: TOOLS_HEAD }, { message: -1, text: tools.join("\n") }, { template: TOOLS_TAIL }];
  if (role === "user") return [...listed, { template: "\n\n" }, content];
  return [content, { template: content.text === "" ? "" : "\n\n" }, ...listed];
}

/** The first message's content. */
const systemAt = (pieces: readonly Piece[]): number =>
  pieces.findIndex((piece) => "message" in piece && piece.message === 0);

const placeholder = (nonce: string, kind: "content" | "name", message: number): string => `x${nonce}${kind}${message}x`;

const system: Message = { role: "system", content: "" };
const user: Message = { role: "user", content: "" };
const assistant: Message = { role: "assistant", content: "" };

const field = (message: number, name: string): string => (message < 0 ? "messages" : `messages[${message}].${name}`);

function checkMessages(messages: readonly Message[]): void {
  check(messages.length > 0, "request_invalid", () => "expected at least one message", "messages");
  messages.forEach(({ role, content, name }, i) => {
    check(ROLES.includes(role), "request_invalid", () => `expected one of ${ROLES.join(", ")}`, field(i, "role"));
    check(typeof content === "string", "request_invalid", () => "expected text", field(i, "content"));
    const isName = name === undefined || NAME.test(name);
    check(isName, "request_invalid", () => "expected at most 64 letters, digits, '_', '.', '-'", field(i, "name"));
  });
}

/** Strings, numbers, booleans, and tokens given as objects. */
function plainFields(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain = Object.entries(config).map(([name, value]) => [
    name,
    typeof value === "object" ? tokenText(value) || undefined : value,
  ]);
  return Object.fromEntries(plain.filter(([, value]) => ["string", "number", "boolean"].includes(typeof value)));
}
