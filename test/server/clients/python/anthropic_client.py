"""Anthropic's official client for Python."""

import anthropic
from runner import METRIC, MODEL, ROOT, WORDS, raises, run

client = anthropic.Anthropic(api_key="none", base_url=ROOT, max_retries=0, timeout=60)
HELLO = [{"role": "user", "content": "hello"}]
ASKED = dict(model=MODEL, max_tokens=8)
WEATHER = {"name": "weather", "description": "The weather", "input_schema": METRIC}


def chat():
    reply = client.messages.create(**ASKED, system="Be brief.", messages=HELLO)
    assert len(reply.content[0].text) == 8
    assert reply.stop_reason == "max_tokens" and reply.usage.output_tokens == 8


def stream():
    whole = client.messages.create(**ASKED, messages=HELLO, extra_body={"seed": 1})
    with client.messages.stream(**ASKED, messages=HELLO, extra_body={"seed": 1}) as events:
        text = "".join(events.text_stream)
        last = events.get_final_message()
    assert text == whole.content[0].text == last.content[0].text
    assert last.usage.input_tokens == whole.usage.input_tokens and last.usage.output_tokens == 8


def tools():
    fields = dict(model=MODEL, max_tokens=200, tools=[WEATHER])
    reply = client.messages.create(**fields, messages=HELLO, tool_choice={"type": "tool", "name": "weather"})
    call = reply.content[0]
    assert reply.stop_reason == "tool_use" and isinstance(call.input["metric"], bool)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    said = [*HELLO, {"role": "assistant", "content": reply.content}, {"role": "user", "content": [result]}]
    assert client.messages.create(**fields, messages=said, tool_choice={"type": "none"}).usage.output_tokens > 0


def structured():
    from pydantic import BaseModel

    class Person(BaseModel):
        old: bool

    reply = client.messages.parse(model=MODEL, max_tokens=200, messages=HELLO, output_format=Person)
    assert isinstance(reply.parsed_output, Person)


def conversation():
    messages, held = [], 0
    for n, word in enumerate(WORDS):
        messages.append({"role": "user", "content": word})
        reply = client.messages.create(
            **ASKED, system=f"Answer {word}.", messages=messages, extra_headers={"x-session-id": "anthropic-py"}
        )
        assert n == 0 or reply.usage.cache_read_input_tokens > held
        held = reply.usage.cache_read_input_tokens
        messages.append({"role": "assistant", "content": reply.content})


def models():
    # Whoever goes through a page goes on to the next.
    assert [(one.type, one.id) for one in client.models.list(limit=1)] == [("model", MODEL), ("model", "tiny-long")]
    assert client.models.retrieve(MODEL).display_name == MODEL
    assert client.models.retrieve(MODEL).created_at.year >= 1970
    raises(anthropic.NotFoundError, lambda: client.models.retrieve("claude"))


def counting():
    fields = dict(model=MODEL, messages=HELLO, tools=[WEATHER], system="Be brief.")
    counted = client.messages.count_tokens(**fields).input_tokens
    assert counted == client.messages.create(**fields, max_tokens=1).usage.input_tokens


def errors():
    failure = raises(
        anthropic.BadRequestError, lambda: client.messages.create(**ASKED, messages=HELLO, extra_body={"min_p": 3})
    )
    assert failure.body["error"]["type"] == "invalid_request_error" and failure.body["error"]["param"] == "min_p"
    raises(anthropic.NotFoundError, lambda: client.messages.create(model="claude", max_tokens=8, messages=HELLO))


run(chat, stream, tools, structured, conversation, models, counting, errors)
