/**
 * Questions and the sentences that answer them, for the sentence encoder's map of questions (training/asked_map.py): of
 * the lists that recall is made with, of training/told (what people might say, and questions about it in other words,
 * in three languages) and of training/memory/asked/first.txt: its other files are English alone, and with them the map
 * finds no more. The lists `weeks` and `months` are for no tuning and not among them.
 *
 *   node bench/long-dialogue/pairs.ts [--without passing,fresh] > pairs.jsonl
 *
 * A line is `{"group", "lang", "question", "statement", "said"}`; questions of one group ask about the same thing.
 * Where nobody asks for it, there is only what is said.
 */
import { readFileSync } from "node:fs";
import { statementOf } from "../../durable-objects/recall/statement.ts";
import { sentencesOf } from "../../durable-objects/storage/passages.ts";
import { commandLine } from "../../scripts/command-line.ts";
import { told } from "./dialogue.ts";
import type { Fact } from "./facts.ts";
import { wordings } from "./right-answer.ts";

const HELD_OUT = ["weeks", "months"];
/** Of a fact. */
const VALUES = 2;
const { values: options } = commandLine({ without: { type: "string", default: "" } });
const without = [...HELD_OUT, ...options.without.split(",")];
const print = (row: object) => console.log(JSON.stringify(row));
const pair = (group: string, lang: string, question: string, said: string) =>
  print({ group, lang, question, statement: statementOf(question), said });

function* tellings({ tell, correct, values }: Fact): Generator<string> {
  for (const value of values.slice(0, VALUES).map((value) => wordings(value)[0]!))
    for (const text of [...tell, correct].map((form) => form.replace("{v}", value)))
      for (const sentence of sentencesOf(text)) if (sentence.text.includes(value)) yield sentence.text;
}

for (const [name, { facts }] of Object.entries(told).filter(([name]) => !without.includes(name)))
  for (const [i, fact] of facts.entries()) {
    for (const said of tellings(fact))
      for (const question of [...fact.rephrase, ...fact.ask]) pair(`${name} ${i}`, fact.lang, question, said);
    print({ said: fact.other.replace("{w}", wordings(fact.values.at(-1)!)[0]!) });
  }

const linesOf = (file: string) => readFileSync(file, "utf8").split("\n").filter((line) => line.trim() !== ""); // biome-ignore format: one step

for (const lang of ["en", "de", "zh"])
  for (const [i, line] of linesOf(`training/told/${lang}.txt`).entries()) {
    const [said, ...questions] = line.split(" | ");
    for (const question of questions) pair(`told ${lang} ${i}`, lang, question, said!);
  }

for (const [i, line] of linesOf("training/memory/asked/first.txt").entries()) {
  const [said, ...questions] = line.replace(/^\+\s*/, "").split(" | ");
  for (const question of questions) pair(`asked ${i}`, "en", question.split(" = ")[0]!.trim(), said!.trim());
}
