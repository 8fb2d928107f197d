/**
 * What a pack remembers, as the engine runs it: facts in chats with other talk between, by distance,
 * corrected, never told, put to use, quoted by the server, in documents and lists; copying; plain openings;
 * the fixed questions; repetition.
 *
 *     node bench/memory.ts <pack>… [--cases FILE] [--parts recall,distance,…] [--quick] [--penalty 1.05] [--exact]
 *         [--recall] [--between 4] [--show]
 *
 * The cases are bench/memory-cases.json: values and phrasings that training never saw
 * (`python -m training.memory.cases`). To choose between two packs they are too few: `--cases` takes a file of another
 * seed and of several times as many.
 * Every answer is written by the pack from its first token on; greedy, but where the row says it is sampled as the
 * pack's defaults have it. A turn goes on from the state that the one before has left as a server keeps it,
 * rounded; with --exact as it was. With --recall a dialogue is a kept conversation, to which is quoted what its model
 * no longer sees well; --between puts so many turns of other talk before what is asked of corrected facts, of what was
 * never told, and to put facts to use.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { compiledKernels } from "../src/cli/kernels.ts";
import { loadServed, type Served } from "../src/dialogue/load.ts";
import { slices } from "../src/dialogue/reply.ts";
import { greedy, type Sampling } from "../src/sampling/sampling.ts";
import type { Message } from "../src/tokenizer/text-codec.ts";
import { folderSource } from "../src/weights/folder-source.ts";
import { KeptChat } from "./kept-chat.ts";
import { Chat, usual } from "./memory-chat.ts";
import { right } from "./memory-right.ts";
import { table } from "./section.ts";

interface Probe {
  ask: string;
  expect: string[];
  /** All of `expect` must be there; without it any will do. */
  all?: boolean;
}
interface Cases {
  recall: { tell: string; asks: Probe[] }[];
  "own words": { tell: string; asks: Probe[] }[];
  scenes: { tell: string; asks: Probe[] }[];
  others: string[];
  corrected: (Probe & { turns: string[] })[];
  "never told": (Probe & { turns: string[] })[];
  used: (Probe & { turns: string[] })[];
  quoted: (Probe & { system: string })[];
  document: { messages: Message[]; expect: string[] }[];
  list: { messages: Message[]; expect: string[] }[];
  copied: string[];
  names: string[];
  openings: string[];
  prose: Record<string, string>;
}

const PARTS = [
  "names", "recall", "own words", "scenes", "sampled", "distance", "among 16", "corrected", "never told", "used", "quoted", "document", "list",
  "copied", "openings", "questions",
]; // biome-ignore format: one list
const OTHER_TURNS = [0, 2, 4, 6, 12];
const WORDS =
  "apple river stone tiger silver garden winter candle bridge orange forest mirror castle pepper music ocean".split(
    " ",
  );

const { values, positionals } = commandLine(
  {
    cases: { type: "string", default: join(import.meta.dirname, "memory-cases.json") },
    parts: { type: "string", default: PARTS.join(",") },
    quick: { type: "boolean", default: false },
    penalty: { type: "string" },
    exact: { type: "boolean", default: false },
    recall: { type: "boolean", default: false },
    between: { type: "string", default: "0" },
    show: { type: "boolean", default: false },
  },
  [1, Infinity],
);
const parts = values.parts.split(",");
const file = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");
const cases = JSON.parse(readFileSync(values.cases, "utf8")) as Cases;
const questions = file("../training/questions.txt")
  .split("\n")
  .filter((line) => line.trim());
const some = <T>(all: T[], quick: number): T[] => (values.quick ? all.slice(0, quick) : all);

const holds = (answer: string, { expect, all }: Omit<Probe, "ask">): boolean => {
  const has = (value: string) => answer.toLowerCase().includes(value.toLowerCase());
  return all ? expect.every(has) : expect.some(has);
};
/** What a user talks about besides, in the dialogue with this number. */
const otherTalk = (dialogue: number, turn: number): string =>
  cases.others[(3 * dialogue + turn) % cases.others.length]!;
const share = (hits: boolean[]): string => (hits.filter(Boolean).length / hits.length).toFixed(2);
const show = (...said: unknown[]): void => {
  if (values.show) console.log(...said.map((text) => JSON.stringify(text)));
};

type Results = Map<string, string>;

class Examination {
  readonly #served: Served;
  readonly #sampling: Sampling;
  readonly results: Results = new Map();

  constructor(served: Served) {
    this.#served = served;
    this.#sampling = { ...greedy, repetitionPenalty: Number(values.penalty ?? usual(served).repetitionPenalty) };
  }

  async run(): Promise<void> {
    const made: Record<string, () => Promise<void>> = {
      names: () => this.names(),
      recall: () => this.recall("facts in chat", some(cases.recall, 5), OTHER_TURNS, this.#sampling),
      "own words": () => this.recall("facts in chat, free wording", cases["own words"], [0, 2, 6], this.#sampling),
      scenes: () => this.recall("facts in scenes", some(cases.scenes, 10), [0, 4, 12], this.#sampling),
      sampled: () => this.recall("facts in chat, sampled", some(cases.recall, 5), [0, 4], usual(this.#served)),
      distance: () => this.distance(),
      "among 16": () => this.among16(),
      corrected: () => this.turns("corrected, the newer one", some(cases.corrected, 6)),
      "never told": () => this.turns("never told, says so", some(cases["never told"], 6)),
      used: () => this.turns("facts put to use", some(cases.used, 8)),
      quoted: () => this.messages("quoted memory", some(cases.quoted, 6).map(quotation)),
      document: () => this.messages("document", some(cases.document, 4)),
      list: () => this.messages("list or table", some(cases.list, 4)),
      copied: () => this.copied(),
      openings: () => this.openings(),
      questions: () => this.questions(),
    };
    for (const part of parts) {
      const one = made[part];
      if (one === undefined) throw new Error(`--parts: expected some of ${PARTS.join(",")}, got ${part}`);
      const before = new Set(this.results.keys());
      await one();
      for (const [name, result] of this.results) if (!before.has(name)) console.error(`${name}: ${result}`);
    }
  }

  chat(sampling = this.#sampling, seed = 0): Chat {
    return new Chat(this.#served, sampling, { seed, precision: values.exact ? "exact" : "rounded" });
  }

  kept(sampling = this.#sampling, seed = 0): KeptChat {
    return new KeptChat(this.#served, this.chat(sampling, seed), values.recall);
  }

  async names(): Promise<void> {
    for (const system of [undefined, "You are a helpful assistant."]) {
      const hits: boolean[] = [];
      for (const name of some(cases.names, 8)) {
        const chat = this.chat();
        const first: Message[] = system ? [{ role: "system", content: system }] : [];
        await chat.send([...first, { role: "user", content: `My name is ${name}.` }], 40);
        const answer = await chat.say("What is my name?", 24);
        show(name, answer);
        hits.push(answer.includes(name));
        chat.end();
      }
      this.results.set(
        `"My name is Ada." – "What is my name?", ${system ? "another" : "no"} system prompt`,
        share(hits),
      );
    }
  }

  /** Every dialogue goes on with other talk; at each depth a copy of it is asked. */
  async recall(title: string, dialogues: Cases["recall"], depths: number[], sampling: Sampling): Promise<void> {
    const hits = new Map(depths.map((depth) => [depth, [] as boolean[]]));
    for (const [n, { tell, asks }] of dialogues.entries()) {
      const chat = this.kept(sampling, n);
      show(tell, await chat.say(tell, 40));
      for (let depth = 0; depth <= depths.at(-1)!; depth++) {
        if (depth > 0) await chat.say(otherTalk(n, depth), 48);
        for (const asked of depths.includes(depth) ? asks : []) {
          const { quoted, answer } = await chat.ask(asked.ask, 32);
          show(depth, asked.ask, asked.expect, ...(values.recall ? [quoted] : []), answer);
          hits.get(depth)!.push(holds(answer, asked));
        }
      }
      chat.end();
    }
    for (const depth of depths) this.results.set(`${title}, after ${depth} other turns`, share(hits.get(depth)!));
  }

  /** As training/recall.py asks: the likeliest of 16 words after "Your code word is". */
  async among16(): Promise<void> {
    const { prompt, codec, backend } = this.#served;
    const firstIds = WORDS.map((word) => codec.encodeText(` ${word}`)[0]!);
    for (const [tokens, prose] of Object.entries(cases.prose)) {
      const hits: boolean[] = [];
      for (const [n, word] of some(WORDS.slice(0, 8), 4).entries()) {
        const feed = prompt.start([
          { role: "user", content: `My code word is ${word}. Please remember it.` },
          { role: "assistant", content: `I will remember that your code word is ${word}.` },
          { role: "user", content: prose },
          { role: "user", content: "What is my code word?" },
        ]);
        const sequence = await backend.open();
        let logits = new Float32Array(0);
        for (const { slice, last } of slices([...feed, ...codec.encodeText("Your code word is")], backend.sliceTokens))
          logits = (await sequence.forward(slice, last ? "last" : "none")) as Float32Array<ArrayBuffer>;
        const scores = firstIds.map((id) => logits[id]!);
        hits.push(scores.indexOf(Math.max(...scores)) === n);
        sequence.release();
      }
      this.results.set(`code word among 16, ${tokens} tokens back`, share(hits));
    }
  }

  /** The word is told, then a message begins with so many tokens of held-out text and ends with the question. */
  async distance(): Promise<void> {
    const hits = new Map(Object.keys(cases.prose).map((tokens) => [tokens, [] as boolean[]]));
    for (const word of some(WORDS, 4)) {
      const chat = this.chat();
      await chat.say(`My code word is ${word}. Please remember it.`, 24);
      for (const [tokens, prose] of Object.entries(cases.prose)) {
        const copy = await chat.copy();
        const answer = await copy.say(`${prose}\n\nWhat is my code word?`, 16);
        show(tokens, word, answer);
        hits.get(tokens)!.push(answer.toLowerCase().includes(word));
        copy.end();
      }
      chat.end();
    }
    for (const [tokens, all] of hits) this.results.set(`code word, ${tokens} tokens back`, share(all));
  }

  async turns(title: string, all: (Probe & { turns: string[] })[]): Promise<void> {
    const hits: boolean[] = [];
    for (const [n, asked] of all.entries()) {
      const chat = this.kept();
      for (const turn of asked.turns) await chat.say(turn, 40);
      for (let depth = 1; depth <= Number(values.between); depth++) await chat.say(otherTalk(n, depth), 48);
      const { quoted, answer } = await chat.ask(asked.ask, 64);
      show(asked.turns, asked.ask, asked.expect, ...(values.recall ? [quoted] : []), answer);
      hits.push(holds(answer, asked));
      chat.end();
    }
    this.results.set(title, share(hits));
  }

  async messages(title: string, all: { messages: Message[]; expect: string[] }[]): Promise<void> {
    const hits: boolean[] = [];
    for (const { messages, expect } of all) {
      const chat = this.chat();
      const answer = await chat.send(messages, 40);
      show(messages.at(-1)!.content, expect, answer);
      hits.push(holds(answer, { expect }));
      chat.end();
    }
    this.results.set(title, share(hits));
  }

  async copied(): Promise<void> {
    const shares: number[] = [];
    for (const text of some(cases.copied, 3)) {
      const chat = this.chat();
      const answer = await chat.say(`Repeat exactly: ${text}`, 60);
      show(text, answer);
      const [wanted, got] = [text.split(" "), answer.split(" ")];
      shares.push(wanted.filter((word, i) => got[i] === word).length / wanted.length);
      chat.end();
    }
    this.results.set(
      "25 random tokens copied, share in place",
      (shares.reduce((a, b) => a + b) / shares.length).toFixed(2),
    );
  }

  async openings(): Promise<void> {
    for (const said of cases.openings) {
      const chat = this.chat();
      this.results.set(`“${said}”`, (await chat.say(said, 48)).replaceAll(/\s+/g, " ").slice(0, 120));
      chat.end();
    }
  }

  async questions(): Promise<void> {
    const hits: boolean[] = [];
    const repeated: number[] = [];
    for (const question of some(questions, 12)) {
      const chat = this.chat();
      const answer = await chat.say(question, values.quick ? 60 : 200);
      const expected = right[question];
      if (expected) hits.push(expected.test(answer));
      repeated.push(repeatedShare(chat.answered));
      show(question, expected?.test(answer) ?? null, answer);
      chat.end();
    }
    this.results.set(`fixed questions, of ${hits.length} with one right answer`, String(hits.filter(Boolean).length));
    this.results.set(
      "repeated 4-grams in greedy answers",
      (repeated.reduce((a, b) => a + b) / repeated.length).toFixed(3),
    );
  }
}

function quotation({ system, ask, expect }: Cases["quoted"][number]) {
  return {
    messages: [
      { role: "system" as const, content: system },
      { role: "user" as const, content: ask },
    ],
    expect,
  };
}

/** As training/repetition.py. */
function repeatedShare(ids: readonly number[], n = 4): number {
  const grams = Array.from({ length: Math.max(0, ids.length - n + 1) }, (_, i) => ids.slice(i, i + n).join());
  return grams.length === 0 ? 0 : 1 - new Set(grams).size / grams.length;
}

const examined: Examination[] = [];
for (const pack of positionals) {
  console.error(pack);
  const examination = new Examination(await loadServed(folderSource(pack), compiledKernels()));
  await examination.run();
  examined.push(examination);
}
const rows = [...examined[0]!.results.keys()].map((name) => [
  name,
  ...examined.map(({ results }) => results.get(name) ?? "–"),
]);
console.log(table(["", ...positionals], rows));
