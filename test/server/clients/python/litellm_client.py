"""LiteLLM, over chat completions, the Responses API and Anthropic's."""

import json

import litellm
from runner import BASE, METRIC, MODEL, PERSON, ROOT, WORDS, raises, run

litellm.suppress_debug_info = True
HELLO = [{"role": "user", "content": "hello"}]
CHAT = dict(model=f"openai/{MODEL}", api_base=BASE, api_key="none", num_retries=0)
THEIRS = dict(model=f"anthropic/{MODEL}", api_base=ROOT, api_key="none", num_retries=0)
WEATHER = {"type": "function", "function": {"name": "weather", "description": "The weather", "parameters": METRIC}}


def chat():
    for at in [CHAT, THEIRS]:
        reply = litellm.completion(**at, messages=HELLO, max_tokens=8)
        assert len(reply.choices[0].message.content) == 8 and reply.usage.completion_tokens == 8


def stream():
    for at in [CHAT, THEIRS]:
        chunks = litellm.completion(**at, messages=HELLO, max_tokens=8, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert len(text) == 8


def tools():
    named = {"type": "function", "function": {"name": "weather"}}
    for at in [CHAT, THEIRS]:
        fields = dict(**at, tools=[WEATHER], max_tokens=200)
        message = litellm.completion(**fields, messages=HELLO, tool_choice=named).choices[0].message
        call = message.tool_calls[0]
        assert isinstance(json.loads(call.function.arguments)["metric"], bool)
        answer = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        reply = litellm.completion(**fields, messages=[*HELLO, message.model_dump(), answer], tool_choice="none")
        assert reply.usage.completion_tokens > 0


def structured():
    shape = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    reply = litellm.completion(**CHAT, messages=HELLO, max_tokens=200, response_format=shape)
    assert isinstance(json.loads(reply.choices[0].message.content)["old"], bool)


def conversation():
    for at, name in [(CHAT, "litellm-chat"), (THEIRS, "litellm-messages")]:
        messages = []
        for n, word in enumerate(WORDS):
            messages.append({"role": "user", "content": word})
            said = [{"role": "system", "content": f"Answer {word}."}, *messages]
            reply = litellm.completion(**at, messages=said, max_tokens=8, extra_headers={"x-session-id": name})
            assert n == 0 or reply.usage.prompt_tokens_details.cached_tokens > 0
            messages.append(reply.choices[0].message.model_dump())


def responses():
    before = None
    for n, word in enumerate(WORDS):
        fields = dict(input=word, instructions=f"Answer {word}.", max_output_tokens=8, previous_response_id=before)
        reply = litellm.responses(model=f"openai/{MODEL}", api_base=BASE, api_key="none", **fields)
        before = reply.id
        assert n == 0 or reply.usage.input_tokens_details.cached_tokens > 0


def errors():
    for at in [CHAT, THEIRS]:
        failure = raises(
            litellm.BadRequestError, lambda: litellm.completion(**at, messages=HELLO, max_tokens=8, temperature=3)
        )
        assert "temperature" in str(failure)
        raises(litellm.NotFoundError, lambda: litellm.completion(**{**at, "model": f"{at['model']}s"}, messages=HELLO))
    much = [{"role": "user", "content": "a " * 4000}]
    raises(litellm.ContextWindowExceededError, lambda: litellm.completion(**CHAT, messages=much, max_tokens=8))


run(chat, stream, tools, structured, conversation, responses, errors)
