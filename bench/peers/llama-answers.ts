/**
 * node bench/peers/llama-answers.ts <file.gguf>: greedy answers and token ids of llama.cpp,
 * native, through node-llama-cpp.
 *
 * One JSON object on stdin, `{strings, prompts, tokens}`; one on stdout, `{ids, answers}`: the ids of each string with
 * its special tokens recognised, and as many greedy tokens as asked for behind each prompt, which is given as ids.
 */
import { readFileSync, writeSync } from "node:fs";

export interface LlamaInput {
  strings: string[];
  prompts: number[][];
  tokens: number;
}

export interface LlamaOutput {
  ids: number[][];
  answers: number[][];
}

if (import.meta.main) {
  // Installed beside this file only, hence no types.
  const { getLlama } = await import("node-llama-cpp" as string);
  const { strings, prompts, tokens } = JSON.parse(readFileSync(0, "utf8")) as LlamaInput;
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
  const model = await llama.loadModel({ modelPath: process.argv[2] });
  const context = await model.createContext({ contextSize: 2048, batchSize: 512, threads: 1 });
  const sequence = context.getSequence();
  const answers: number[][] = [];
  for (const prompt of prompts) {
    await sequence.clearHistory();
    const answer: number[] = [];
    for await (const id of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      answer.push(id);
      if (answer.length === tokens) break;
    }
    answers.push(answer);
  }
  const ids = strings.map((text) => [...model.tokenize(text, true)]);
  const out = Buffer.from(JSON.stringify({ ids, answers } satisfies LlamaOutput));
  for (let at = 0; at < out.length; ) at += writeSync(1, out, at);
  process.exit(0); // the engine's threads would keep the process
}
