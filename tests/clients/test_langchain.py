"""langchain-openai, with the base URL changed."""
import pytest

langchain = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")


class Weather(pydantic.BaseModel):
    """Tells the weather of a city."""
    city: str = pydantic.Field(json_schema_extra={"enum": ["Paris", "London"]})


@pytest.fixture(scope="module")
def settings(server):
    model = server.get("/v1/models").json["data"][0]["id"]
    return {"base_url": f"{server.url}/v1", "api_key": "none", "model": model, "max_retries": 0}


@pytest.fixture(scope="module")
def chat(settings):
    return langchain.ChatOpenAI(temperature=0, max_tokens=120, **settings)


def test_a_chat_and_its_usage(chat):
    message = chat.invoke("Say hello.")
    assert message.content and message.usage_metadata["output_tokens"] > 0
    assert message.response_metadata["finish_reason"] in ("stop", "length")


def test_a_stream_adds_up_with_usage(chat):
    whole = chat.invoke("Say hello.").content
    chunks = list(chat.stream("Say hello.", stream_usage=True))
    assert "".join(c.content for c in chunks) == whole
    assert sum(c.usage_metadata["output_tokens"] for c in chunks if c.usage_metadata) > 0


def test_a_conversation_with_roles(chat):
    assert chat.invoke([("system", "Be short."), ("human", "Hi"), ("ai", "Hello!"), ("human", "Bye")]).content


def test_bound_tools_are_called(chat):
    message = chat.bind_tools([Weather], tool_choice="required", strict=True).invoke("The weather in Paris?")
    assert message.tool_calls and message.tool_calls[0]["name"] == "Weather"
    assert message.tool_calls[0]["args"]["city"] in ("Paris", "London")


def test_streamed_tool_calls_add_up(chat):
    total = None
    for chunk in chat.bind_tools([Weather], tool_choice="Weather", strict=True).stream("The weather in Paris?"):
        total = chunk if total is None else total + chunk
    assert total.tool_calls[0]["args"]["city"] in ("Paris", "London")


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output(chat, method):
    assert isinstance(chat.with_structured_output(Weather, method=method).invoke("The weather in Paris?"), Weather)


def test_the_responses_api(settings):
    message = langchain.ChatOpenAI(use_responses_api=True, max_tokens=20, **settings).invoke("Say hello.")
    assert message.text and message.usage_metadata["output_tokens"] > 0


def test_completions(settings):
    assert langchain.OpenAI(max_tokens=8, temperature=0, **settings).invoke("The sky is")


def test_embeddings_of_texts(settings):
    embeddings = langchain.OpenAIEmbeddings(check_embedding_ctx_length=False, **settings)
    one, two = embeddings.embed_documents(["a cat", "the sea"])
    assert len(one) == len(two) == 576 and one != two
    assert embeddings.embed_query("a cat") == pytest.approx(one, abs=1e-6)
