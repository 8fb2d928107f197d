/**
 * simulate: the turns of one location over a day.
 *
 * Conversations begin as a Poisson process whose rate follows the hour; each turn comes a while after the reply before
 * it. An object that is asleep is put into the isolate that has fewest awake, or into a new one when all are full:
 * which isolate the platform takes is not documented, and how many objects share one is what decides queueing.
 */
import type { Machine, Platform, Users } from "./constants.ts";
import { EventQueue } from "./event-queue.ts";
import { Isolate, type SimulatedTurn } from "./isolate.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Turns that an isolate lets wait; beyond them it answers 503 (docs/limits.md). */
const WAITING_MOST = 128;
/** The first isolates are cold for everybody; a day begins before it is counted. */
const WARM_UP_MS = HOUR_MS;

export interface Hour {
  turns: number;
  /** Milliseconds to the first token. */
  p50: number;
  p99: number;
  /** Most at once. */
  isolates: number;
}

export interface Day {
  turns: number;
  refused: number;
  /** Turns that began a fresh isolate or waited for one to be ready. */
  cold: number;
  p50: number;
  p99: number;
  /** Tokens per second of a reply, as its reader has it: the median. */
  rate: number;
  /** Of the isolates' time, the part in which their thread computed. */
  busy: number;
  objectSeconds: number;
  hours: Hour[];
}

type Event =
  | { type: "begin" }
  | { type: "ask"; conversation: Conversation }
  | { type: "step"; isolate: Isolate; version: number }
  | { type: "sleep"; conversation: Conversation; turns: number }
  | { type: "gone"; isolate: Isolate; since: number };

interface Conversation {
  left: number;
  isolate: Isolate | undefined;
  turns: number;
  running: boolean;
}

interface Location {
  machine: Machine;
  platform: Pick<Platform, "objectsPerIsolate" | "idleSeconds" | "lingerSeconds">;
  users: Users;
  /** Conversations that begin here in a day. */
  conversations: number;
  random: () => number;
}

/**
 * How many times as many conversations begin at this time of the day as on its average: least at four in the morning.
 */
export const rateAt = (ms: number, peak: number): number =>
  1 - (peak - 1) * Math.cos((2 * Math.PI * (ms / HOUR_MS - 4)) / 24);

export function simulate({ machine, platform, users, conversations, random }: Location): Day {
  const queue = new EventQueue<Event>();
  const isolates = new Set<Isolate>();
  const owner = new Map<SimulatedTurn, Conversation>();
  const cold = new Set<SimulatedTurn>();
  const firsts: number[][] = Array.from({ length: 24 }, () => []);
  const most = new Array<number>(24).fill(0);
  const rates: number[] = [];
  const total = { turns: 0, refused: 0, cold: 0, objectMs: 0, busyMs: 0, isolateMs: 0 };
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  const perMs = conversations / DAY_MS;
  const hourOf = (at: number) => Math.floor((at / HOUR_MS) % 24);
  const counts = (at: number) => at >= WARM_UP_MS && at < WARM_UP_MS + DAY_MS;
  const end = WARM_UP_MS + DAY_MS;
  const born = new Map<Isolate, number>();
  const readMs = machine.loadMs + users.promptTokens * machine.prefillMsPerToken;

  const place = (at: number): Isolate => {
    let best: Isolate | undefined;
    for (const one of isolates)
      if (one.objects < platform.objectsPerIsolate && one.objects < (best?.objects ?? Infinity)) best = one;
    if (best) return best;
    const made = new Isolate(machine, at, true);
    isolates.add(made);
    born.set(made, at);
    most[hourOf(at)] = Math.max(most[hourOf(at)]!, isolates.size);
    return made;
  };
  const follow = (isolate: Isolate) => {
    if (!isolate.isIdle) queue.add(isolate.nextAt, { type: "step", isolate, version: isolate.version });
    else
      queue.add(isolate.idleSince + 1000 * platform.idleSeconds, { type: "gone", isolate, since: isolate.idleSince });
  };
  const settle = (ended: readonly SimulatedTurn[], at: number) => {
    for (const turn of ended) {
      const conversation = owner.get(turn)!;
      owner.delete(turn);
      const isCold = cold.delete(turn);
      if (counts(turn.askedAt)) {
        total.turns++;
        total.cold += isCold ? 1 : 0;
        total.objectMs += at + machine.saveMs - turn.askedAt;
        firsts[hourOf(turn.askedAt)]!.push(turn.firstTokenAt - turn.askedAt);
        rates.push((1000 * turn.tokens) / Math.max(1, at - turn.firstTokenAt));
      }
      conversation.turns++;
      conversation.running = false;
      const { turns } = conversation;
      queue.add(at + 1000 * platform.lingerSeconds, { type: "sleep", conversation, turns });
      if (--conversation.left > 0)
        queue.add(at + exponential(1000 * users.thinkSeconds), { type: "ask", conversation });
    }
  };

  queue.add(exponential(1 / (perMs * users.peak)), { type: "begin" });
  for (let next = queue.next(); next && next.at < end; next = queue.next()) {
    const { at, event } = next;
    switch (event.type) {
      case "begin": {
        queue.add(at + exponential(1 / (perMs * users.peak)), { type: "begin" });
        if (random() * users.peak > rateAt(at, users.peak)) break;
        const left = 1 + Math.floor(exponential(Math.max(1e-9, users.turnsPerConversation - 0.5)));
        queue.add(at, { type: "ask", conversation: { left, isolate: undefined, turns: 0, running: false } });
        break;
      }
      case "ask": {
        const { conversation } = event;
        const before = isolates.size;
        const isolate = conversation.isolate ?? place(at);
        if (isolate.waiting >= WAITING_MOST) {
          if (counts(at)) total.refused++;
          queue.add(at + exponential(5000), { type: "ask", conversation });
          break;
        }
        if (!conversation.isolate) isolate.objects++;
        conversation.isolate = isolate;
        settle(isolate.advance(at), at);
        const tokens = Math.max(1, Math.round(exponential(users.replyTokens)));
        const turn = isolate.ask(at, readMs, tokens);
        owner.set(turn, conversation);
        conversation.running = true;
        if (isolates.size > before || at < born.get(isolate)! + machine.coldStartMs) cold.add(turn);
        follow(isolate);
        break;
      }
      case "step": {
        const { isolate, version } = event;
        if (version !== isolate.version) break;
        settle(isolate.advance(at), at);
        follow(isolate);
        break;
      }
      case "sleep": {
        const { conversation, turns } = event;
        if (conversation.turns !== turns || !conversation.isolate || conversation.running) break;
        conversation.isolate.objects--;
        conversation.isolate = undefined;
        break;
      }
      case "gone": {
        const { isolate, since } = event;
        if (!isolate.isIdle || isolate.idleSince !== since || isolate.objects > 0) {
          if (isolate.isIdle && isolate.idleSince === since)
            queue.add(at + 1000 * platform.idleSeconds, { type: "gone", isolate, since });
          break;
        }
        isolates.delete(isolate);
        total.busyMs += isolate.busyMs;
        total.isolateMs += at - born.get(isolate)!;
        break;
      }
    }
    most[hourOf(at)] = Math.max(most[hourOf(at)]!, isolates.size);
  }
  for (const isolate of isolates) {
    total.busyMs += isolate.busyMs;
    total.isolateMs += end - born.get(isolate)!;
  }
  const [p50, p99] = quantiles(firsts.flat(), [0.5, 0.99]) as [number, number];
  return {
    turns: total.turns,
    refused: total.refused,
    cold: total.cold,
    p50,
    p99,
    rate: quantiles(rates, [0.5])[0]!,
    busy: total.busyMs / Math.max(1, total.isolateMs),
    objectSeconds: total.objectMs / 1000,
    hours: firsts.map((of, hour) => {
      const [p50, p99] = quantiles(of, [0.5, 0.99]) as [number, number];
      return { turns: of.length, p50, p99, isolates: most[hour]! };
    }),
  };
}

/** Of values in any order; 0 of none. */
function quantiles(values: readonly number[], of: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return of.map((q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
}
