"""Who is left alone, for how long, and how it comes back."""

from services.gateway.replicas.ejection import Ejection
from services.gateway.replicas.replica import Replica


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def replicas(count: int) -> list[Replica]:
    return [Replica(f"r{number}", ready=True) for number in range(count)]


def answers(ejection: Ejection, slowness: dict[Replica, float], times: int = 40) -> None:
    """Answers of several replicas, in turns."""
    for _ in range(times):
        for replica, times_as_long in slowness.items():
            ejection.answered(replica, times_as_long, list(slowness))


def test_one_far_slower_than_its_peers_is_left_alone() -> None:
    ejection = Ejection()
    (slow, *others) = replicas(3)
    answers(ejection, {slow: 6.0, others[0]: 1.0, others[1]: 0.9})
    assert ejection.is_out(slow) and not any(map(ejection.is_out, others))


def test_one_twice_as_slow_is_not() -> None:
    ejection = Ejection()
    (slow, other) = replicas(2)
    answers(ejection, {slow: 2.0, other: 1.0})
    assert not ejection.is_out(slow)


def test_nobody_is_left_alone_when_all_are_slow() -> None:
    ejection = Ejection()
    both = replicas(2)
    answers(ejection, dict.fromkeys(both, 20.0))
    assert not any(map(ejection.is_out, both))


def test_a_hiccup_is_forgiven() -> None:
    ejection = Ejection()
    (one, other) = replicas(2)
    answers(ejection, {one: 1.0, other: 1.0})
    for _ in range(2):
        ejection.answered(one, 500.0, [one, other])
    assert not ejection.is_out(one)


def test_one_that_fails_where_a_peer_answers_is_left_alone_at_the_third_time_in_a_row() -> None:
    ejection = Ejection()
    (bad, other) = replicas(2)
    for _ in range(2):
        ejection.beaten(bad, [bad, other])
    ejection.answered(bad, 1.0, [bad, other])
    for times in range(3):
        assert not ejection.is_out(bad), times
        ejection.beaten(bad, [bad, other])
    assert ejection.is_out(bad)


def test_at_most_half_of_those_that_are_ready_are_left_alone() -> None:
    ejection = Ejection()
    four = replicas(4)
    for replica in four:
        for _ in range(3):
            ejection.beaten(replica, four)
    assert [ejection.is_out(replica) for replica in four] == [True, True, False, False]
    alone = Ejection()
    for _ in range(9):
        alone.beaten(four[0], four[:1])
    assert not alone.is_out(four[0])


def test_after_a_second_it_is_tried_once_and_comes_back_when_that_goes_well() -> None:
    clock = Clock()
    ejection = Ejection(clock)
    both = replicas(2)
    for _ in range(3):
        ejection.beaten(both[0], both)
    clock.seconds += 0.9
    assert ejection.to_probe(both) is None
    clock.seconds += 0.2
    assert ejection.to_probe(both) is both[0] and ejection.to_probe(both) is None
    ejection.probed(both[0], 1.2)
    assert not ejection.is_out(both[0])


def test_a_try_that_fails_or_is_slow_doubles_the_while() -> None:
    clock = Clock()
    ejection = Ejection(clock)
    both = replicas(2)
    for _ in range(3):
        ejection.beaten(both[0], both)
    for seconds, slowness in ((1.0, None), (2.0, 9.0), (4.0, None)):
        clock.seconds += seconds - 0.1
        assert ejection.to_probe(both) is None, seconds
        clock.seconds += 0.2
        assert ejection.to_probe(both) is both[0], seconds
        ejection.probed(both[0], slowness)
        assert ejection.is_out(both[0])


def test_the_while_has_an_end_and_is_short_again_after_a_good_minute() -> None:
    clock = Clock()
    ejection = Ejection(clock)
    both = replicas(2)
    for _ in range(3):
        ejection.beaten(both[0], both)
    for _ in range(8):
        clock.seconds += 30.1
        assert ejection.to_probe(both) is both[0]
        ejection.probed(both[0], None)
    clock.seconds += 30.1
    assert ejection.to_probe(both) is both[0]
    ejection.probed(both[0], 1.0)
    clock.seconds += 61
    for _ in range(3):
        ejection.beaten(both[0], both)
    clock.seconds += 1.1
    assert ejection.to_probe(both) is both[0]


def test_what_was_slow_before_it_was_left_alone_counts_no_more() -> None:
    clock = Clock()
    ejection = Ejection(clock)
    (slow, other) = replicas(2)
    answers(ejection, {slow: 9.0, other: 1.0})
    clock.seconds += 1.1
    ejection.to_probe([slow, other])
    ejection.probed(slow, 1.0)
    answers(ejection, {slow: 1.0, other: 1.0})
    assert not ejection.is_out(slow)


def test_one_that_is_not_connected_is_not_tried() -> None:
    clock = Clock()
    ejection = Ejection(clock)
    both = replicas(2)
    for _ in range(3):
        ejection.beaten(both[0], both)
    clock.seconds += 5
    both[0].ready = False
    assert ejection.to_probe(both) is None


def test_another_process_at_the_address_begins_anew() -> None:
    ejection = Ejection()
    both = replicas(2)
    for _ in range(3):
        ejection.beaten(both[0], both)
    ejection.forget(both[0])
    assert not ejection.is_out(both[0])
