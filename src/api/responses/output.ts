/**
 * ResponseOutput: the growing list of a response's output items, and the events that tell how it grows.
 *
 * One item at a time is open. Text opens a message; a call closes it and opens one of its own.
 */
interface OutputText {
  type: "output_text";
  text: string;
  annotations: [];
  logprobs: object[];
}
interface MessageItem {
  type: "message";
  id: string;
  status: ItemStatus;
  role: "assistant";
  content: OutputText[];
}
interface CallItem {
  type: "function_call";
  id: string;
  status: ItemStatus;
  call_id: string;
  name: string;
  arguments: string;
}
type OutputItem = MessageItem | CallItem;
export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** An event without its number. */
export interface OutputEvent {
  type: string;
  [field: string]: unknown;
}

export class ResponseOutput {
  readonly items: OutputItem[] = [];
  readonly #key: string;
  /** Log probabilities of tokens that have completed no text yet. */
  #held: object[] = [];

  /** `key`: object name and turn, the middle of every item's id. */
  constructor(key: string) {
    this.#key = key;
  }

  /** More of the answer's text. */
  text(delta: string, logprob?: object): OutputEvent[] {
    if (logprob) this.#held.push(logprob);
    if (delta === "") return [];
    const events = this.#isOpen("message") ? [] : [...this.close("completed"), ...this.#openMessage()];
    const [part] = (this.items.at(-1) as MessageItem).content as [OutputText];
    const logprobs = this.#held;
    this.#held = [];
    part.text += delta;
    part.logprobs.push(...logprobs);
    return [...events, this.#at("response.output_text.delta", { content_index: 0, delta, logprobs })];
  }

  /** A call begins. */
  call(callId: string, name: string): OutputEvent[] {
    const closed = this.close("completed");
    const id = `fc_${this.#key}_${this.items.length}`;
    return [
      ...closed,
      this.#add({ type: "function_call", id, status: "in_progress", call_id: callId, name, arguments: "" }),
    ];
  }

  /** More of the open call's arguments. */
  arguments(delta: string): OutputEvent[] {
    if (delta === "" || !this.#isOpen("function_call")) return [];
    (this.items.at(-1) as CallItem).arguments += delta;
    return [this.#at("response.function_call_arguments.delta", { delta })];
  }

  /** Ends the open item, if there is one. */
  close(status: ItemStatus): OutputEvent[] {
    const item = this.items.at(-1);
    if (item?.status !== "in_progress") return [];
    item.status = status;
    if (item.type === "function_call")
      return [
        this.#at("response.function_call_arguments.done", { name: item.name, arguments: item.arguments }),
        this.#done(item),
      ];
    const [part] = item.content as [OutputText];
    const { text, logprobs } = part;
    return [
      this.#at("response.output_text.done", { content_index: 0, text, logprobs }),
      this.#at("response.content_part.done", { content_index: 0, part: { ...part } }),
      this.#done(item),
    ];
  }

  /** Ends all; an answer without a word is an empty message. */
  end(status: ItemStatus): OutputEvent[] {
    const opened = this.items.length === 0 ? this.#openMessage() : [];
    return [...opened, ...this.close(status)];
  }

  #isOpen(type: OutputItem["type"]): boolean {
    const item = this.items.at(-1);
    return item?.type === type && item.status === "in_progress";
  }

  #openMessage(): OutputEvent[] {
    const id = `msg_${this.#key}_${this.items.length}`;
    const added = this.#add({ type: "message", id, status: "in_progress", role: "assistant", content: [] });
    const part: OutputText = { type: "output_text", text: "", annotations: [], logprobs: [] };
    (this.items.at(-1) as MessageItem).content.push(part);
    return [added, this.#at("response.content_part.added", { content_index: 0, part: { ...part, logprobs: [] } })];
  }

  #add(item: OutputItem): OutputEvent {
    this.items.push(item);
    return { type: "response.output_item.added", output_index: this.items.length - 1, item: structuredClone(item) };
  }

  #done = (item: OutputItem): OutputEvent => ({
    type: "response.output_item.done",
    output_index: this.items.length - 1,
    item: structuredClone(item),
  });

  #at = (type: string, fields: object): OutputEvent => ({
    type,
    item_id: this.items.at(-1)!.id,
    output_index: this.items.length - 1,
    ...fields,
  });
}
