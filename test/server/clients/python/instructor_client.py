"""Instructor, over OpenAI's and Anthropic's clients."""

import anthropic
import instructor
import openai
from pydantic import BaseModel
from runner import BASE, MODEL, ROOT, WORDS, run


class Person(BaseModel):
    old: bool


HELLO = [{"role": "user", "content": "hello"}]
ours = openai.OpenAI(api_key="none", base_url=BASE, max_retries=0, timeout=60)
theirs = anthropic.Anthropic(api_key="none", base_url=ROOT, max_retries=0, timeout=60)
ASKED = dict(model=MODEL, max_tokens=200, messages=HELLO, max_retries=0)


def tools():
    client = instructor.from_openai(ours, mode=instructor.Mode.TOOLS)
    assert isinstance(client.chat.completions.create(**ASKED, response_model=Person), Person)


def structured():
    client = instructor.from_openai(ours, mode=instructor.Mode.JSON_SCHEMA)
    assert isinstance(client.chat.completions.create(**ASKED, response_model=Person), Person)


def stream():
    client = instructor.from_openai(ours, mode=instructor.Mode.TOOLS)
    pieces = list(client.chat.completions.create_partial(**ASKED, response_model=Person))
    assert isinstance(pieces[-1].old, bool)


def chat():
    client = instructor.from_openai(ours)
    reply = client.chat.completions.create(model=MODEL, max_tokens=8, messages=HELLO, response_model=None)
    assert len(reply.choices[0].message.content) == 8


def messages():
    client = instructor.from_anthropic(theirs, mode=instructor.Mode.ANTHROPIC_TOOLS)
    assert isinstance(client.messages.create(**ASKED, response_model=Person), Person)


def conversation():
    client = instructor.from_openai(ours, mode=instructor.Mode.JSON_SCHEMA)
    said = []
    for n, word in enumerate(WORDS):
        said.append({"role": "user", "content": word})
        person, reply = client.chat.completions.create_with_completion(
            **{**ASKED, "messages": [{"role": "system", "content": f"Answer {word}."}, *said]},
            response_model=Person,
            extra_headers={"x-session-id": "instructor"},
        )
        assert isinstance(person, Person)
        assert n == 0 or reply.usage.prompt_tokens_details.cached_tokens > 0
        said.append({"role": "assistant", "content": reply.choices[0].message.content})


def errors():
    client = instructor.from_openai(ours)
    try:
        client.chat.completions.create(**ASKED, response_model=Person, temperature=3)
    except Exception as failure:
        assert "temperature" in str(failure)
    else:
        raise AssertionError("expected a failure")


run(chat, stream, tools, structured, messages, conversation, errors)
