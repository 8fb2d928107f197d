/**
 * What a refused field becomes in each client that has errors of its own: its class, the status, and the
 * field's name. Nothing is tried again.
 */
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { Agent, OpenAIResponsesModel, run, setTracingDisabled } from "@openai/agents";
import { APICallError, generateText, type LanguageModel } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

let server: ToyServer;
let baseURL: string;
beforeAll(async () => {
  setTracingDisabled(true);
  server = await toyServer();
  baseURL = `${server.url}/v1`;
});
afterAll(() => server.stop());

const aiSdk = (model: LanguageModel) => generateText({ model, maxRetries: 0, prompt: "hello", temperature: 3 });
const openai = () => new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const isAiSdks = (thrown: unknown) => APICallError.isInstance(thrown);
const isOpenAis = (thrown: unknown) => thrown instanceof OpenAI.BadRequestError;
const named = { statusCode: 400, isRetryable: false, message: expect.stringContaining("temperature") };

interface Client {
  asks: () => Promise<unknown>;
  isOwn: (thrown: unknown) => boolean;
  says: object;
}
const clients: Record<string, Client> = {
  "@ai-sdk/openai": {
    asks: () => aiSdk(createOpenAI({ baseURL, apiKey: "none" })("tiny")),
    isOwn: isAiSdks,
    says: named,
  },
  "@ai-sdk/openai-compatible": {
    asks: () => aiSdk(createOpenAICompatible({ name: "rivulet", baseURL })("tiny")),
    isOwn: isAiSdks,
    says: named,
  },
  "@langchain/openai": {
    asks: () =>
      new ChatOpenAI({
        ...{ model: "tiny", apiKey: "none", maxRetries: 0, temperature: 3 },
        configuration: { baseURL },
      }).invoke("hello"),
    isOwn: (thrown) => thrown instanceof Error,
    says: { status: 400, param: "temperature" },
  },
  "@openai/agents": {
    asks: () => {
      const model = new OpenAIResponsesModel(openai() as never, "tiny");
      return run(new Agent({ name: "Ada", model, modelSettings: { topP: 3 } }), "hello");
    },
    isOwn: isOpenAis,
    says: { status: 400, param: "top_p" },
  },
};

it.each(Object.entries(clients))("%s: a refusal is its own error", async (_, { asks, isOwn, says }) => {
  const thrown = await asks().then(
    (reply) => expect.fail(`it answered ${JSON.stringify(reply)}`),
    (failure: unknown) => failure,
  );
  expect(isOwn(thrown)).toBe(true);
  expect(thrown).toMatchObject(says);
});
