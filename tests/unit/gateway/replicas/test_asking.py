"""A call to several replicas, each of which does as the test tells it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

import pytest

from services.gateway.replicas.asking import Asking
from services.gateway.replicas.ejection import Ejection
from services.gateway.replicas.replica import Replica
from services.gateway.replicas.rotation import Rotation
from shared.errors import AisleError, InvalidRequest, Overloaded, SnapshotGone, Unavailable

Behaviour = Callable[[], Awaitable[None]]


async def well() -> None:
    """Answers at once."""


async def never() -> None:
    await asyncio.Event().wait()


def failing(error: AisleError) -> Behaviour:
    async def fail() -> None:
        raise error

    return fail


class Service:
    """Replicas that answer with their address."""

    def __init__(self, hedge_share: float = 1.0, **behaviours: Behaviour) -> None:
        self.behaviours = behaviours
        self.ejection = Ejection()
        self.rotation = Rotation(self.ejection)
        self.asking = Asking(self.rotation, self.ejection, hedge_share)
        self.asked: list[str] = []
        self.elapsed_ms: defaultdict[str, list[float]] = defaultdict(list)
        for address in behaviours:
            self.rotation.add(address).ready = True

    async def send(self, replica: Replica, elapsed_ms: float) -> str:
        self.asked.append(replica.address)
        self.elapsed_ms[replica.address].append(elapsed_ms)
        await self.behaviours[replica.address]()
        return replica.address

    async def ask(self, budget_ms: float = 0.0, log_position: int = 0) -> str:
        return await self.asking.ask("Retrieve", self.send, log_position, budget_ms)

    def replica(self, address: str) -> Replica:
        return next(each for each in self.rotation.replicas if each.address == address)

    def is_out(self, address: str) -> bool:
        return self.ejection.is_out(self.replica(address))


async def test_a_replica_that_is_gone_costs_no_call() -> None:
    service = Service(a=failing(Unavailable("refused")), b=well)
    assert [await service.ask() for _ in range(4)] == ["b"] * 4


async def test_one_that_fails_where_its_peer_does_not_is_left_alone() -> None:
    service = Service(a=failing(Unavailable("broken")), b=well)
    for _ in range(6):
        await service.ask()
    assert service.is_out("a") and not service.is_out("b")
    service.asked.clear()
    assert [await service.ask() for _ in range(3)] == ["b"] * 3 and service.asked == ["b"] * 3


async def test_when_all_fail_nobody_is_left_alone_and_the_error_is_told() -> None:
    service = Service(a=failing(Unavailable("no")), b=failing(Unavailable("no")))
    for _ in range(8):
        with pytest.raises(Unavailable, match="no"):
            await service.ask()
    assert not service.is_out("a") and not service.is_out("b")


async def test_a_snapshot_that_one_has_not_is_asked_of_the_other_which_is_no_fault() -> None:
    service = Service(a=failing(SnapshotGone("s2 is not open here")), b=well)
    assert [await service.ask() for _ in range(10)] == ["b"] * 10
    assert service.asked.count("a") == 5 and not service.is_out("a")


async def test_the_error_that_says_most_is_told() -> None:
    for first, second in (
        (SnapshotGone("gone"), Unavailable("no")),
        (Unavailable("no"), SnapshotGone("gone")),
    ):
        with pytest.raises(SnapshotGone):
            await Service(a=failing(first), b=failing(second)).ask()


async def test_a_request_that_is_wrong_is_wrong_everywhere() -> None:
    service = Service(a=failing(InvalidRequest("limit", "too large")), b=well)
    with pytest.raises(InvalidRequest):
        await service.ask()
    assert service.asked == ["a"]


async def test_one_that_stands_still_costs_a_moment_and_no_call() -> None:
    service = Service(a=never, b=well)
    assert await service.ask() == "b" and service.asked == ["a", "b"]
    assert service.elapsed_ms["b"][0] >= 50  # the second call gets the remaining time
    assert [await service.ask() for _ in range(5)] == ["b"] * 5
    assert service.asked == ["a", *["b"] * 6]  # it still has a call to answer


async def test_a_second_try_comes_early_when_the_budget_is_small() -> None:
    service = Service(a=never, b=well)
    assert await service.ask(budget_ms=20.0) == "b"
    assert service.elapsed_ms["b"][0] >= 8.0


async def test_one_that_never_answers_what_its_peer_did_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.gateway.replicas.asking._LOSER_SECONDS", 0.02)
    service = Service(a=never, b=well)
    for _ in range(8):
        assert await service.ask() == "b"
        await asyncio.sleep(0.03)
    assert service.is_out("a") and service.replica("a").in_flight == 0


async def test_without_a_share_for_second_tries_a_late_answer_is_waited_for() -> None:
    service = Service(hedge_share=0.0, a=never, b=well)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(service.ask(), 0.2)
    assert service.asked == ["a"]


async def test_what_nobody_waits_for_any_longer_is_cancelled() -> None:
    service = Service(hedge_share=0.0, a=never, b=never)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(service.ask(), 0.05)
    await asyncio.sleep(0)
    assert [replica.in_flight for replica in service.rotation.replicas] == [0, 0]


async def test_full_queues_are_asked_twice_only_as_often_as_late_replicas() -> None:
    service = Service(hedge_share=0.1, a=failing(Overloaded("full")), b=failing(Overloaded("full")))
    for _ in range(200):
        with pytest.raises(Overloaded):
            await service.ask()
    assert len(service.asked) <= 200 + 10 + 20
    assert not service.is_out("a") and not service.is_out("b")


async def test_at_most_three_replicas_are_asked() -> None:
    away = {name: failing(Unavailable(name)) for name in "abcde"}
    service = Service(1.0, **away)
    with pytest.raises(Unavailable):
        await service.ask()
    assert len(service.asked) == 3


async def test_one_that_was_left_alone_comes_back_by_calls_that_others_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.gateway.replicas.ejection._FIRST_SECONDS", 0.0)
    service = Service(a=failing(Unavailable("broken")), b=well)
    for _ in range(8):
        await service.ask()
    assert service.is_out("a")
    service.behaviours["a"] = well
    assert await service.ask() == "b"  # not by the one that is tried
    await asyncio.sleep(0)
    assert not service.is_out("a")
    assert {await service.ask() for _ in range(4)} == {"a", "b"}


async def test_the_one_that_shows_a_write_is_asked_for_it() -> None:
    service = Service(a=well, b=well)
    service.replica("b").log_position = 9
    assert [await service.ask(log_position=9) for _ in range(3)] == ["b"] * 3


async def test_waiting_for_a_write_says_nothing_about_the_replica() -> None:
    service = Service(a=never, b=never)
    for _ in range(6):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(service.ask(log_position=9), 0.02)
    assert not service.is_out("a") and not service.is_out("b")


async def test_nobody_is_asked_where_nobody_is_known() -> None:
    with pytest.raises(Unavailable, match="no address is known yet"):
        await Service().ask()


async def test_a_single_replica_is_asked_once() -> None:
    service = Service(a=failing(Unavailable("no")))
    with pytest.raises(Unavailable):
        await service.ask()
    assert service.asked == ["a"]


async def test_failing_under_a_callers_short_budget_is_not_the_replicas_fault() -> None:
    service = Service(a=failing(Unavailable("not in time")), b=well)
    for _ in range(10):
        await service.ask(budget_ms=5)
    assert not service.is_out("a")


async def test_failing_to_show_a_write_in_time_is_not_the_replicas_fault() -> None:
    service = Service(
        a=failing(Unavailable("not shown yet")), b=failing(Unavailable("not shown yet")), c=well
    )
    for _ in range(10):
        service.replica("c").log_position = 0
        await service.ask(log_position=9)
    assert not any(service.is_out(address) for address in "abc")


async def test_calls_that_wait_for_a_write_use_up_no_second_tries() -> None:
    service = Service(a=never, b=never)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await service.ask(log_position=9)
    assert len(service.asked) == 1
