"""/metrics: in Prometheus' form, with counts that agree with what was asked."""
import re

import pytest

NAMES = """bastide_requests_total bastide_prompt_tokens_total bastide_cached_tokens_total bastide_generated_tokens_total
           bastide_requests_running bastide_queue_length bastide_resident_bytes bastide_time_to_first_token_seconds
           bastide_time_between_tokens_seconds""".split()
SAMPLE = re.compile(r'^([a-z_:]+)(\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? (\+Inf|-?[0-9.]+(?:e[+-]?\d+)?)$')


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2)


def test_each_line_is_a_sample_of_a_metric_that_was_described(server):
    answer = server.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    described = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram)$", answer.text, re.MULTILINE))
    assert described >= set(NAMES) and described == set(re.findall(r"^# HELP (\S+) \S", answer.text, re.MULTILINE))
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            name = SAMPLE.match(line).group(1)
            assert re.sub(r"_(bucket|sum|count)$", "", name) in described or name in described, line


def test_requests_are_counted_by_api_and_status(server):
    def counts(api, status):
        return server.metric("bastide_requests_total", api=api, status=status)
    cases = [("openai", 200, "/v1/models"), ("openai", 404, "/v1/models/none"), ("ollama", 200, "/api/tags"),
             ("llama", 200, "/health"), ("page", 200, "/api/bastide/v1/conversations"),
             ("page", 404, "/api/bastide/v1/conversations/none"), ("anthropic", 405, "/v1/messages")]
    for api, status, path in cases:
        before = counts(api, status)
        assert server.get(path).status == status, path
        assert counts(api, status) == before + (2 if (api, status) == ("llama", 200) else 1), path


def test_tokens_are_counted_as_the_answer_tells_them(server):
    names = ("bastide_prompt_tokens_total", "bastide_cached_tokens_total", "bastide_generated_tokens_total",
             "bastide_time_to_first_token_seconds_count", "bastide_time_between_tokens_seconds_count")
    before = [server.metric(name) for name in names]
    usage = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Count to three"}],
                                                 "max_tokens": 8}).json["usage"]
    computed, cached, generated, first, between = (server.metric(name) - was for name, was in zip(names, before))
    assert computed + cached == usage["prompt_tokens"]
    assert generated == usage["completion_tokens"] and first == 1 and between == generated - 1


def test_a_histogram_adds_up(server):
    text = server.get("/metrics").text
    for name in NAMES[-2:]:
        buckets = [(float(bound), float(value)) for bound, value in
                   re.findall(rf'^{name}_bucket{{le="(\S+)"}} (\S+)$', text, re.MULTILINE)]
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf")
        assert buckets[-1][1] == server.metric(f"{name}_count")


def test_resident_bytes_are_those_of_the_system(server):
    status = open(f"/proc/{server.process.pid}/status", encoding="utf-8").read()
    kilobytes = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    assert server.metric("bastide_resident_bytes") == pytest.approx(kilobytes * 1024, rel=0.1)
