"""Real clients against the real server: a server for each file of tests."""
import pytest


@pytest.fixture(scope="module")
def server(serve, smollm2):
    """SmolLM2, with a context that is quickly full."""
    return serve(smollm2, "--context", "2048")


@pytest.fixture(scope="module")
def client(server):
    """The openai package's client."""
    openai = pytest.importorskip("openai", reason="openai is not installed")
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def model(client):
    return client.models.list().data[0].id


@pytest.fixture
def chat(client, model):
    """chat(...) asks; greedy and short unless told otherwise."""
    def ask(**fields):
        messages = [{"role": "user", "content": "What is the weather in Paris?"}]
        return client.chat.completions.create(**({"model": model, "messages": messages, "temperature": 0,
                                                  "max_tokens": 24} | fields))
    return ask
