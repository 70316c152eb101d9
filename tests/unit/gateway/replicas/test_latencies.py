from services.gateway.replicas.latencies import Latencies


def test_too_few_answers_say_nothing() -> None:
    latencies = Latencies()
    for _ in range(19):
        latencies.add("Retrieve", 3.0)
    assert latencies.quantile("Retrieve", 0.5) is None
    latencies.add("Retrieve", 3.0)
    assert latencies.quantile("Retrieve", 0.5) == 3.0


def test_only_the_last_answers_count() -> None:
    latencies = Latencies()
    for ms in [*[100.0] * 500, *[2.0] * 200]:
        latencies.add("Retrieve", ms)
    assert latencies.quantile("Retrieve", 0.95) == 2.0


def test_a_quantile_is_a_time_that_was_seen() -> None:
    latencies = Latencies()
    for ms in range(200, 0, -1):
        latencies.add("Rerank", float(ms))
    assert latencies.quantile("Rerank", 0.0) == 1.0
    assert 94.0 <= (latencies.quantile("Rerank", 0.5) or 0.0) <= 106.0
    assert latencies.quantile("Rerank", 1.0) == 200.0
