"""Which replica is asked next."""

from services.gateway.replicas.ejection import Ejection
from services.gateway.replicas.rotation import Rotation


def rotation(*addresses: str, ejection: Ejection | None = None) -> Rotation:
    found = Rotation(ejection or Ejection())
    for address in addresses:
        found.add(address).ready = True
    return found


def asked(rotation: Rotation, times: int, log_position: int = 0) -> list[str]:
    return [replica.address for _ in range(times) if (replica := rotation.first(log_position))]


def test_replicas_take_turns() -> None:
    assert asked(rotation("a", "b", "c"), 6) == ["a", "b", "c", "a", "b", "c"]


def test_one_that_is_not_ready_is_passed_over() -> None:
    three = rotation("a", "b", "c")
    three.replicas[1].ready = False
    assert asked(three, 4) == ["a", "c", "a", "c"]


def test_one_that_has_calls_to_answer_waits_until_the_others_have_as_many() -> None:
    two = rotation("a", "b")
    two.replicas[0].in_flight = 1
    assert asked(two, 3) == ["b", "b", "b"]
    two.replicas[1].in_flight = 1
    assert set(asked(two, 2)) == {"a", "b"}


def test_one_that_shows_what_is_wanted_is_preferred_whatever_it_has_to_do() -> None:
    two = rotation("a", "b")
    two.replicas[0].log_position = 7
    two.replicas[0].in_flight = 3
    assert asked(two, 3, log_position=7) == ["a", "a", "a"]
    assert asked(two, 2, log_position=8) == ["b", "b"]


def test_when_none_is_ready_some_one_is_asked_all_the_same() -> None:
    two = rotation("a", "b")
    for replica in two.replicas:
        replica.ready = False
    assert set(asked(two, 2)) == {"a", "b"}
    assert two.another([]) is None


def test_without_addresses_there_is_nobody() -> None:
    assert rotation().first() is None


def test_another_one_is_never_one_of_those_asked() -> None:
    two = rotation("a", "b")
    first = two.first()
    assert first and (other := two.another([first])) and other is not first
    assert two.another([first, other]) is None


def test_one_that_was_left_alone_is_asked_only_if_there_is_no_other() -> None:
    ejection = Ejection()
    two = rotation("a", "b", ejection=ejection)
    for _ in range(3):
        ejection.beaten(two.replicas[0], two.replicas)
    assert asked(two, 3) == ["b", "b", "b"]
    two.replicas[1].ready = False
    assert asked(two, 2) == ["a", "a"]


def test_one_that_is_removed_is_not_asked_any_more() -> None:
    two = rotation("a", "b")
    two.remove("a")
    assert asked(two, 2) == ["b", "b"]
