"""The official OpenAI client for Python."""

import json
import time

import openai
from openai import OpenAI
from runner import BASE, METRIC, MODEL, PERSON, WORDS, run

client = OpenAI(api_key="none", base_url=BASE, max_retries=0, timeout=60)
MESSAGES = [{"role": "user", "content": "hello"}]
WEATHER = {"name": "weather", "parameters": METRIC}


def chat():
    reply = client.chat.completions.create(model=MODEL, messages=MESSAGES, max_completion_tokens=8)
    assert len(reply.choices[0].message.content) == 8
    assert reply.usage.completion_tokens == 8 and reply.choices[0].finish_reason == "length"


def stream():
    fields = dict(model=MODEL, messages=MESSAGES, max_completion_tokens=8, seed=1)
    whole = client.chat.completions.create(**fields)
    chunks = list(client.chat.completions.create(**fields, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens


def tools():
    fields = dict(model=MODEL, messages=MESSAGES, tools=[{"type": "function", "function": WEATHER}], seed=3)
    with client.chat.completions.stream(**fields, tool_choice="required", parallel_tool_calls=False) as events:
        reply = events.get_final_completion()
    call = reply.choices[0].message.tool_calls[0]
    assert isinstance(json.loads(call.function.arguments)["metric"], bool)


def structured():
    schema = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    reply = client.chat.completions.create(model=MODEL, messages=MESSAGES, response_format=schema)
    assert isinstance(json.loads(reply.choices[0].message.content)["old"], bool)


def responses():
    first = client.responses.create(model=MODEL, input="one", max_output_tokens=8)
    second = client.responses.create(model=MODEL, input="two", previous_response_id=first.id, max_output_tokens=8)
    held = first.usage.input_tokens + first.usage.output_tokens - 1
    assert second.usage.input_tokens_details.cached_tokens == held
    assert client.responses.retrieve(first.id).output_text == first.output_text
    shape = {"format": {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}}
    with client.responses.stream(model=MODEL, input="hello", text=shape) as events:
        numbers = [event.sequence_number for event in events]
        assert isinstance(json.loads(events.get_final_response().output_text)["old"], bool)
    assert numbers == list(range(len(numbers)))


def background():
    running = client.responses.create(model=MODEL, input="hello", max_output_tokens=300, background=True)
    events, cut = [], None
    for event in client.responses.create(
        model=MODEL, input="hello", max_output_tokens=300, background=True, stream=True
    ):
        events.append(event.to_dict())
        if event.type == "response.created":
            cut = event.response.id
        if len(events) == 20:
            break
    events += [event.to_dict() for event in client.responses.retrieve(cut, stream=True, starting_after=19)]
    assert events == [event.to_dict() for event in client.responses.retrieve(cut, stream=True)]
    while running.status == "in_progress":
        time.sleep(0.05)
        running = client.responses.retrieve(running.id)
    assert running.status == "incomplete" and len(running.output_text) == 300
    # It takes seconds: one of some hundred tokens can be over before it is cancelled.
    endless = client.responses.create(model="tiny-long", input="hello", max_output_tokens=60_000, background=True)
    assert client.responses.cancel(endless.id).status == "cancelled"


def conversations():
    made = client.conversations.create(metadata={"topic": "names"})
    client.responses.create(model=MODEL, conversation=made.id, input="hello", max_output_tokens=4)
    roles = [item.role for item in client.conversations.items.list(made.id, order="asc", limit=1)]
    assert roles == ["user", "assistant"]


def instructions():
    made = client.conversations.create()
    tool = {"type": "function", **WEATHER}
    for n, word in enumerate(WORDS):
        fields = dict(model=MODEL, conversation=made.id, instructions=f"Answer {word}.")
        said = word
        if n == 1:
            call = dict(tools=[tool], tool_choice="required", parallel_tool_calls=False)
            asked = client.responses.create(**fields, **call, input=word).output[0]
            said = [{"type": "function_call_output", "call_id": asked.call_id, "output": "sunny"}]
        reply = client.responses.create(**fields, input=said, max_output_tokens=8)
        assert len(reply.output_text) == 8
        assert n == 0 or reply.usage.input_tokens_details.cached_tokens > 0


def errors():
    for fields, kind, param in [
        (dict(model=MODEL, messages=MESSAGES, temperature=3), openai.BadRequestError, "temperature"),
        (dict(model="gpt", messages=MESSAGES), openai.NotFoundError, "model"),
    ]:
        try:
            client.chat.completions.create(**fields)
        except kind as failure:
            assert failure.param == param and failure.code and failure.type
        else:
            raise AssertionError(f"{param} was taken")


run(chat, stream, tools, structured, responses, background, conversations, instructions, errors)
