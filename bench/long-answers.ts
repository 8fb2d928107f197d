/**
 * Does the model answer what was said long ago? The dialogues of bench/long-dialogue.ts are read by the engine token by
 * token, and every fact is asked for at their end, each time by a copy of the same state: by the model alone, by the
 * model with what recall quotes, and, as the floor, by a conversation in which nothing was told.
 *
 *   node bench/long-answers.ts [<pack>] [--tokens 2048,8192,32768] [--seed 1] [--facts held-out]
 *     [--languages en,number] [--alone] [--show] [--misses]
 *
 * Right is an answer that holds the value told last, in any of its wordings, and none of those that it must not be;
 * greedy, with the pack's repetition penalty. `--alone` leaves recall out (a pack that keeps every position never
 * recalls). A history that is longer than the pack's context is left out. `--show` writes every question with what was
 * quoted and answered, `--misses` those that recall did not get right.
 */
import { quoteMessage, withQuote } from "../durable-objects/recall/quote-passages.ts";
import { commandLine } from "../scripts/command-line.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { loadServed } from "../src/dialogue/load.ts";
import { greedy } from "../src/sampling/sampling.ts";
import type { Message } from "../src/tokenizer/text-codec.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { factsNamed } from "./long-dialogue/dialogue.ts";
import { isRight } from "./long-dialogue/right-answer.ts";
import { quotedFor, storedDialogue } from "./long-dialogue/stored.ts";
import { Chat, usual } from "./memory-chat.ts";
import { table } from "./section.ts";

const { values: options, positionals } = commandLine(
  {
    tokens: { type: "string", default: "2048,8192,32768" },
    seed: { type: "string", default: "1" },
    facts: { type: "string", default: "held-out" },
    languages: { type: "string", default: "en,number" },
    alone: { type: "boolean", default: false },
    show: { type: "boolean", default: false },
    misses: { type: "boolean", default: false },
  },
  [0, 1],
);
const facts = factsNamed(options.facts);
const languages = options.languages.split(",");
const pack = positionals[0] ?? "models/rivulet-150m";
/** Upper ends of the distances that are told apart, in tokens from the telling to the question. */
const DISTANCES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072, Number.POSITIVE_INFINITY];

const served = await loadServed(folderSource(pack), compiledKernels());
const sampling = { ...greedy, repetitionPenalty: usual(served).repetitionPenalty };
const context = served.backend.contextLength;

const share = (hits: boolean[] | undefined): string =>
  hits === undefined ? "–" : (hits.filter(Boolean).length / hits.length).toFixed(2);

async function answered(from: Chat | undefined, messages: Message[]): Promise<string> {
  const chat = from ? await from.copy() : new Chat(served, sampling);
  const answer = await chat.send(messages, 32);
  chat.end();
  return answer;
}

const rows: (string | number)[][] = [];
for (const tokens of options.tokens.split(",").map(Number)) {
  const { stored, turns, starts, probes } = storedDialogue(tokens, Number(options.seed), facts, served.codec);
  const length = stored.logged;
  if (length > context) {
    console.error(`${length} tokens are more than the pack's context of ${context}: left out`);
    continue;
  }
  const chat = new Chat(served, sampling);
  let read = 0;
  await chat.hear(
    turns.flatMap(({ user, assistant }): Message[] => [
      { role: "user", content: user },
      { role: "assistant", content: assistant },
    ]),
    (done, total) => {
      const percent = Math.floor((100 * done) / total);
      if (percent > read) console.error(`read ${done} of ${total} tokens`);
      read = percent;
    },
  );
  const results = new Map<string, Map<string, boolean[]>>();
  const note = (row: string, column: string, hit: boolean) => {
    const columns = results.get(row) ?? new Map<string, boolean[]>();
    results.set(row, columns.set(column, [...(columns.get(column) ?? []), hit]));
  };
  for (const probe of probes) {
    if (probe.value === "" || !languages.includes(probe.lang)) continue;
    const asked: Message[] = [{ role: "user", content: probe.question }];
    const found = options.alone ? [] : quotedFor(stored, probe.question, served);
    const answers = {
      floor: await answered(undefined, asked),
      alone: await answered(chat, asked),
      ...(options.alone ? {} : { recall: await answered(chat, withQuote(asked, found)) }),
    };
    if (options.show || (options.misses && answers.recall !== undefined && !isRight(answers.recall, probe)))
      console.error(JSON.stringify({ ...probe, quoted: quoteMessage(found).content, answers }, null, 1));
    const distance = length - starts[probe.turn]!;
    const rowsOfProbe = [probe.kind, `all, told up to ${DISTANCES.find((end) => distance <= end)} tokens ago`];
    for (const row of rowsOfProbe)
      for (const [column, answer] of Object.entries(answers)) note(row, column, isRight(answer, probe));
  }
  chat.end();
  const order = (name: string) => (name.startsWith("all") ? Number(/\d+/.exec(name)?.[0] ?? 1e9) : 0);
  for (const [name, columns] of [...results].sort(([a], [b]) => order(a) - order(b)))
    rows.push([
      length,
      name,
      columns.get("alone")!.length,
      share(columns.get("floor")),
      share(columns.get("alone")),
      share(columns.get("recall")),
    ]);
}
console.log(table(["history", "asked", "n", "nothing told", "model alone", "with recall"], rows));
