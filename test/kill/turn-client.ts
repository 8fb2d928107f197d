/**
 * TurnClient: one streamed turn as a client sees it that never gives up.
 *
 * It sends the request with an Idempotency-Key. Once it knows the reply's id it comes back with Last-Event-ID, before
 * that with the same request. It holds the server to its promises: ids that rise without repeats, one terminal event,
 * nothing lost that it was shown.
 */
import { EventSourceParserStream } from "eventsource-parser/stream";

export interface TurnPlan {
  key: string;
  body: Record<string, unknown>;
}

interface Chunk {
  id?: string;
  choices?: { delta: { content?: string }; finish_reason: string | null }[];
  error?: { code: string; message: string };
}

export type Outcome = "finished" | "broken" | "waiting";

export class TurnClient {
  readonly #plan: TurnPlan;
  /** How often the client came back, and by which way. */
  readonly comebacks = { resumed: 0, repeated: 0 };
  text = "";
  tokens = 0;
  lastId = 0;
  id: string | undefined;
  reason: string | undefined;
  finished = false;
  broken: string | undefined;
  #lastData = "";
  #left = new AbortController();

  constructor(plan: TurnPlan) {
    this.#plan = plan;
  }

  /**
   * One connection, to its end. `onToken` hears of every token event. `waiting`: the turn is
   * running, ask again a little later.
   */
  async connect(url: string, onToken: (tokens: number) => void = () => {}): Promise<Outcome> {
    try {
      const response = await this.#ask(url);
      if (response.status === 204) return this.#end();
      if (!response.ok) return await this.#refused(response);
      return await this.#read(response, onToken);
    } catch (thrown) {
      if (thrown instanceof Broken) throw thrown;
      // The connection is gone: that is what this is about.
      this.broken = String((thrown as Error).cause ?? thrown);
      return "broken";
    }
  }

  /** Closes the connection, as a closed browser does. */
  leave(): void {
    this.#left.abort();
  }

  #ask(url: string): Promise<Response> {
    this.#left = new AbortController();
    const { signal } = this.#left;
    if (this.id === undefined) {
      this.comebacks.repeated++;
      return fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": this.#plan.key },
        body: JSON.stringify({ ...this.#plan.body, stream: true }),
        signal,
      });
    }
    this.comebacks.resumed++;
    const headers = { "last-event-id": String(this.lastId) };
    return fetch(`${url}/v1/chat/completions/${this.id}?stream=true`, { headers, signal });
  }

  async #refused(response: Response): Promise<Outcome> {
    const body = await response.text();
    const code = /"code":"(\w+)"/.exec(body)?.[1];
    if ((code === "turn_in_progress" && this.id === undefined) || code === "busy") return "waiting";
    throw new Broken(`${response.status} ${body} (reply ${this.id}, after ${this.lastId})`);
  }

  async #read(response: Response, onToken: (tokens: number) => void): Promise<Outcome> {
    const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data, id } of events) {
      if (data === "[DONE]") return this.#end();
      this.#lastData = data.slice(0, 400);
      this.#take(JSON.parse(data) as Chunk, id === undefined ? undefined : Number(id));
      onToken(this.tokens);
    }
    return "broken";
  }

  #take(chunk: Chunk, id: number | undefined): void {
    if (chunk.error) throw new Broken(`${chunk.error.code}: ${chunk.error.message}`);
    // The first event has number 0, and a repeated request begins there again.
    if (id !== undefined && id !== 0) {
      if (id <= this.lastId) throw new Broken(`O3: event ${id} came after ${this.lastId}`);
      this.lastId = id;
    }
    if (chunk.id && this.id && chunk.id !== this.id) throw new Broken(`O4: reply ${chunk.id} continues ${this.id}`);
    this.id = chunk.id ?? this.id;
    const [choice] = chunk.choices ?? [];
    if (!choice) return;
    if (this.reason !== undefined) throw new Broken("O4: an event after the terminal one");
    if (choice.delta.content) {
      this.text += choice.delta.content;
      this.tokens++;
    }
    if (choice.finish_reason) this.reason = choice.finish_reason;
  }

  #end(): Outcome {
    if (this.reason === undefined)
      throw new Broken(`O4: the stream ended without its terminal event, after ${this.lastId}: ${this.#lastData}`);
    this.finished = true;
    return "finished";
  }
}

/** A promise that was not kept. */
export class Broken extends Error {}
