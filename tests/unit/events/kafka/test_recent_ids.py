from shared.events.kafka.batch import KafkaBatch
from shared.events.kafka.recent_ids import Place, RecentIds
from shared.events.log import SEARCH_LOGS, USER_EVENTS, Appended


def done(batch: KafkaBatch, *outcomes: Appended | None) -> KafkaBatch:
    batch.outcomes = list(outcomes)
    batch.ended.set_result(None)
    return batch


async def test_an_id_is_known_while_it_is_on_its_way_and_afterwards() -> None:
    recent = RecentIds(10)
    batch = KafkaBatch(USER_EVENTS)
    recent.add(USER_EVENTS, "e1", Place(batch, 0))
    assert recent.find(USER_EVENTS, "e1") == Place(batch, 0, duplicate=True)
    done(batch, Appended(7, partition=2))
    found = recent.find(USER_EVENTS, "e1")
    assert found is not None and found.outcome() == Appended(7, duplicate=True, partition=2)


async def test_an_id_that_was_not_written_is_free_again() -> None:
    recent = RecentIds(10)
    batch = done(KafkaBatch(USER_EVENTS), None, Appended(8))
    recent.add(USER_EVENTS, "lost", Place(batch, 0))
    recent.add(USER_EVENTS, "written", Place(batch, 1))
    assert recent.find(USER_EVENTS, "lost") is None
    assert recent.find(USER_EVENTS, "written") is not None


async def test_an_id_counts_in_its_own_topic() -> None:
    recent = RecentIds(10)
    recent.add(USER_EVENTS, "e1", Place(KafkaBatch(USER_EVENTS), 0))
    assert recent.find(SEARCH_LOGS, "e1") is None


async def test_beyond_the_limit_the_oldest_is_forgotten() -> None:
    recent = RecentIds(3)
    batch = KafkaBatch(USER_EVENTS)
    for number in (1, 2, 3, 1, 4):
        recent.add(USER_EVENTS, f"e{number}", Place(batch, number))
    known = [number for number in range(1, 5) if recent.find(USER_EVENTS, f"e{number}")]
    assert known == [1, 3, 4]
