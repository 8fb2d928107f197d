/**
 * What callers do to a server under load, each kind one act: they chat in conversations, read streams slowly, leave in
 * the middle, open sockets, upload too much, delete, repeat a seed, and ask for what is not there.
 */

/** What came of it all. */
export interface Tally {
  turns: number;
  /** Answered turns that were not there afterwards. */
  lost: string[];
  /** Replies that differed where they had to be the same. */
  differed: number;
  firstTokenMs: number[];
  asked: Map<string, number>;
  refusals: Map<string, number>;
  /** Conversations whose turn was answered, with how many turns each has. */
  acknowledged: Map<string, number>;
  /** What must happen at times in a long run, and how often it did. */
  seen: Map<string, number>;
}

const note = (map: Map<string, number>, what: string): void => void map.set(what, (map.get(what) ?? 0) + 1);

type Kind = [name: string, act: (conversation: string, round: number) => Promise<void>];

/** How often a caller comes back to a server that is full before it gives up. */
const COMEBACKS = 200;
/** Turns after which a conversation is deleted and begun anew, before the tiny model's context is full. */
const TURNS_OF_ONE = 8;

export class Callers {
  readonly tally: Tally = {
    turns: 0,
    lost: [],
    differed: 0,
    firstTokenMs: [],
    asked: new Map(),
    refusals: new Map(),
    acknowledged: new Map(),
    seen: new Map(),
  };
  readonly #url: string;
  #golden = "";

  readonly #kinds: Kind[] = [
    ["turn", (name, round) => this.#whole(name, round)],
    ["turn", (name, round) => this.#whole(name, round)],
    ["stream", (name) => this.#streamed(name, 0)],
    ["slow reader", (name) => this.#streamed(name, 20)],
    ["disconnect", (name) => this.#streamed(name, 0, 3)],
    ["upload", async () => void (await this.#refused(await this.#post("/v1/chat/completions", "x".repeat(2 << 20))))],
    ["unknown", async (name) => void (await this.#refused(await this.#get(`/v1/conversations/none-${name}`)))],
    ["socket", (name) => this.#socket(name)],
    ["seed", (_, round) => this.#seeded(round)],
  ];

  constructor(url: string) {
    this.#url = url;
  }

  /** Round 0 gives every conversation its first turn; an eighth of them does something else besides. */
  async act(n: number, round: number): Promise<void> {
    const name = `load-${n}`;
    const plain = this.#kinds[0]!;
    await this.#do(round === 0 ? plain : this.#kinds[(n + round) % this.#kinds.length]!, name, round);
    if (round === 0 && n % 8 === 7)
      await this.#do(this.#kinds[2 + (Math.floor(n / 8) % (this.#kinds.length - 2))]!, name, round);
  }

  async #do([kind, act]: Kind, name: string, round: number): Promise<void> {
    note(this.tally.asked, kind);
    await act(name, round).catch((thrown: Error) =>
      note(this.tally.refusals, thrown.cause ? String(thrown.cause) : thrown.message),
    );
  }

  /** The request whose bytes must never change. A full server may refuse it. */
  async golden(): Promise<void> {
    const response = await this.#turn(undefined, "the same as ever", { max_tokens: 12 });
    const body = (await response.json()) as { choices?: { message: { content: string } }[] };
    const content = body.choices?.[0]?.message.content;
    if (content === undefined) return note(this.tally.refusals, `${response.status} of the golden request`);
    this.#golden ||= content;
    if (content !== this.#golden) this.tally.differed++;
  }

  /** Whether every answered turn is there. */
  async recount(concurrent: number): Promise<void> {
    const left = [...this.tally.acknowledged];
    const one = async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        const [name, turns] = next;
        const response = await this.#get(`/v1/conversations/${name}/turns?limit=100`);
        const { data } = (await response.json()) as { data?: unknown[] };
        if ((data?.length ?? 0) < turns)
          this.tally.lost.push(`${name}: ${data?.length ?? response.status} of ${turns}`);
      }
    };
    await Promise.all(Array.from({ length: concurrent }, one));
  }

  #get = (path: string): Promise<Response> => fetch(this.#url + path);

  #post(path: string, body: BodyInit): Promise<Response> {
    return fetch(this.#url + path, { method: "POST", headers: { "content-type": "application/json" }, body });
  }

  #turn(conversation: string | undefined, content: string, more: object = {}): Promise<Response> {
    const messages = [{ role: "user", content }];
    const body = { model: "tiny", messages, max_tokens: 8, temperature: 0, ...(conversation ? { conversation } : {}) };
    return this.#post("/v1/chat/completions", JSON.stringify({ ...body, ...more }));
  }

  async #refused(response: Response): Promise<boolean> {
    if (response.ok) return false;
    const { error } = (await response.json().catch(() => ({}))) as { error?: { code: string } };
    note(this.tally.refusals, `${response.status} ${error?.code ?? ""}`);
    return true;
  }

  /** As a client that does what the server says: where that is full, it comes back after `Retry-After`. */
  async #answered(ask: () => Promise<Response>): Promise<Response> {
    for (let left = COMEBACKS; ; left--) {
      const response = await ask();
      if (response.status !== 503 || left === 0) return response;
      await this.#refused(response);
      const seconds = Number(response.headers.get("retry-after") ?? 1);
      // Not all at the same moment.
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds * (0.5 + Math.random())));
    }
  }

  /** A turn, and whether the one before it is still there. */
  async #whole(name: string, round: number): Promise<void> {
    const { acknowledged, lost, seen } = this.tally;
    const before = acknowledged.get(name) ?? 0;
    if (before >= TURNS_OF_ONE) return this.#delete(name);
    const beganMs = performance.now();
    const response = await this.#answered(() => this.#turn(name, `round ${round}`));
    if (await this.#refused(response)) return;
    const { timings } = (await response.json()) as { timings: { state: string } };
    this.tally.firstTokenMs.push(performance.now() - beganMs);
    this.tally.turns++;
    note(seen, `state ${timings.state}`);
    if (before > 0 && timings.state === "new") lost.push(`${name}: begun anew after ${before}`);
    acknowledged.set(name, before + 1);
  }

  /** Afterwards it is not there; its name is free. */
  async #delete(name: string): Promise<void> {
    const { acknowledged, lost, seen } = this.tally;
    const response = await fetch(`${this.#url}/v1/conversations/${name}`, { method: "DELETE" });
    if (await this.#refused(response)) return;
    await response.arrayBuffer();
    acknowledged.delete(name);
    const gone = await this.#get(`/v1/conversations/${name}`);
    await gone.arrayBuffer();
    if (gone.status === 404) note(seen, "deleted");
    else lost.push(`${name}: ${gone.status} after its deletion`);
  }

  /** `slowly` waits between pieces, `leaveAfter` pieces it leaves. */
  async #streamed(name: string, slowly: number, leaveAfter = Number.POSITIVE_INFINITY): Promise<void> {
    const beganMs = performance.now();
    const response = await this.#turn(undefined, `${name} go`, { stream: true, max_tokens: 24 });
    if (await this.#refused(response)) return;
    const reader = response.body!.getReader();
    for (let n = 0; ; n++) {
      const { done } = await reader.read();
      if (n === 0) this.tally.firstTokenMs.push(performance.now() - beganMs);
      if (done) break;
      if (n >= leaveAfter) {
        await reader.cancel();
        note(this.tally.seen, "left in the middle");
        return;
      }
      if (slowly) await new Promise((resolve) => setTimeout(resolve, slowly));
    }
    this.tally.turns++;
  }

  /** One response over a WebSocket, which is then closed. */
  async #socket(name: string): Promise<void> {
    const socket = new WebSocket(`${this.#url.replace("http", "ws")}/v1/responses`);
    const ended = new Promise<string>((resolve) => {
      socket.addEventListener("open", () =>
        socket.send(
          JSON.stringify({ type: "response.create", model: "tiny", input: name, max_output_tokens: 8, store: false }),
        ),
      );
      socket.addEventListener("message", ({ data }) => {
        const { type } = JSON.parse(String(data)) as { type: string };
        if (/^(response\.(completed|incomplete|failed)|error)$/.test(type)) resolve(type);
      });
      socket.addEventListener("close", () => resolve("closed"));
      socket.addEventListener("error", () => resolve("socket refused"));
    });
    const type = await ended;
    socket.close();
    if (type === "response.completed" || type === "response.incomplete") {
      this.tally.turns++;
      note(this.tally.seen, "answered over a socket");
    } else note(this.tally.refusals, type);
  }

  /** The same seed twice. */
  async #seeded(round: number): Promise<void> {
    const ask = async () => {
      const response = await this.#turn(undefined, "any", { temperature: 1, seed: round });
      if (await this.#refused(response)) return undefined;
      return ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
    };
    const [first, second] = [await ask(), await ask()];
    if (first === undefined || second === undefined) return;
    this.tally.turns += 2;
    if (first === second) note(this.tally.seen, "a seed repeated");
    else this.tally.differed++;
  }
}
