/**
 * createPromptBuilder: messages to ids through a chat template that never sees what the messages say.
 *
 * The template's own text is encoded with control tokens; contents and names are encoded as text (rendered-pieces.ts).
 * Ids are joined, strings never, so nothing in a message can become a control token or a piece of one (fault H1).
 */
import { check, Failure } from "../core/failure.ts";
import { ChatTemplate, TemplateRefusal } from "./chat-template.ts";
import { tokenText } from "./hf-codec.ts";
import { renderedPieces } from "./rendered-pieces.ts";
import type { Message, PromptBuilder, TextCodec } from "./text-codec.ts";
import { CALL_MARK, type Piece } from "./tool-text.ts";

interface PromptOptions extends Readonly<Record<string, unknown>> {
  /** Put before conversations that bring no system message. */
  systemPrompt?: string;
}

/** No white space, no markup, at most 64 characters. */
const NAME = /^[\p{L}\p{N}_.-]{1,64}$/u;
const ROLES: readonly string[] = ["system", "user", "assistant", "tool"];

/**
 * `options`: also tokenizer_config.json, for fields that templates use. Failure `weights_invalid`
 * when the template cannot be used.
 */
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
  /** The template lists tools itself, each by `tool | tojson`, and says how they are called. */
  readonly #tellsOfTools: boolean;
  readonly #takesSystem: boolean;
  readonly takesSystemLater: boolean;

  constructor(template: ChatTemplate, codec: TextCodec, { systemPrompt, ...config }: PromptOptions) {
    this.#template = template;
    this.#codec = codec;
    this.#constants = plainFields(config);
    this.#systemPrompt = systemPrompt ? [{ role: "system", content: systemPrompt }] : [];
    try {
      this.start([{ role: "user", content: "a" }]);
      const closing = this.#afterAssistant(this.#pieces([user, assistant], false), 1);
      this.#endOfTurn = this.#encode(closing).find((id) => codec.control.has(id));
      this.#tellsOfTools = this.#canTell();
      this.#takesSystem = this.#passes([system, user]);
      this.takesSystemLater = this.#takesLater();
    } catch (thrown) {
      const { message } = Failure.from(thrown);
      throw new Failure("weights_invalid", `chat template: one plain turn fails: ${message}`, {
        param: "template",
        cause: thrown,
      });
    }
  }

  start(messages: readonly Message[], answering = true): number[] {
    checkMessages(messages);
    const [first] = messages as [Message];
    const past = first.role === "system" ? [] : this.#systemPrompt;
    if (!first.tools) return this.#encode(this.#render(past, messages, [], answering));
    const { tools, ...said } = first;
    const rest = [said, ...messages.slice(1)];
    if (this.#tellsOfTools) return this.#encode(this.#render(past, rest, tools, answering));
    if (first.role === "system" || !this.#takesSystem) return this.#encode(this.#render(past, messages, [], answering));
    // Rather in a system message of their own than in the question.
    const [{ content } = system] = past;
    return this.#encode(this.#render([{ role: "system", content, tools }], rest, [], answering));
  }

  append(history: { hasSystem: boolean; closed: boolean }, messages: readonly Message[]): number[] {
    if (messages.length > 0) checkMessages(messages);
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

  /**
   * Pieces of `past` and `messages` up to where the answer begins; failures name the
   * message by its place in `messages`.
   */
  #render(
    past: readonly Message[],
    messages: readonly Message[],
    tools: readonly string[] = [],
    answering = true,
  ): Piece[] {
    const all = [...past, ...messages];
    try {
      const pieces = this.#pieces(all, answering, tools);
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
    const passes = (count: number) => this.#passes([...past, ...messages.slice(0, count)]);
    let [passing, refused] = [0, messages.length];
    while (refused - passing > 1) {
      const middle = (passing + refused) >> 1;
      if (passes(middle)) passing = middle;
      else refused = middle;
    }
    return passing;
  }

  #passes(messages: readonly Message[]): boolean {
    try {
      this.#pieces(messages, true);
      return true;
    } catch {
      return false;
    }
  }

  #takesLater(): boolean {
    try {
      const pieces = this.#render([user, assistant], [system, user]);
      const places = [1, 2, 3].map((at) => pieces.findIndex((piece) => "message" in piece && piece.message === at));
      return places[0]! < places[1]! && places[1]! < places[2]!;
    } catch {
      return false;
    }
  }

  #canTell(): boolean {
    try {
      const pieces = this.#pieces([user], true, ["{}"]);
      const listed = pieces.filter((piece) => "text" in piece && piece.text === "{}").length === 1;
      return listed && pieces.some((piece) => "template" in piece && piece.template.includes(CALL_MARK));
    } catch {
      return false;
    }
  }

  #pieces(messages: readonly Message[], addGenerationPrompt: boolean, tools: readonly string[] = []): Piece[] {
    return renderedPieces(this.#template, this.#constants, { messages, addGenerationPrompt, tools });
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

/** The first message's content. */
const systemAt = (pieces: readonly Piece[]): number =>
  pieces.findIndex((piece) => "message" in piece && piece.message === 0);

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
