/**
 * checkText: whether a checkpoint's tokenizer and chat template can be used with its model. What is wrong is
 * said before a pack is written.
 */
import { Failure } from "../../core/failure.ts";
import { ChatTemplate } from "../../tokenizer/chat-template.ts";
import { createTextCodec } from "../../tokenizer/hf-codec.ts";
import type { Companions } from "./checkpoint-source.ts";

const WAY_OUT = "convert --no-tokenizer leaves it out: the pack can then be scored, but not talked with";

/** `V`: ids that the model has. Failure `weights_invalid`. */
export function checkText({ V }: { V: number }, { tokenizer, tokenizerConfig, template }: Companions): void {
  try {
    if (tokenizer) checkTokenizer(V, tokenizer, { ...tokenizerConfig, chat_template: template });
    if (template !== undefined) new ChatTemplate(template);
  } catch (thrown) {
    const { code, message, param } = Failure.from(thrown);
    throw new Failure(code, `${message}; ${WAY_OUT}`, { param, cause: thrown });
  }
}

/** The same as facts: what there is, and why it cannot be used. `read` fails where not even that can be found out. */
export async function textFacts(model: { V: number }, read: () => Companions | Promise<Companions>) {
  try {
    const companions = await read();
    const found = { tokenizer: companions.tokenizer !== undefined, template: companions.template !== undefined };
    try {
      checkText(model, companions);
      return { ...found, textFault: null };
    } catch (thrown) {
      return { ...found, textFault: Failure.from(thrown).message };
    }
  } catch (thrown) {
    return { tokenizer: true, template: false, textFault: Failure.from(thrown).message };
  }
}

function checkTokenizer(V: number, tokenizer: Uint8Array, config: Record<string, unknown>): void {
  const file = parsed(tokenizer);
  createTextCodec(file, config);
  // Tokens that were added may lie beyond, as Gemma 3's for images do: no text becomes one of them.
  const added = new Set((file.added_tokens ?? []).map(({ id }) => id));
  const [token, id] = Object.entries(file.model.vocab).find(([, id]) => id >= V && !added.has(id)) ?? [];
  if (token === undefined) return;
  const message = `tokenizer: model.vocab: expected ids below vocab_size ${V}, got ${id} for ${JSON.stringify(token).slice(0, 60)}`;
  throw new Failure("weights_invalid", message, { param: "tokenizer" });
}

interface File {
  model: { vocab: Record<string, number> };
  added_tokens?: { id: number }[];
}

function parsed(tokenizer: Uint8Array): File {
  try {
    return JSON.parse(new TextDecoder().decode(tokenizer)) as File;
  } catch (cause) {
    throw new Failure("weights_invalid", "tokenizer.json: not valid JSON", { param: "tokenizer.json", cause });
  }
}
