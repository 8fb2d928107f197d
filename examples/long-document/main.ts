/**
 * One document, read once, and questions about it: what they cost with the state, and what they would cost without it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { costOf } from "../../scripts/price.ts";
import { documentName, documentText } from "../../src/client/documents.ts";
import { rivulet, run, seconds, short, table } from "../client.ts";

const { values } = parseArgs({
  options: {
    file: { type: "string", default: join(import.meta.dirname, "../../docs/durability.md") },
    /** Characters of it that are read. */
    chars: { type: "string", default: "12000" },
    questions: { type: "string", default: "20" },
    /** Of them, how many are also asked without the state: each reads the whole document again. */
    without: { type: "string", default: "2" },
    "max-tokens": { type: "string", default: "40" },
  },
});

const words = [
  "What is this about?",
  "Which parts does it have?",
  "What is promised?",
  "What can go wrong?",
  "Say it shorter.",
];
const questions = Array.from({ length: Number(values.questions) }, (_, i) => words[i % words.length]!);

interface Measured {
  question: string;
  computed: number;
  reused: number;
  firstMs: number;
  answer: string;
}

/** Dollars of a turn's time in its object, as a deployed one would be billed. */
const dollars = (ms: number): number =>
  costOf({ workerCpuMs: 1, objectRequests: 1, objectSeconds: ms / 1000, rowsWritten: 6, rowsRead: 20 }).total;

await run(async () => {
  const document = { name: "document", text: readFileSync(values.file, "utf8").slice(0, Number(values.chars)) };
  const model = await rivulet.model();
  const name = await documentName(document);
  const began = performance.now();
  const { tokens, state_bytes: bytes } = await rivulet.prefixes.compute(name, documentText(document));
  console.log(`${model}: ${tokens} tokens read once in ${seconds(performance.now() - began)}, state ${bytes} bytes\n`);

  const withState: Measured[] = [];
  for (const [i, question] of questions.entries()) {
    const conversation = `long-document-${Date.now()}-${i}`;
    const maxTokens = Number(values["max-tokens"]);
    const asked = { conversation, text: question, prefix: name, maxTokens, temperature: 0 };
    const { text, usage, timings } = await rivulet.answer(asked);
    const firstMs = timings!.queue_ms + timings!.load_ms + timings!.prefill_ms;
    const [computed, reused] = [usage!.prompt_tokens - usage!.cached_tokens, usage!.cached_tokens];
    withState.push({ question, computed, reused, firstMs, answer: text });
    await rivulet.conversations.delete(conversation);
  }

  const without: number[] = [];
  for (const question of questions.slice(0, Number(values.without))) {
    const messages = [
      { role: "system", content: documentText(document) },
      { role: "user", content: question },
    ];
    const reply = await rivulet.server.json<{ timings: { queue_ms: number; load_ms: number; prefill_ms: number } }>(
      "/v1/chat/completions",
      { body: { model, messages, max_tokens: 1 } },
    );
    without.push(reply.timings.queue_ms + reply.timings.load_ms + reply.timings.prefill_ms);
  }

  const rows = withState.map(({ question, computed, reused, firstMs, answer }) => [
    question,
    computed,
    reused,
    seconds(firstMs),
    short(answer),
  ]);
  console.log(table(["question", "computed", "reused", "first token", "answer"], rows));
  const mean = (all: number[]) => all.reduce((sum, ms) => sum + ms, 0) / Math.max(1, all.length);
  const [held, again] = [mean(withState.map(({ firstMs }) => firstMs)), mean(without)];
  console.log(
    `\n${table(
      [`mean of a question`, "first token", "object time, dollars for 1000 questions"],
      [
        [`with the state (${withState.length})`, seconds(held), (1000 * dollars(held)).toFixed(4)],
        ...(without.length > 0
          ? [[`without it (${without.length})`, seconds(again), (1000 * dollars(again)).toFixed(4)]]
          : []),
      ],
    )}`,
  );
});
