/**
 * Requests of /tokenize, /detokenize and /apply-template: what llama.cpp's clients send and what vLLM's send, who
 * name the same things differently.
 */
import * as z from "zod";
import "../shared/openapi.ts";
import { check } from "../../core/failure.ts";
import { chatShape, shapeOf } from "../chat/reply-shape.ts";
import { chatMessages, messagesField } from "../chat/request.ts";
import { IDS_MAX, modelField, TEXT_MAX_CHARS, text } from "../shared/fields.ts";
import { nullsAbsent } from "../shared/ignored.ts";

const flag = (description: string) => z.boolean().nullish().openapi({ description });

/** There is one model, so a request need not name it. */
const model = modelField.nullish();
const ofMessages = {
  messages: messagesField,
  tools: chatShape.tools,
  tool_choice: chatShape.tool_choice,
  add_generation_prompt: flag("Whether to include the beginning of the reply. The default is true."),
};

const tokenizeFields = z.strictObject({
  model,
  content: text(TEXT_MAX_CHARS).nullish().openapi({ description: "The text; llama.cpp's name of the field." }),
  prompt: text(TEXT_MAX_CHARS).nullish().openapi({ description: "The text; vLLM's name of the field." }),
  ...ofMessages,
  messages: messagesField.nullish().openapi({ description: "Messages, which the model's template formats." }),
  add_special: flag("Whether to add the token that texts begin with, if the model has one. The default is false."),
  add_special_tokens: flag("vLLM's name of `add_special`. The default is true for a `prompt`."),
  parse_special: flag("Whether names of control tokens in the text become these tokens. The default is true."),
  with_pieces: flag("Whether to return tokens as objects with `id` and `piece`."),
  return_token_strs: flag("Whether to return the text of each token in `token_strs`."),
});

export const tokenizeRequest = nullsAbsent(tokenizeFields, ["messages"]).openapi("TokenizeRequest");

export const detokenizeRequest = nullsAbsent(
  z.strictObject({ model, tokens: z.array(z.int().min(0).max(9_999_999)).max(IDS_MAX) }),
).openapi("DetokenizeRequest");

export const templateRequest = nullsAbsent(z.strictObject({ model, ...ofMessages }), ["messages"]).openapi(
  "ApplyTemplateRequest",
);

type TokenizeRequest = z.infer<typeof tokenizeRequest>;
type TemplateRequest = z.infer<typeof templateRequest>;

/** What is to be tokenized. Fails with `request_invalid` unless it is one text, or messages. */
export function tokenized(body: TokenizeRequest) {
  const given = (["content", "prompt", "messages"] as const).filter((name) => body[name] != null);
  const param = given[1] ?? "content";
  check(given.length === 1, "request_invalid", () => `${param}: expected one of content, prompt and messages`, param);
  if (body.messages != null) return templated({ ...body, messages: body.messages });
  const said = body.content ?? body.prompt!;
  return {
    of: "text" as const,
    text: said,
    control: body.parse_special ?? true,
    opened: body.add_special ?? body.add_special_tokens ?? body.prompt != null,
  };
}

/** Messages as the template is given them. Fails as a chat with them would. */
export function templated({ messages, tools, tool_choice, add_generation_prompt }: TemplateRequest) {
  return {
    of: "messages" as const,
    messages: chatMessages(messages),
    shape: shapeOf({ tools, tool_choice, response_format: null, parallel_tool_calls: null }),
    answering: add_generation_prompt ?? true,
  };
}
