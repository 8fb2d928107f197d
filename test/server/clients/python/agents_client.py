"""OpenAI's Agents SDK for Python, over the Responses API."""

import openai
from agents import Agent, ModelSettings, OpenAIResponsesModel, Runner, SQLiteSession, function_tool, set_tracing_disabled
from pydantic import BaseModel
from runner import BASE, MODEL, WORDS, run

set_tracing_disabled(True)
asks = []


class Person(BaseModel):
    old: bool


@function_tool
def weather(metric: bool) -> str:
    """The weather"""
    asks.append(metric)
    return "sunny"


def agent(client, instructions="Be brief.", settings=None, **fields):
    """A tiny model does not end by itself, and the SDK takes a reply that its limit cut off for a failure: so it ends at letters
    that no call and no object of the checks has."""
    model = OpenAIResponsesModel(model=MODEL, openai_client=client)
    body = {"stop": ["k", "q", "v", "z"], "seed": 1}
    settings = ModelSettings(max_tokens=400, temperature=1, extra_body=body, **(settings or {}))
    return Agent(name="Ada", instructions=instructions, model=model, model_settings=settings, **fields)


def client():
    return openai.AsyncOpenAI(api_key="none", base_url=BASE, max_retries=0, timeout=60)


async def chat():
    result = await Runner.run(agent(client()), "hello")
    assert isinstance(result.final_output, str) and result.raw_responses[0].usage.output_tokens > 0


async def stream():
    result = Runner.run_streamed(agent(client()), "hello")
    text = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            text += event.data.delta
    assert text == result.final_output


async def tools():
    asks.clear()
    must = dict(tool_choice="required", parallel_tool_calls=False)
    result = await Runner.run(agent(client(), settings=must, tools=[weather]), "hello", max_turns=4)
    assert isinstance(asks[0], bool) and isinstance(result.final_output, str)
    assert "tool_call_output_item" in [item.type for item in result.new_items]


async def structured():
    result = await Runner.run(agent(client(), output_type=Person), "hello")
    assert isinstance(result.final_output, Person)


async def conversation():
    at = client()
    made = await at.conversations.create()
    for n, word in enumerate(WORDS):
        result = await Runner.run(agent(at, f"Answer {word}."), word, conversation_id=made.id)
        cached = result.raw_responses[0].usage.input_tokens_details.cached_tokens
        assert n == 0 or cached > 0


async def previous_response():
    at, before = client(), None
    for n, word in enumerate(WORDS):
        result = await Runner.run(agent(at, f"Answer {word}."), word, previous_response_id=before)
        before = result.last_response_id
        assert n == 0 or result.raw_responses[0].usage.input_tokens_details.cached_tokens > 0


async def session():
    at, kept = client(), SQLiteSession("checks")
    must = dict(tool_choice="required", parallel_tool_calls=False)
    await Runner.run(agent(at), "one", session=kept)
    await Runner.run(agent(at, settings=must, tools=[weather]), "two", session=kept, max_turns=4)
    result = await Runner.run(agent(at), "three", session=kept)
    assert isinstance(result.final_output, str)
    assert len(await kept.get_items()) >= 8


async def errors():
    try:
        await Runner.run(agent(client(), settings=dict(top_p=3)), "hello")
    except openai.BadRequestError as failure:
        assert failure.param == "top_p"
    else:
        raise AssertionError("expected BadRequestError")


run(chat, stream, tools, structured, conversation, previous_response, session, errors)
