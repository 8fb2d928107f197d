/**
 * Isolate: one isolate of the simulation. Its thread is shared as RoundRobin shares it: turns that read a
 * prompt and turns that generate have equal parts, and those that generate read the weights together, so
 * that two cost less than twice one.
 *
 * Between two events every turn goes on at a constant rate, so an isolate is only looked at when a turn comes,
 * is done with reading, or ends.
 */
import type { Machine } from "./constants.ts";

export interface SimulatedTurn {
  askedAt: number;
  /** What is left of the phase: milliseconds of CPU before the first token, then tokens. */
  left: number;
  tokens: number;
  phase: "reading" | "generating";
  firstTokenAt: number;
}

export class Isolate {
  readonly #machine: Machine;
  /** Nothing runs before. */
  readonly #warmAt: number;
  #now: number;
  readonly #running: SimulatedTurn[] = [];
  readonly #waiting: SimulatedTurn[] = [];
  /** Milliseconds in which its thread had something to do. */
  busyMs = 0;
  idleSince: number;
  /** Objects that are awake here. */
  objects = 0;
  /** Counts changes: what was foretold before one is void. */
  version = 0;

  constructor(machine: Machine, at: number, isCold: boolean) {
    this.#machine = machine;
    this.#warmAt = at + (isCold ? machine.coldStartMs : 0);
    this.#now = this.#warmAt;
    this.idleSince = at;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get isIdle(): boolean {
    return this.#running.length === 0 && this.#waiting.length === 0;
  }

  ask(at: number, readMs: number, tokens: number): SimulatedTurn {
    this.advance(at);
    const turn: SimulatedTurn = { askedAt: at, left: readMs, tokens, phase: "reading", firstTokenAt: 0 };
    this.#waiting.push(turn);
    this.#admit();
    return turn;
  }

  /** When the next phase ends, if nothing comes before. */
  get nextAt(): number {
    const [read, generate] = this.#rates();
    let soonest = Infinity;
    for (const { phase, left } of this.#running)
      soonest = Math.min(soonest, left / (phase === "reading" ? read : generate));
    return this.#now + soonest;
  }

  /** Brings the time to `at`; the turns that have ended. */
  advance(at: number): SimulatedTurn[] {
    const ended: SimulatedTurn[] = [];
    while (this.#running.length > 0) {
      const next = this.nextAt;
      if (next > at + 1e-9) break;
      this.#pass(next);
      ended.push(...this.#turnOver());
    }
    this.#pass(at);
    return ended;
  }

  #pass(at: number): void {
    const ms = at - this.#now;
    if (ms <= 0) return;
    const [read, generate] = this.#rates();
    for (const turn of this.#running) turn.left -= ms * (turn.phase === "reading" ? read : generate);
    if (this.#running.length > 0) this.busyMs += ms;
    this.#now = at;
  }

  #turnOver(): SimulatedTurn[] {
    const ended: SimulatedTurn[] = [];
    for (const turn of [...this.#running]) {
      if (turn.left > 1e-6) continue;
      this.version++;
      if (turn.phase === "reading") {
        Object.assign(turn, { phase: "generating", left: turn.tokens, firstTokenAt: this.#now });
        continue;
      }
      this.#running.splice(this.#running.indexOf(turn), 1);
      ended.push(turn);
    }
    this.#admit();
    if (this.isIdle) this.idleSince = this.#now;
    return ended;
  }

  #admit(): void {
    while (this.#running.length < this.#machine.slots && this.#waiting.length > 0) {
      this.#running.push(this.#waiting.shift()!);
      this.version++;
    }
  }

  /** Of one that reads, milliseconds of CPU in a millisecond; of one that generates, tokens. */
  #rates(): [read: number, generate: number] {
    const all = this.#running.length;
    let generating = 0;
    for (const { phase } of this.#running) if (phase === "generating") generating++;
    return [1 / all, generating === 0 ? 0 : generating / all / passMs(this.#machine, generating)];
  }
}

/** Of one pass for so many conversations. */
export function passMs({ passMs }: Machine, count: number): number {
  const known = passMs[count - 1];
  if (known !== undefined) return known;
  const [before = 0, last = 0] = passMs.slice(-2);
  return last + (count - passMs.length) * (passMs.length > 1 ? last - before : last);
}
