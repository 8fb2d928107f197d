/**
 * /tokenize, /detokenize and /apply-template, where other servers have them: what the
 * model's tokenizer makes of a text.
 */
import * as z from "zod";
import "../api/shared/openapi.ts";
import type { Context } from "hono";
import { requireModel } from "../../durable-objects/model/model-card.ts";
import type { TokenAnswer, TokenQuestion } from "../../durable-objects/model/token-question.ts";
import { anyName, type Caller } from "../api/object-address.ts";
import { answerOf } from "../api/shared/error-body.ts";
import { noting } from "../api/shared/ignored.ts";
import { detokenizeRequest, templated, templateRequest, tokenized, tokenizeRequest } from "../api/tokens/request.ts";
import { askObject } from "./ask-object.ts";
import { type Bindings, endpoint } from "./endpoint.ts";

const tag = "Tokens";
const count = z.int().min(0);

const tokenizeReply = z
  .strictObject({
    tokens: z
      .array(
        z.union(
          [count, z.strictObject({ id: count, piece: z.union([z.string(), z.array(count)]) })],
          "an id or a piece",
        ),
      )
      .openapi({ description: "The token ids; with `with_pieces`, each with its text or its bytes." }),
    count: count.openapi({ description: "The number of tokens." }),
    max_model_len: count.openapi({ description: "The context length that the model was trained for, in tokens." }),
    token_strs: z.array(z.string()).nullable().openapi({ description: "The text of each token, if requested." }),
  })
  .openapi("Tokenized");

const detokenizeReply = z
  .strictObject({
    content: z.string().openapi({ description: "The text; llama.cpp's name of the field." }),
    prompt: z.string().openapi({ description: "The text; vLLM's name of the field." }),
  })
  .openapi("Detokenized");

const templateReply = z
  .strictObject({
    prompt: z.string().openapi({ description: "What the model would read, with control tokens by name." }),
  })
  .openapi("AppliedTemplate");

/** Asks an object that has the model. */
async function askTokens(
  c: Context<Bindings>,
  caller: Caller,
  model: string | null | undefined,
  question: TokenQuestion,
): Promise<TokenAnswer> {
  if (model != null) await requireModel(c.env, model);
  const body: TokenQuestion = { ...question, ...(model == null ? {} : { model }) };
  return answerOf(await askObject(c, { ...caller, object: anyName() }, "/tokens", { method: "POST", body }));
}

const shown = (piece: string | number[]): string =>
  typeof piece === "string" ? piece : new TextDecoder().decode(Uint8Array.from(piece));

export const tokens = [
  endpoint(
    {
      method: "post",
      path: "/tokenize",
      operationId: "tokenize",
      tag,
      summary: "Tokenize a text or messages",
      description: "Speaks llama.cpp's form (`content`) and vLLM's (`prompt`, `messages`).",
      body: tokenizeRequest,
      replies: { 200: { description: "The tokens.", schema: tokenizeReply } },
    },
    async (c, { caller, body, ignored }) => {
      const question = noting(ignored, () => tokenized(body));
      const { ids, pieces, contextLength } = await askTokens(c, caller, body.model, question);
      return c.json({
        tokens: body.with_pieces ? ids.map((id, i) => ({ id, piece: pieces[i]! })) : ids,
        count: ids.length,
        max_model_len: contextLength,
        token_strs: body.return_token_strs ? pieces.map(shown) : null,
      });
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/detokenize",
      operationId: "detokenize",
      tag,
      summary: "Turn tokens into text",
      body: detokenizeRequest,
      replies: { 200: { description: "The text, with control tokens by name.", schema: detokenizeReply } },
    },
    async (c, { caller, body }) => {
      const { text } = await askTokens(c, caller, body.model, { of: "tokens", ids: body.tokens });
      return c.json({ content: text, prompt: text });
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/apply-template",
      operationId: "applyTemplate",
      tag,
      summary: "Apply the chat template to messages",
      body: templateRequest,
      replies: { 200: { description: "The text.", schema: templateReply } },
    },
    async (c, { caller, body, ignored }) => {
      const question = noting(ignored, () => templated(body));
      const { text } = await askTokens(c, caller, body.model, question);
      return c.json({ prompt: text });
    },
  ),
];
