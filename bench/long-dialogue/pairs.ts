/**
 * Questions and the sentences that answer them, for the sentence encoder (training/sentence_tower.py): of the lists
 * that recall is made with, of training/told (what people might say, and questions about it in other words, in three
 * languages) and of training/memory/asked. The lists `weeks`, `months`,
 * `evenings` and `letters` are for no tuning and not among them.
 *
 *   node bench/long-dialogue/pairs.ts [--without passing,fresh] > pairs.jsonl
 *
 * A line of the kind `pair` is `{"kind", "group", "lang", "question", "statement", "said"}`; questions of one group ask
 * about the same thing. `said` has what nobody asks for, `world` a question that nothing said answers, `unanswered` one
 * with a line that comes near to it and does not answer.
 */
import { readdirSync, readFileSync } from "node:fs";
import { statementOf } from "../../durable-objects/recall/statement.ts";
import { sentencesOf } from "../../durable-objects/storage/passages.ts";
import { commandLine } from "../../scripts/command-line.ts";
import { told } from "./dialogue.ts";
import type { Fact } from "./facts.ts";
import { wordings } from "./right-answer.ts";

const HELD_OUT = ["weeks", "months", "evenings", "letters"];
/** Of a fact. */
const VALUES = 2;
const { values: options } = commandLine({ without: { type: "string", default: "" } });
const without = [...HELD_OUT, ...options.without.split(",")];
const print = (row: object) => console.log(JSON.stringify(row));
const pair = (group: string, lang: string, question: string, said: string) =>
  print({ kind: "pair", group, lang, question, statement: statementOf(question), said });

function* tellings({ tell, correct, values }: Fact): Generator<string> {
  for (const value of values.slice(0, VALUES).map((value) => wordings(value)[0]!))
    for (const text of [...tell, correct].map((form) => form.replace("{v}", value)))
      for (const sentence of sentencesOf(text)) if (sentence.text.includes(value)) yield sentence.text;
}

for (const [name, { facts }] of Object.entries(told).filter(([name]) => !without.includes(name)))
  for (const [i, fact] of facts.entries()) {
    for (const said of tellings(fact))
      for (const question of [...fact.rephrase, ...fact.ask]) pair(`${name} ${i}`, fact.lang, question, said);
    print({ kind: "said", said: fact.other.replace("{w}", wordings(fact.values.at(-1)!)[0]!) });
  }

const linesOf = (file: string) =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");

for (const lang of ["en", "de", "zh"])
  for (const [i, line] of linesOf(`training/told/${lang}.txt`).entries()) {
    const [said, ...questions] = line.split(" | ");
    for (const question of questions) pair(`told ${lang} ${i}`, lang, question, said!);
  }

for (const lang of ["en", "de", "zh"])
  for (const question of linesOf(`training/told/world-${lang}.txt`))
    print({ kind: "world", question, statement: statementOf(question) });

for (const file of readdirSync("training/memory/asked").sort())
  for (const [i, line] of linesOf(`training/memory/asked/${file}`).entries()) {
    const [said, ...questions] = line
      .replace(/^\+\s*/, "")
      .split(" | ")
      .map((part) => part.trim());
    for (const [question, answer] of questions.map((pair) => pair.split(" = ")))
      if (answer!.trim() !== "?") pair(`asked ${file} ${i}`, "en", question!.trim(), said!);
      else print({ kind: "unanswered", question, statement: statementOf(question!), said });
  }
