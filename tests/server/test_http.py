"""HTTP itself: methods, heads, connections that stay, the headers that every answer has."""
import pytest


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2)


def test_health_says_ok(server):
    answer = server.get("/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize("method, path", [("GET", "/health"), ("GET", "/no/such/path"), ("POST", "/health"),
                                          ("GET", "/%zz")])
def test_every_answer_names_itself_and_its_server(server, method, path):
    answers = [server.request(method, path) for _ in range(2)]
    for answer in answers:
        assert answer.headers["x-request-id"] == answer.headers["request-id"]
        assert answer.headers["server"].startswith("bastide/")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]


def test_a_path_that_takes_another_method_says_which(server):
    answer = server.post("/health")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"


def test_head_is_get_without_a_body(server):
    whole, head = server.get("/health"), server.request("HEAD", "/health")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == whole.headers["content-length"]
