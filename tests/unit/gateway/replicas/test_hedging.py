"""When a second replica is asked, and how often at most."""

from services.gateway.replicas.hedging import Hedging
from services.gateway.replicas.latencies import Latencies


def hedging(share: float = 0.1, answers_ms: range = range(0)) -> Hedging:
    latencies = Latencies()
    for ms in answers_ms:
        latencies.add("Retrieve", float(ms))
    return Hedging(share, latencies)


def test_a_second_try_comes_after_most_answers_have_come() -> None:
    known = hedging(answers_ms=range(100))
    assert 90 <= known.after_ms("Retrieve", 0.0) <= 96


def test_each_kind_of_call_has_its_own_times() -> None:
    known = hedging(answers_ms=range(100))
    assert known.after_ms("Rerank", 0.0) == hedging().after_ms("Retrieve", 0.0) == 50.0


def test_it_comes_early_enough_to_be_of_use() -> None:
    assert hedging(answers_ms=range(100)).after_ms("Retrieve", 50.0) == 20.0


def test_a_very_quick_service_is_not_called_late_for_a_millisecond() -> None:
    assert hedging(answers_ms=range(1, 2)).after_ms("Retrieve", 0.0) == 50.0
    latencies = Latencies()
    for _ in range(30):
        latencies.add("Retrieve", 0.4)
    assert Hedging(0.1, latencies).after_ms("Retrieve", 0.0) == 5.0


def test_second_tries_are_a_share_of_calls() -> None:
    spare = hedging(share=0.1)
    taken = 0
    for _ in range(1_000):
        spare.asked()
        taken += spare.take()
    assert 100 <= taken <= 111


def test_a_quiet_time_saves_up_only_a_few() -> None:
    spare = hedging(share=0.1)
    for _ in range(10_000):
        spare.asked()
    assert sum(spare.take() for _ in range(100)) == 10


def test_a_share_of_nothing_is_none() -> None:
    none = hedging(share=0.0)
    for _ in range(100):
        none.asked()
    assert not none.take()
