/**
 * Presses with wear, faults and shifts feed a stream each; their alerts go into one conversation, which
 * is asked about them at the end.
 *
 * What happens to which press is known here, so the table says what was found, and how many alerts were for nothing.
 */
import { parseArgs } from "node:util";
import { rivulet, run, short, table } from "../client.ts";

const { values: options } = parseArgs({
  options: {
    presses: { type: "string", default: "20" },
    days: { type: "string", default: "6" },
    /** Leave the streams there, to be looked at. */
    keep: { type: "boolean", default: false },
  },
});

/** Values of a day: one in a quarter of an hour. */
const DAY = 96;
const PRESSES = Number(options.presses);
const DAYS = Number(options.days);
const BEGAN_MS = Date.UTC(2026, 0, 5);

type Trouble = "spike" | "shift" | "wear" | "silent";
const troubles: Trouble[] = ["spike", "shift", "wear", "silent"];

interface Press {
  name: string;
  stream: string;
  trouble: Trouble | undefined;
  /** The value at which it begins. */
  from: number;
  random: () => number;
}

interface Alert {
  name: string;
  position: number;
  time: string | null;
  value: number | null;
}

/** Numbers in [0, 1) that are the same at every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Force of a press: three shifts with a break each, a night that runs slower, noise, and what is wrong with it. */
function force({ trouble, from, random }: Press, at: number): number | null {
  const quarter = at % DAY;
  const isBreak = quarter % 32 >= 14 && quarter % 32 < 16;
  const shift = [52, 60, 57][Math.floor(quarter / 32)]!;
  const noise = (random() + random() + random() - 1.5) * 1.6;
  const sound = (isBreak ? 20 : shift) + noise;
  const since = at - from;
  if (trouble === undefined || since < 0) return sound;
  if (trouble === "spike") return since === 0 ? sound + 45 : sound;
  if (trouble === "shift") return sound - 18;
  if (trouble === "wear") return sound + since * 0.12;
  return since < 12 ? null : sound;
}

await run(async () => {
  const { server } = rivulet;
  const presses: Press[] = [];
  for (let i = 0; i < PRESSES; i++) {
    const { id } = await server.json<{ id: string }>("/v1/streams", {
      body: {
        ...{ name: `press ${i + 1}`, frequency: "15min", ttl_seconds: 86_400 },
        alerts: [
          { name: "unusual", when: "anomaly", threshold: 0.002 },
          { name: "silent", when: "gap", for: 4 },
          { name: "too-strong", when: "expected_above", threshold: 75, for: 3 },
        ],
      },
    });
    const random = numbers(i + 1);
    // Every fifth press has some trouble, one kind after another, in the second half.
    const trouble = i % 5 === 2 ? troubles[Math.floor(i / 5) % troubles.length] : undefined;
    const from = Math.floor(DAY * (DAYS / 2 + random() * (DAYS / 2 - 1)));
    presses.push({ name: `press ${i + 1}`, stream: id, trouble, from, random });
  }
  const conversation = `production-${Date.now()}`;
  const alerts = new Map<Press, Alert[]>(presses.map((press) => [press, []]));
  let ms = 0;
  for (let day = 0; day < DAYS; day++) {
    const lines: string[] = [];
    for (const press of presses) {
      const batch = Array.from({ length: DAY }, (_, i) => ({
        time: new Date(BEGAN_MS + (day * DAY + i) * 900_000).toISOString(),
        value: force(press, day * DAY + i),
      }));
      const began = performance.now();
      const reply = await server.json<{ alerts: Alert[] }>(`/v1/streams/${press.stream}/values`, {
        body: { values: batch },
        headers: { "idempotency-key": `${conversation}-${press.name.replace(" ", "-")}-${day}` },
      });
      ms += performance.now() - began;
      // The first days are for getting to know the press.
      if (day < 2) continue;
      alerts.get(press)!.push(...reply.alerts);
      for (const { name, time, value } of reply.alerts.slice(0, 2))
        lines.push(`${time?.slice(0, 16)} ${press.name} ${name}, force ${value?.toFixed(1) ?? "missing"}`);
    }
    console.log(`day ${day + 1}  ${lines.length === 0 ? "quiet" : lines.join("; ")}`);
    if (lines.length > 0)
      await rivulet.answer({
        conversation,
        text: `Alerts of day ${day + 1}:\n${lines.slice(0, 12).join("\n")}`,
        temperature: 0,
        maxTokens: 24,
      });
  }
  const rows = presses
    .filter(({ trouble }, i) => trouble || i < 3)
    .map((press): (string | number)[] => {
      const told = alerts.get(press)!;
      const first = told.find(({ position }) => position >= press.from);
      const found =
        press.trouble === undefined ? "" : first ? `after ${first.position - press.from} values` : "not found";
      const before =
        press.trouble === undefined ? told.length : told.filter(({ position }) => position < press.from).length;
      return [press.name, press.trouble ?? "none", found, before];
    });
  console.log(`\n${table(["press", "trouble", "found", "alerts for nothing"], rows)}`);
  const fed = PRESSES * DAYS * DAY;
  console.log(`\n${fed} values in ${(ms / 1000).toFixed(1)} s: ${(ms / fed).toFixed(2)} ms each`);
  const question = "Which presses had alerts, and which one should be looked at first?";
  const { text } = await rivulet.answer({ conversation, text: question, temperature: 0, maxTokens: 80 });
  console.log(`\n${question}\n${short(text, 400)}`);
  if (!options.keep) for (const { stream } of presses) await server.open(`/v1/streams/${stream}`, { method: "DELETE" });
});
