"""What a cross-encoder reads while a core is idle, and what it is worth to the next page."""

import math
from dataclasses import dataclass, field, replace
from threading import Event

import numpy as np
import pytest

from services.reranker.cost_estimate import CostEstimate
from services.reranker.cross_encoded import CrossEncodedTop
from services.reranker.known_scores import KnownScores
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.read_ahead import AheadReader, Pause, ReadAhead
from services.reranker.reranker import Reranker
from services.reranker.scorer import TimedScorer
from services.reranker.states import Rows
from shared.live.wire_rows import UNKNOWN
from tests.unit.reranker.test_reranker_core import CANDIDATES, QUERY, UNLIMITED

ROWS = np.array([7, 3, UNKNOWN, 9, 1, 5, 8])


@dataclass
class Backward:
    """Likes the last rows best."""

    engine: str = "backward"
    read: list[int] = field(default_factory=list)
    stops_after: int = 1_000
    pause: Pause | None = None

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        self.read += rows.tolist()
        if self.pause and len(self.read) >= self.stops_after:
            self.pause.end()
        return rows.astype(np.float32)


@pytest.fixture
def scorer() -> Backward:
    return Backward()


@pytest.fixture
def reader(scorer: Backward) -> AheadReader:
    return AheadReader(scorer, KnownScores(queries=2))


def test_each_product_is_read_once_and_one_that_has_not_arrived_is_not(
    reader: AheadReader, scorer: Backward
) -> None:
    assert reader.scores(QUERY, ROWS) is None and reader.unread(QUERY, ROWS)
    reader.read(QUERY, ROWS, Pause(idle=True))
    assert scorer.read == [7, 3, 9, 1, 5, 8] and not reader.unread(QUERY, ROWS)
    scores = reader.scores(QUERY, ROWS)
    assert scores is not None
    np.testing.assert_array_equal(scores, [7, 3, np.nan, 9, 1, 5, 8])
    reader.read(QUERY, np.array([8, 7, 2]), Pause(idle=True))
    assert scorer.read[6:] == [2]


def test_few_known_scores_order_nothing(reader: AheadReader) -> None:
    reader.read(QUERY, ROWS[:2], Pause(idle=True))
    assert reader.scores(QUERY, ROWS) is None
    assert reader.scores(QUERY, ROWS[:4]) is not None


def test_the_queries_asked_last_are_remembered(reader: AheadReader) -> None:
    asked = [replace(QUERY, text=text) for text in ("mug", "jug", "pan")]
    for query in asked:
        reader.read(query, ROWS, Pause(idle=True))
    assert [reader.scores(query, ROWS) is None for query in asked] == [True, False, False]


def test_pages_with_other_filters_take_nothing_from_each_other(reader: AheadReader) -> None:
    pages = np.arange(0, 40), np.arange(30, 90)
    for rows in pages:
        reader.read(QUERY, rows, Pause(idle=True))
    assert not any(reader.unread(QUERY, rows) for rows in pages)
    reader.read(QUERY, np.arange(100, 330), Pause(idle=True))
    known = reader.known.of(QUERY.text, np.arange(400))
    assert np.count_nonzero(~np.isnan(known)) == 240 and reader.unread(QUERY, pages[0])


def test_what_was_read_before_the_end_is_kept(scorer: Backward, reader: AheadReader) -> None:
    scorer.pause = pause = Pause(idle=True)
    scorer.stops_after = 4
    reader.read(QUERY, ROWS, pause)
    assert scorer.read == [7, 3, 9, 1]
    assert not reader.unread(QUERY, ROWS[:5]) and reader.unread(QUERY, ROWS)


def test_without_an_idle_core_it_waits_for_a_while(scorer: Backward, reader: AheadReader) -> None:
    reader.read(QUERY, ROWS, Pause(idle=False, most_seconds=0.06))
    assert len(scorer.read) == 6


def test_nothing_is_read_once_it_was_ended_while_waiting(scorer: Backward, reader: AheadReader) -> None:
    class Busy:
        """Never idle; tells when it was looked at."""

        def __init__(self) -> None:
            self.looked = Event()

        def __bool__(self) -> bool:
            self.looked.set()
            return False

    busy = Busy()
    ahead = ReadAhead(Pause(busy, math.inf))
    ahead.want(reader, QUERY, ROWS)
    assert busy.looked.wait(30)
    ahead.close()
    assert not scorer.read and reader.scores(QUERY, ROWS) is None


def _waited(ahead: ReadAhead) -> None:
    """Wait until all that is wanted is read."""
    ahead._thread.submit(lambda: None).result(30)


def test_an_error_ends_no_thread(caplog: pytest.LogCaptureFixture, scorer: Backward) -> None:
    class Broken(Backward):
        """Fails."""

        def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
            raise ValueError("no such token")

    ahead = ReadAhead(Pause(True))
    ahead.want(AheadReader(Broken(), KnownScores(2)), QUERY, ROWS)
    _waited(ahead)
    assert "cannot read ahead" in caplog.text
    sound = AheadReader(scorer, KnownScores(2))
    ahead.want(sound, QUERY, ROWS)
    _waited(ahead)
    assert not sound.unread(QUERY, ROWS)
    ahead.want(sound, QUERY, ROWS)  # all is read
    _waited(ahead)
    assert len(scorer.read) == 6
    ahead.close()


@dataclass
class Switch:
    """Whether a core is idle."""

    on: bool = False

    def __bool__(self) -> bool:
        return self.on


def test_a_next_page_is_ordered_as_one_that_waited(reranker: Reranker, reader: AheadReader) -> None:
    timed = TimedScorer(reader.scorer, 4, 10, CostEstimate(0.001))
    top = CrossEncodedTop(timed, weight=1_000.0, limit=10, ahead=reader)
    both = replace(reranker, cross_encoder=top)
    ranked = both.rerank(QUERY, CANDIDATES, None, UNLIMITED)
    idle = Switch()
    later = ReadAhead(Pause(idle, math.inf))
    assert both.read_before(QUERY, CANDIDATES, ranked, later) is ranked
    idle.on = True
    _waited(later)
    known = both.read_before(QUERY, CANDIDATES, ranked, later)
    waited = both.cross_encoded(QUERY, CANDIDATES, ranked, UNLIMITED)
    assert known.order.tolist() == waited.order.tolist() != ranked.order.tolist()
    assert known.cross_encoded is not None and known.cross_encoded.scored_count == 10
    assert reranker.read_before(QUERY, CANDIDATES, ranked, later) is ranked
    later.close()
