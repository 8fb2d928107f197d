/**
 * OpenAI's Agents SDK with its memory on this server: each run sends its new words only, the conversation keeps
 * the rest as the model's state.
 *
 * The agent's instructions change with every run, and a tool is called and answered in between; neither makes the
 * server read the dialogue again.
 */
import { parseArgs } from "node:util";
import { Agent, OpenAIResponsesModel, run as runAgent, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai";
import * as z from "zod";
import { rivulet, run, short, table } from "../client.ts";

const { values } = parseArgs({ options: { "max-tokens": { type: "string", default: "60" } } });
const maxTokens = Number(values["max-tokens"]);

const orders: Record<number, string> = { 4711: "packed, leaves tomorrow", 4712: "on its way" };
const lookUp = tool({
  name: "order_status",
  description: "Says where an order is.",
  parameters: z.object({ order: z.enum(["4711", "4712"]) }),
  execute: async ({ order }) => orders[Number(order)]!,
});

await run(async () => {
  // Traces would go to somebody else's server.
  setTracingDisabled(true);
  const url = process.env.RIVULET_URL ?? "http://127.0.0.1:8787";
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.RIVULET_API_KEY ?? "none" });
  const model = new OpenAIResponsesModel(client as never, await rivulet.model());
  const agent = (instructions: string, mustCall = false) =>
    new Agent({
      ...{ name: "Clerk", instructions, model, tools: [lookUp] },
      modelSettings: {
        ...{ temperature: 0, maxTokens, parallelToolCalls: false },
        toolChoice: mustCall ? "order_status" : "none",
      },
    });
  const { id } = await client.conversations.create({ metadata: { title: "An agent's memory" } });
  const rows: (string | number)[][] = [];
  const asked: [string, Agent][] = [
    ["My name is Ada. I have ordered a lamp, my order is number 4711.", agent("You work in a shop. Be brief.")],
    ["Where is my order?", agent("Look into the list of orders. Answer in one sentence.", true)],
    ["What is my name?", agent("Answer in one sentence.")],
  ];
  for (const [text, who] of asked) {
    const { state, newItems, finalOutput } = await runAgent(who, text, { conversationId: id, maxTurns: 3 }).catch(
      // A small model may speak on until its limit, which the SDK takes for a failure.
      (thrown: Error) => ({ state: undefined, newItems: [], finalOutput: `(${thrown.message})` }),
    );
    const calls = newItems.filter(({ type }) => type === "tool_call_item").length;
    const details = (state?.usage.inputTokensDetails ?? []) as { cached_tokens?: number }[];
    const reused = details.reduce((sum, one) => sum + (one.cached_tokens ?? 0), 0);
    rows.push([short(text, 40), calls, (state?.usage.inputTokens ?? 0) - reused, reused, short(finalOutput ?? "")]);
  }
  console.log(table(["asked", "calls", "computed", "reused", "answer"], rows));
  await client.conversations.delete(id);
});
