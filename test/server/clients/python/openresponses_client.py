"""The typed client of Open Responses, which validates every object and event against the specification."""

import json

import openresponses
from openresponses import OpenResponses
from runner import BASE, METRIC, MODEL, PERSON, WORDS, raises, run

client = OpenResponses(base_url=BASE, api_key="none")
ASKED = dict(model=MODEL, max_output_tokens=16)
WEATHER = {"type": "function", "name": "weather", "description": "The weather", "parameters": METRIC}


def text_of(response):
    # A tolerant client leaves out the wrapper that the strict one has.
    bare = lambda value: getattr(value, "root", value)
    items = [bare(item) for item in response.output]
    return "".join(bare(part).text for item in items if item.type == "message" for part in item.content)


def chat():
    response = client.responses.create({**ASKED, "input": "hello", "instructions": "Be brief."})
    assert len(text_of(response)) == 16 and response.usage.output_tokens == 16


def stream():
    text = ""
    with client.responses.create({**ASKED, "input": "hello", "stream": True}) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                text += event.delta
        assert text == text_of(events.final_response)
    assert len(text) == 16


def tools():
    fields = {"model": MODEL, "tools": [WEATHER], "max_output_tokens": 200}
    choice = {"type": "function", "name": "weather"}
    response = client.responses.create({**fields, "input": "hello", "tool_choice": choice})
    call = response.output[0].root
    assert call.type == "function_call" and isinstance(json.loads(call.arguments)["metric"], bool)
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    after = {**fields, "input": [output], "previous_response_id": response.id, "tool_choice": "none"}
    assert client.responses.create(after).usage.input_tokens_details.cached_tokens > 0


def structured():
    shape = {"format": {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}}
    # The specification wants null where the format's schema is repeated; OpenAI repeats it, and so does this server.
    with OpenResponses(base_url=BASE, api_key="none", response_compatibility="openai-compatible") as tolerant:
        response = tolerant.responses.create({"model": MODEL, "input": "hello", "text": shape})
    assert isinstance(json.loads(text_of(response))["old"], bool)


def conversation():
    before = None
    for n, word in enumerate(WORDS):
        fields = {**ASKED, "input": word, "instructions": f"Answer {word}."}
        response = client.responses.create({**fields, **({"previous_response_id": before} if before else {})})
        before = response.id
        assert n == 0 or response.usage.input_tokens_details.cached_tokens > 0


def websocket():
    with client.websocket() as socket:
        first = socket.create({**ASKED, "input": "one", "type": "response.create"})
        assert [event.type for event in first][-1] in ("response.completed", "response.incomplete")
        before = first.final_response.id
        second = socket.create({**ASKED, "input": "two", "previous_response_id": before, "type": "response.create"})
        list(second)
        assert second.final_response.usage.input_tokens_details.cached_tokens > 0


def compaction():
    first = client.responses.create({**ASKED, "input": "one"})
    compacted = client.responses.compact({"model": MODEL, "previous_response_id": first.id})
    items = [json.loads(item.model_dump_json(exclude_none=True)) for item in compacted.output]
    said = {"type": "message", "role": "user", "content": "two"}
    second = client.responses.create({**ASKED, "input": [*items, said]})
    held = first.usage.total_tokens - 1
    assert second.usage.input_tokens_details.cached_tokens == held


def errors():
    failure = raises(
        openresponses.BadRequestError, lambda: client.responses.create({**ASKED, "input": "hello", "temperature": 3})
    )
    assert "temperature" in str(failure)
    raises(openresponses.NotFoundError, lambda: client.responses.create({"model": "gpt", "input": "hello"}))


run(chat, stream, tools, structured, conversation, websocket, compaction, errors)
