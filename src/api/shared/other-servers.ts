/**
 * Fields that clients of other servers send along: hints about storage, scheduling and thinking, which are taken and
 * named, and switches of what is not done here, which are taken where they stand at what is done anyway.
 */
import * as z from "zod";
import "./openapi.ts";
import { repeatedOnly, withoutEffect } from "./ignored.ts";

const IDENTIFIED = "the key identifies the client";
const FOUND_BY_NAME = "a conversation's state is found by its name";
const KEPT = "a state is kept as long as its conversation";
const NO_THOUGHTS = "the models have no separate reasoning";
const ONE_SERVER = "the server asks no other one";
/** Of what a sampler would do: the field that turns it on is refused unless it says that it is off. */
const IT_IS_OFF = "it belongs to a sampler that is off";

/** Variables of chat templates: those about thoughts. Another one could change what the model reads, and is refused. */
const templateVariables = z
  .strictObject(
    withoutEffect(
      {
        enable_thinking: NO_THOUGHTS,
        thinking: NO_THOUGHTS,
        thinking_budget: NO_THOUGHTS,
        reasoning_effort: NO_THOUGHTS,
        preserve_thinking: NO_THOUGHTS,
        clear_thinking: NO_THOUGHTS,
      },
      "chat_template_kwargs.",
    ),
  )
  .nullish()
  .openapi({ description: "Variables of the chat template. Those about thinking are taken without effect." });

/** Takes the one value that asks for what is done anyway. */
const doneAnyway = <Value extends string | number | boolean>(value: Value) =>
  z
    .literal(value, `expected ${value}: nothing else is supported`)
    .nullish()
    .openapi({ description: `Only ${value} is supported, which is what the server does anyway.` });

/** Of every endpoint that makes a reply. */
export const fieldsOfOthers = {
  ...withoutEffect({
    user: IDENTIFIED,
    safety_identifier: IDENTIFIED,
    client_metadata: IDENTIFIED,
    prompt_cache_key: FOUND_BY_NAME,
    cache_control: FOUND_BY_NAME,
    cache_salt: "a tenant's states are its own",
    prompt_cache_retention: KEPT,
    prompt_cache_options: KEPT,
    cache_prompt: "a state is kept by its conversation",
    context_management: "a state does not grow",
    service_tier: "there is only one service tier",
    prediction: "a predicted text could only save time",
    reasoning: NO_THOUGHTS,
    reasoning_effort: NO_THOUGHTS,
    reasoning_format: NO_THOUGHTS,
    include_reasoning: NO_THOUGHTS,
    thinking: NO_THOUGHTS,
    enable_thinking: NO_THOUGHTS,
    thinking_budget: NO_THOUGHTS,
    think: NO_THOUGHTS,
    verbosity: "the models are not told how long a reply should be",
    id_slot: "there are no slots",
    keep_alive: "a model is loaded when it is needed",
    priority: "requests are served in the order in which they arrive",
    request_id: "the reply's x-request-id names the request",
    provider: ONE_SERVER,
    models: "`model` names the one that replies",
    route: "`model` names the one that replies",
    transforms: "nothing is cut out of a prompt",
    trace: ONE_SERVER,
    dynatemp_exponent: IT_IS_OFF,
    xtc_threshold: IT_IS_OFF,
    dry_base: IT_IS_OFF,
    dry_allowed_length: IT_IS_OFF,
    dry_penalty_last_n: IT_IS_OFF,
    mirostat_tau: IT_IS_OFF,
    mirostat_eta: IT_IS_OFF,
    timings_per_token: "a reply has its timings at its end",
    return_progress: "`stream_options.include_progress` asks for progress",
  }),
  chat_template_kwargs: templateVariables,
  add_generation_prompt: doneAnyway(true),
  continue_final_message: doneAnyway(false),
  skip_special_tokens: doneAnyway(true),
  include_stop_str_in_output: doneAnyway(false),
  return_token_ids: doneAnyway(false),
  ignore_eos: doneAnyway(false),
  min_tokens: doneAnyway(0),
  use_beam_search: doneAnyway(false),
  length_penalty: doneAnyway(1),
  repeat_penalty: doneAnyway(1),
  mirostat: doneAnyway(0),
  typical_p: doneAnyway(1),
  dynatemp_range: doneAnyway(0),
  xtc_probability: doneAnyway(0),
  dry_multiplier: doneAnyway(0),
  top_n_sigma: doneAnyway(-1),
  top_a: doneAnyway(0),
  tfs: doneAnyway(1),
  tfs_z: doneAnyway(1),
  n_predict: doneAnyway(-1),
  n_probs: doneAnyway(0),
  early_stopping: doneAnyway(false),
  detokenize: doneAnyway(true),
  spaces_between_special_tokens: doneAnyway(true),
  return_tokens_as_token_ids: doneAnyway(false),
};

/** Of `usage` where a reply has it in any case. */
export const ALWAYS_TOLD = "of /v1/responses and /v1/messages: a reply always has its usage";

/** Who asks, where a reply repeats it. */
const identifier = z.string().max(512).nullish();
export const repeatedIdentity = {
  user: repeatedOnly("user", IDENTIFIED, identifier),
  safety_identifier: repeatedOnly("safety_identifier", IDENTIFIED, identifier),
  prompt_cache_key: repeatedOnly("prompt_cache_key", FOUND_BY_NAME, identifier),
};
