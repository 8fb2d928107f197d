"""Pydantic AI, over chat completions, the Responses API and Anthropic's."""

import anthropic
import openai
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from runner import BASE, MODEL, ROOT, WORDS, run


class Person(BaseModel):
    old: bool


def models():
    ours = openai.AsyncOpenAI(api_key="none", base_url=BASE, max_retries=0, timeout=60)
    theirs = anthropic.AsyncAnthropic(api_key="none", base_url=ROOT, max_retries=0, timeout=60)
    return [
        OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=ours)),
        OpenAIResponsesModel(MODEL, provider=OpenAIProvider(openai_client=ours)),
        AnthropicModel(MODEL, provider=AnthropicProvider(anthropic_client=theirs)),
    ]


async def chat():
    for model in models():
        result = await Agent(model, instructions="Be brief.").run("hello", model_settings={"max_tokens": 8})
        assert len(result.output) == 8 and result.usage.output_tokens == 8


async def stream():
    for model in models():
        async with Agent(model).run_stream("hello", model_settings={"max_tokens": 8}) as result:
            text = [piece async for piece in result.stream_text(delta=True)]
        assert len("".join(text)) == 8


async def structured():
    for model in models():
        for output in [ToolOutput(Person), NativeOutput(Person)]:
            if isinstance(model, AnthropicModel) and isinstance(output, NativeOutput):
                continue
            settings = {"max_tokens": 300, "parallel_tool_calls": False}
            result = await Agent(model, output_type=output).run("hello", model_settings=settings)
            assert isinstance(result.output, Person)


async def tools():
    for model in models():
        asks = []
        # A reply of this form is a call, so the agent calls this tool or ends.
        agent = Agent(model, output_type=ToolOutput(Person))

        @agent.tool_plain
        def weather(metric: bool) -> str:
            asks.append(metric)
            return "sunny"

        # Which of the two a model of random weights calls is chance, and Anthropic's API has no seed.
        for seed in range(64):
            settings = {"max_tokens": 300, "parallel_tool_calls": False, "temperature": 1.5}
            if not isinstance(model, AnthropicModel):
                settings["seed"] = seed
            try:
                await agent.run("hello", model_settings=settings)
            except Exception as failure:
                if "limit" not in str(failure):
                    raise
            if asks:
                break
        assert isinstance(asks[0], bool)


async def conversation():
    for model in models():
        history = []
        for word in WORDS:
            agent = Agent(model, instructions=f"Answer {word}.")
            settings = {"max_tokens": 8, "extra_headers": {"x-session-id": f"pydantic-{model.__class__.__name__}"}}
            result = await agent.run(word, message_history=history, model_settings=settings)
            history = result.all_messages()
            assert len(result.output) == 8
            if word != "one" and not isinstance(model, OpenAIResponsesModel):
                assert result.usage.cache_read_tokens > 0


async def previous_response():
    model, history = models()[1], []
    for word in WORDS:
        settings = {"max_tokens": 8, "openai_previous_response_id": "auto"}
        result = await Agent(model, instructions=f"Answer {word}.").run(
            word, message_history=history, model_settings=settings
        )
        history = result.all_messages()
        assert word == "one" or result.usage.cache_read_tokens > 0


async def errors():
    for model in models():
        try:
            await Agent(model).run("hello", model_settings={"temperature": 3, "max_tokens": 8})
        except ModelHTTPError as failure:
            assert failure.status_code == 400 and "temperature" in str(failure.body)
        else:
            raise AssertionError("expected ModelHTTPError")


run(chat, stream, tools, structured, conversation, previous_response, errors)
