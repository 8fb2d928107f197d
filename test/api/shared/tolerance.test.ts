/** What changes no reply is taken, whoever wrote it, and named; what would change one is refused. */
import { describe, expect, it } from "vitest";
import { chatRequest, chatTurn } from "../../../src/api/chat/request.ts";
import { completionRequest, completionTurn } from "../../../src/api/completions/request.ts";
import { messageRequest, messageTurn } from "../../../src/api/messages/request.ts";
import { responseRequest, responseTurn } from "../../../src/api/responses/request.ts";
import { Ignored, noting } from "../../../src/api/shared/ignored.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";

type Turn = ReturnType<typeof chatTurn>;

const kinds = ["chat", "response", "completion", "message"] as const;
type Kind = (typeof kinds)[number];

/** The turn, and the names of what was without effect. */
function taking(fields: object, kind: Kind = "chat"): { turn: Turn; ignored: string[] } {
  const ignored = new Ignored();
  const turn = noting(ignored, () => {
    if (kind === "chat")
      return chatTurn(
        parse({ model: "m", messages: [{ role: "user", content: "hi" }], ...fields }, chatRequest, ignored),
      );
    if (kind === "response")
      return responseTurn(parse({ model: "m", input: "hi", ...fields }, responseRequest, ignored));
    if (kind === "message")
      return messageTurn(
        parse({ model: "m", messages: [{ role: "user", content: "hi" }], ...fields }, messageRequest, ignored),
      );
    return completionTurn(parse({ model: "m", prompt: "hi", ...fields }, completionRequest, ignored)) as Turn;
  });
  return { turn, ignored: ignored.names };
}

const user = { role: "user", content: "hi" };
const plain = (fields: object, kind: Kind = "chat") => taking(fields, kind).turn;

describe("a chat's history", () => {
  const call = { id: "call_1", type: "function", function: { name: "f", arguments: '{"a":1}' } };
  const clean = [
    user,
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", content: "1", tool_call_id: "call_1" },
  ];
  const said = [user, { role: "assistant", content: "yo" }, user];

  it.each<[what: string, messages: object[], as: object[], ignored: string[]]>([
    ["a tool's name", [clean[0]!, clean[1]!, { ...clean[2], name: "f" }], clean, ["messages[].name"]],
    [
      "numbers of calls",
      [clean[0]!, { ...clean[1], tool_calls: [{ ...call, index: 0 }] }, clean[2]!],
      clean,
      ["messages[].tool_calls[].index"],
    ],
    ["an empty content beside calls", [clean[0]!, { ...clean[1], content: [] }, clean[2]!], clean, []],
    ["no content beside calls", [clean[0]!, { role: "assistant", tool_calls: [call] }, clean[2]!], clean, []],
    [
      "calls without a type",
      [clean[0]!, { ...clean[1], tool_calls: [{ ...call, type: undefined }] }, clean[2]!],
      clean,
      [],
    ],
    [
      "reasoning of other models",
      [user, { role: "assistant", content: "yo", reasoning_content: "hm", reasoning_details: [{}] }, user],
      said,
      ["messages[].reasoning_content", "messages[].reasoning_details"],
    ],
    [
      "thoughts among the parts",
      [
        user,
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "hm", signature: "s" },
            { type: "text", text: "yo", annotations: [{}] },
          ],
        },
        user,
      ],
      said,
      ["messages[].content[]:thinking", "messages[].content[].annotations"],
    ],
    [
      "hints for another server's cache",
      [
        { ...user, cache_control: { type: "ephemeral" } },
        said[1]!,
        { role: "user", content: [{ type: "text", text: "hi", cache_control: {} }] },
      ],
      said,
      ["messages[].cache_control", "messages[].content[].cache_control"],
    ],
    [
      "nulls at every depth",
      [
        { ...user, name: null, x: null },
        { role: "assistant", content: "yo", refusal: null, audio: null, function_call: null, tool_calls: null },
        user,
      ],
      said,
      [],
    ],
    [
      "a refusal in the content's place",
      [user, { role: "assistant", refusal: "no" }, user],
      [user, { role: "assistant", content: "no" }, user],
      [],
    ],
    [
      "an older form of calls",
      [
        user,
        { role: "assistant", content: null, function_call: call.function },
        { role: "function", name: "f", content: "1" },
      ],
      [user, clean[1]!, { role: "tool", content: "1" }],
      ["messages[].name"],
    ],
  ])("takes %s", (_, messages, as, ignored) => {
    const taken = taking({ messages });
    const expected = as === clean || as === said ? plain({ messages: as }).messages : undefined;
    if (expected) expect(taken.turn.messages).toEqual(expected);
    else expect(taken.turn.messages.map(({ role }) => role)).toEqual(as.map((one) => (one as { role: string }).role));
    expect(taken.ignored).toEqual(ignored);
  });

  it("takes calls of a custom tool as calls", () => {
    const custom = { id: "call_1", type: "custom", custom: { name: "sql", input: 'select "x"' } };
    const messages = [
      user,
      { role: "assistant", tool_calls: [custom] },
      { role: "tool", content: "1", tool_call_id: "call_1" },
    ];
    expect(plain({ messages }).messages[1]!.content).toContain(
      '{"name": "sql", "arguments": {"input":"select \\"x\\""}}',
    );
  });

  it("refuses images in a history, which the model would have to see", () => {
    const part = { type: "image_url", image_url: { url: "x" } };
    expect(() => taking({ messages: [{ role: "user", content: [part] }] })).toThrow("messages[0].content[0].type");
  });
});

describe("messages of Anthropic's API", () => {
  const surroundings = { role: "system", content: "It is dark." };
  const rules = { type: "text", text: "Be brief." };
  const billing = { type: "text", text: "x-anthropic-billing-header: cc_version=2;" };

  it("may end with a system message behind the user's, as Claude Code's do", () => {
    expect(taking({ messages: [user, surroundings] }, "message").turn.messages).toEqual([user, surroundings]);
    for (const messages of [[user, { role: "assistant", content: "{" }], [surroundings]])
      expect(() => taking({ messages }, "message")).toThrow(expect.objectContaining({ param: "messages" }));
  });

  it("are told nothing of whom to bill", () => {
    const { turn, ignored } = taking({ system: [billing, rules] }, "message");
    expect(turn.messages).toEqual([{ role: "system", content: "Be brief." }, user]);
    expect(ignored).toEqual(["system[]:x-anthropic-billing-header"]);
    expect(plain({ system: [billing] }, "message").messages).toEqual([user]);
  });
});

describe("items of a response's input", () => {
  const answer = {
    type: "message",
    id: "msg_1",
    status: "completed",
    role: "assistant",
    content: [{ type: "output_text", text: "yo", annotations: [], logprobs: [] }],
  };
  const input = [user, answer, user];

  it.each<[what: string, input: object[], ignored: string[]]>([
    [
      "thoughts of a model",
      [user, { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "x" }, answer, user],
      ["input[]:reasoning"],
    ],
    [
      "another server's search",
      [user, { type: "web_search_call", id: "ws_1", status: "completed" }, answer, user],
      ["input[]:web_search_call"],
    ],
    [
      "fields of later clients",
      [user, { ...answer, phase: "final_answer", provider_data: {}, namespace: "x" }, user],
      ["input[].provider_data", "input[].namespace"],
    ],
    ["nulls", [{ ...user, id: null, status: null, later: null }, { ...answer, phase: null }, user], []],
  ])("takes %s", (_, items, ignored) => {
    const taken = taking({ input: items }, "response");
    expect(taken.turn.messages).toEqual(plain({ input }, "response").messages);
    expect(taken.ignored).toEqual(ignored);
  });
});

describe("fields of a request", () => {
  it("takes what has no effect, whatever it holds, and names it once", () => {
    const fields = {
      reasoning_effort: "xhigh",
      verbosity: { level: 3 },
      service_tier: "flex",
      prediction: { type: "content", content: "x" },
      safety_identifier: "s",
    };
    expect(taking(fields).ignored.sort()).toEqual(Object.keys(fields).sort());
    const response = {
      reasoning: { effort: "high", summary: "auto", later: 1 },
      max_tool_calls: 3,
      text: { verbosity: "low" },
      include: ["reasoning.encrypted_content"],
      context_management: [{}],
    };
    expect(taking(response, "response").ignored.sort()).toEqual([
      "context_management",
      "include:reasoning.encrypted_content",
      "max_tool_calls",
      "reasoning",
      "text.verbosity",
    ]);
    expect(taking({ stream: true, stream_options: { include_obfuscation: false, later: 1 } }).ignored.sort()).toEqual([
      "stream_options.include_obfuscation",
      "stream_options.later",
    ]);
  });

  /** One request of each, as these clients send it to a server that they take for another one. */
  const clients: Record<string, object> = {
    vllm: {
      ...{ chat_template_kwargs: { enable_thinking: false, thinking: true }, cache_salt: "s", priority: 1 },
      ...{ add_generation_prompt: true, continue_final_message: false, skip_special_tokens: true, ignore_eos: false },
      ...{ min_tokens: 0, length_penalty: 1, use_beam_search: false, include_stop_str_in_output: false },
      ...{ return_token_ids: false, return_tokens_as_token_ids: false, detokenize: true },
      spaces_between_special_tokens: true,
    },
    "llama-server": {
      ...{ cache_prompt: true, id_slot: -1, reasoning_format: "auto", typical_p: 1, repeat_penalty: 1, mirostat: 0 },
      chat_template_kwargs: { reasoning_effort: "high" },
    },
    "llama.cpp's page": {
      ...{ dynatemp_range: 0, xtc_probability: 0, dry_multiplier: 0, n_predict: -1, n_probs: 0, top_n_sigma: -1 },
      ...{ dynatemp_exponent: 1, xtc_threshold: 0.1, dry_base: 1.75, dry_allowed_length: 2, dry_penalty_last_n: -1 },
      ...{ mirostat_tau: 5, mirostat_eta: 0.1, timings_per_token: true, return_progress: true },
    },
    "text-generation-webui": { top_a: 0, tfs: 1, tfs_z: 1, early_stopping: false },
    ollama: { keep_alive: "5m", think: false, reasoning_effort: "none" },
    qwen: { enable_thinking: false, thinking_budget: 0 },
    openrouter: {
      ...{ provider: { order: ["a"] }, transforms: ["middle-out"], models: ["a", "b"], route: "fallback" },
      ...{ reasoning: { effort: "xhigh", exclude: true }, include_reasoning: false, trace: { id: "t" } },
    },
    openai: {
      ...{ user: "u", safety_identifier: "s", prompt_cache_key: "k", prompt_cache_retention: "24h" },
      ...{ service_tier: "auto", verbosity: "low", reasoning_effort: "minimal", prediction: { type: "content" } },
    },
    anthropic: { thinking: { type: "enabled", budget_tokens: 1 }, cache_control: {}, context_management: {} },
    codex: { client_metadata: { thread_id: "t" }, prompt_cache_key: "t" },
  };
  const cases = kinds.flatMap((kind) => Object.entries(clients).map(([client, fields]) => ({ kind, client, fields })));
  /** What stands at what is done anyway has its effect. */
  const done =
    /^(?:add_|continue_|skip_|ignore_eos|min_tokens|length_|use_beam|include_stop|return_token|typical|repeat|mirostat$|dynatemp_r|xtc_p|dry_m|n_p|top_|tfs|early_|detok|spaces_)/;

  it.each(cases)("a $kind takes what $client's clients send along, and names it", ({ kind, fields }) => {
    const { turn, ignored } = taking(fields, kind);
    const names = Object.entries(fields)
      .filter(([name]) => !done.test(name))
      .flatMap(([name, value]) =>
        name === "chat_template_kwargs" ? Object.keys(value).map((key) => `${name}.${key}`) : [name],
      );
    expect(ignored.sort()).toEqual(names.sort());
    const { echo: _, ...reply } = turn.reply;
    expect({ ...turn, reply }).toEqual({ ...plain({}, kind), reply: { ...plain({}, kind).reply, echo: undefined } });
  });

  it.each(kinds)("a %s refuses by name what would change what is read or drawn", (kind) => {
    const refused: [object, string][] = [
      [{ chat_template_kwargs: { date: "today" } }, "chat_template_kwargs.date"],
      [{ chat_template_kwargs: "no" }, "chat_template_kwargs"],
      [{ ignore_eos: true }, "ignore_eos"],
      [{ min_tokens: 5 }, "min_tokens"],
      [{ repeat_penalty: 1.1 }, "repeat_penalty"],
      [{ dry_multiplier: 0.8, dry_base: 1.75 }, "dry_multiplier"],
      [{ n_predict: 5 }, "n_predict"],
      [{ plugins: [{ id: "web" }] }, "plugins"],
      [{ extra_body: { no_such_field: 1 } }, "no_such_field"],
      [{ extra_body: { temperature: 3 } }, "temperature"],
      [{ extra_body: { top_k: 1 }, top_k: 2 }, "extra_body.top_k"],
      [{ extra_body: "x" }, "extra_body"],
    ];
    for (const [fields, param] of refused)
      expect(() => taking(fields, kind), param).toThrow(expect.objectContaining({ code: "request_invalid", param }));
  });

  it.each(kinds)("a %s takes what is empty under a name that it does not know, and names it", (kind) => {
    const nothing = { stop_token_ids: [], logits_processors: [], plugins: [], options: {}, grammar: "", no_such: null };
    const { turn, ignored } = taking(nothing, kind);
    expect(ignored).toEqual(Object.keys(nothing));
    expect(turn).toEqual(plain({}, kind));
    expect(() => taking({ stop_token_ids: [2] }, kind)).toThrow(expect.objectContaining({ param: "stop_token_ids" }));
  });

  it.each(kinds)("a %s takes what came in extra_body as if it stood beside it", (kind) => {
    const { turn, ignored } = taking({ extra_body: { top_k: 5, enable_thinking: false, seed: null } }, kind);
    expect(turn.sampling.topK).toBe(5);
    expect(ignored).toEqual(["enable_thinking"]);
  });

  it("gives the usage that OpenRouter's clients ask for at a stream's end", () => {
    for (const kind of ["chat", "completion"] as const) {
      const { turn, ignored } = taking({ stream: true, usage: { include: true } }, kind);
      expect([turn.reply.includeUsage, ignored]).toEqual([true, []]);
      expect(plain({ stream: true, usage: { include: false } }, kind).reply.includeUsage).toBe(false);
    }
    // These always do.
    for (const kind of ["response", "message"] as const)
      expect(taking({ usage: { include: true } }, kind).ignored).toEqual(["usage"]);
  });

  it("takes options of a stream where there is none", () => {
    for (const kind of ["chat", "completion"] as const)
      expect(taking({ stream_options: { include_usage: true } }, kind).ignored).toEqual(["stream_options"]);
  });

  it("takes every field of OpenAI's as null", () => {
    const chat = [
      "audio",
      "frequency_penalty",
      "function_call",
      "functions",
      "logit_bias",
      "logprobs",
      "max_completion_tokens",
      "max_tokens",
      "metadata",
      "modalities",
      "n",
      "parallel_tool_calls",
      "prediction",
      "presence_penalty",
      "reasoning_effort",
      "response_format",
      "seed",
      "service_tier",
      "stop",
      "store",
      "stream",
      "stream_options",
      "temperature",
      "tool_choice",
      "tools",
      "top_logprobs",
      "top_p",
      "user",
      "verbosity",
      "web_search_options",
    ];
    const nulls = (names: string[]) => Object.fromEntries(names.map((name) => [name, null]));
    expect(taking(nulls(chat)).ignored).toEqual(["audio", "web_search_options"]);
    const response = [
      "background",
      "conversation",
      "include",
      "instructions",
      "max_output_tokens",
      "max_tool_calls",
      "metadata",
      "moderation",
      "parallel_tool_calls",
      "previous_response_id",
      "prompt",
      "prompt_cache_key",
      "reasoning",
      "safety_identifier",
      "store",
      "stream",
      "stream_options",
      "text",
      "tool_choice",
      "tools",
      "top_logprobs",
      "truncation",
      "user",
    ];
    expect(taking(nulls(response), "response").ignored).toEqual(["moderation", "prompt"]);
    expect(taking(nulls(["suffix", "best_of", "echo", "logprobs"]), "completion").ignored).toEqual([]);
  });

  it("refuses what it does not know, and what would change the reply, by name", () => {
    for (const field of ["audio", "functions", "web_search_options", "grammar", "no_such_field"])
      expect(() => taking({ [field]: { x: 1 } })).toThrow(
        expect.objectContaining({ code: "request_invalid", param: field }),
      );
    expect(() => taking({ prompt: { id: "p" } }, "response")).toThrow(expect.objectContaining({ param: "prompt" }));
    expect(() => taking({ best_of: 2 }, "completion")).toThrow(expect.objectContaining({ param: "best_of" }));
  });

  it("takes one of several, all of the likeliest, and numbers of 64 bits", () => {
    expect(plain({ top_k: -1 }).sampling.topK).toBe(0);
    expect(plain({ best_of: 1, suffix: "" }, "completion").choices).toBe(1);
    for (const kind of ["chat", "completion"] as const) {
      expect(plain({ best_of: 2, n: 2 }, kind)).toEqual(plain({ n: 2 }, kind));
      expect(() => taking({ best_of: 3, n: 2 }, kind)).toThrow(expect.objectContaining({ param: "best_of" }));
    }
    for (const seed of [-(2 ** 63), 2 ** 63, 2 ** 64]) expect(plain({ seed }).seed).toBe(seed);
  });
});

describe("tools", () => {
  const f = { type: "function", name: "f" };
  const other = [
    { type: "web_search" },
    { type: "custom", name: "x", format: {} },
    { type: "mcp", server_url: "https://x" },
  ];

  it("leaves out kinds that it cannot run, and names them", () => {
    const { turn, ignored } = taking({ tools: [other[0], f, other[1], other[2]], tool_choice: "required" }, "response");
    expect(turn.tools).toEqual([{ name: "f" }]);
    expect(turn.reply.echo!.tools).toEqual([{ ...f, description: null, parameters: null, strict: false }]);
    expect(ignored).toEqual(["tools[0]:web_search", "tools[2]:custom", "tools[3]:mcp"]);
    const chat = taking({ tools: [{ type: "custom", custom: { name: "x" } }], tool_choice: "auto" });
    expect([chat.turn.tools, chat.ignored]).toEqual([undefined, ["tools[0]:custom"]]);
  });

  it.each(["chat", "response", "message"] as const)(
    "a %s takes what agents say of a tool, thousands of characters",
    (kind) => {
      const description = "How to run a command. ".repeat(400);
      const tool = {
        chat: { type: "function", function: { name: "f", description } },
        response: { ...f, description },
        message: { name: "f", description, input_schema: {} },
      }[kind];
      expect(plain({ tools: [tool] }, kind).tools).toMatchObject([{ name: "f", description }]);
    },
  );

  it("refuses a choice that only a tool left out could serve", () => {
    for (const tool_choice of [{ type: "web_search" }, { type: "custom", name: "x" }])
      expect(() => taking({ tools: [...other, f], tool_choice }, "response")).toThrow(
        expect.objectContaining({ param: "tool_choice.type" }),
      );
    const allowed = { type: "allowed_tools", mode: "required", tools: [{ type: "web_search" }] };
    expect(() => taking({ tools: [...other, f], tool_choice: allowed }, "response")).toThrow(
      expect.objectContaining({ param: "tool_choice" }),
    );
  });

  it("takes allowed tools without a mode, and fields of later clients", () => {
    const allowed = { type: "allowed_tools", tools: [{ type: "function", name: "f" }] };
    const { turn, ignored } = taking(
      { tools: [{ ...f, cache_control: {}, defer_loading: true }], tool_choice: allowed },
      "response",
    );
    expect(turn).toMatchObject({ toolChoice: "auto", allowedTools: ["f"] });
    expect(ignored).toEqual(["tools[].cache_control", "tools[].defer_loading"]);
  });
});

it("writes a header of bounded size, whatever the names are", () => {
  const ignored = new Ignored();
  for (let i = 0; i < 50; i++) ignored.add(`a\r\nb,é${i}${"x".repeat(500)}`);
  expect(ignored.header()).toMatch(/^[!-~ ]+$/);
  expect(ignored.header()!.length).toBeLessThan(3000);
  expect(ignored.header()).toContain("(18 more)");
  expect(new Ignored().header()).toBeUndefined();
});
