/**
 * world: a day of all locations. Their sizes fall off by rank. Where the turns are too many to simulate, every n-th
 * location stands for its neighbours, and of a large one a part is simulated: the isolates of a location know nothing
 * of each other, so ten times as many users need ten times as many. A part has some thirty objects awake in its busiest
 * hour, so it says little of isolates for more.
 */
import type { Machine, Platform, Users } from "./constants.ts";
import { type Day, type Hour, simulate } from "./simulate.ts";

/** Weights 1/(rank + SPREAD): of thirty locations the largest has a tenth. */
const SPREAD = 4;
/** Locations that are simulated, and turns in each, about. */
const LOCATIONS_MOST = 3;
const TURNS_MOST = 120_000;

interface World {
  machine: Machine;
  platform: Platform;
  users: Users;
  seed: number;
}

/** Of all locations together; `hours` are those of the first that was simulated, or of the part of it that was. */
export interface Total extends Omit<Day, "hours"> {
  isolates: number;
  simulated: number;
  hours: Hour[];
}

export function simulateWorld({ machine, platform, users, seed }: World): Total {
  const weights = Array.from({ length: platform.locations }, (_, rank) => 1 / (rank + SPREAD));
  const sum = weights.reduce((a, b) => a + b, 0);
  const conversations = users.users * users.conversationsPerDay;
  const isMany = conversations * users.turnsPerConversation > LOCATIONS_MOST * TURNS_MOST;
  const every = isMany ? Math.ceil(platform.locations / LOCATIONS_MOST) : 1;
  const days: { day: Day; stands: number }[] = [];
  for (let rank = 0; rank < platform.locations; rank += every) {
    const group = weights.slice(rank, rank + every);
    const of = Math.min(Math.floor(group.length / 2), group.length - 1);
    // The middle one of its group: neither its largest nor its smallest.
    const weight = group[of]!;
    const all = (conversations * weight) / sum;
    const part = Math.min(1, TURNS_MOST / (all * users.turnsPerConversation));
    const day = simulate({ machine, platform, users, conversations: all * part, random: randomFrom(seed + rank) });
    days.push({ day, stands: group.reduce((a, b) => a + b, 0) / weight / part });
  }
  const add = (of: (day: Day) => number) => days.reduce((all, { day, stands }) => all + stands * of(day), 0);
  const turns = add(({ turns }) => turns);
  const mean = (of: (day: Day) => number) => add((day) => day.turns * of(day)) / Math.max(1, turns);
  return {
    turns,
    refused: add(({ refused }) => refused),
    cold: add(({ cold }) => cold),
    p50: mean(({ p50 }) => p50),
    p99: mean(({ p99 }) => p99),
    rate: mean(({ rate }) => rate),
    busy: mean(({ busy }) => busy),
    objectSeconds: add(({ objectSeconds }) => objectSeconds),
    isolates: add(({ hours }) => Math.max(...hours.map(({ isolates }) => isolates))),
    simulated: days.reduce((all, { day }) => all + day.turns, 0),
    hours: days[0]!.day.hours,
  };
}

/** mulberry32: the same day for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
