"""Put what shoppers did into the feature store, once, however often it is told."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from services.feedback import decision
from services.feedback.decision import SECOND, Decision, decide
from shared import clock
from shared.features import keys
from shared.features import watermarks as marks
from shared.features.counters import Counters, Increment
from shared.features.evidence import LIMITS, EvidenceLimits
from shared.features.observation import Observation
from shared.features.scopes import SCOPES
from shared.features.store import Change, FeatureStore
from shared.features.visitor import Telling, Visitor
from shared.time_slice import TimeSlice

# A key and its value -> the new value
Rework = Callable[[str, bytes | None], Awaitable["Reworked"]]

_LEAST_TTL_SECONDS = 3_600  # of what is long past: until a replay has come to what is newer
_INCREMENTS_AT_ONCE = 20  # of up to 100 names each, which takes about a millisecond
_COUNTED_AT_ONCE = 5_000  # keys; more than a batch of ordinary pages and events has
_KEYS_AT_ONCE = 500  # read and written in one trip to the store


class Reworked(NamedTuple):
    """A key's new value, and whether a shopper did something with it, other than being shown a
    page.
    """

    value: bytes
    acted: bool
    more_seconds: int = 0  # that it lives, beyond what its kind of key does


class FeatureWriter:
    """Applies observations in the order of the log, to one generation of the store.

    First each visitor's value hears of them, which decides what is a second telling, and what of
    the others counts; that is counted. A value says how far it has taken in each partition, and is
    only replaced by who has seen it as it is: a batch that is applied again, in part or at the same
    time by another worker, changes nothing. See docs/decisions/an-effect-happens-once-per-key.md
    and docs/decisions/evidence-not-floods.md.
    """

    def __init__(
        self,
        store: FeatureStore,
        generation: str,
        time_slice: TimeSlice | None = None,
        limits: EvidenceLimits = LIMITS,
    ) -> None:
        """`time_slice` says when the event loop is given back while a batch is applied."""
        self._limits = limits
        self._store = store
        self._generation = generation
        self.time_slice = time_slice or TimeSlice()
        self._counts: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    async def apply(self, observations: Sequence[Observation]) -> None:
        """All effects are in the store on return.

        Raises Unavailable when it is down: apply the same again later.
        """
        decisions = await self._hear(observations)
        self._counts.update(each.telling.value for each in decisions)
        self._left_out.update(each.reason for each in decisions if each.reason)
        await self._count(zip(observations, decisions, strict=True))

    def take_counts(self) -> Counter[str]:
        """How many observations were what (Telling's values) since this was last asked."""
        counts = self._counts
        self._counts = Counter()
        return counts

    def take_left_out(self) -> Counter[str]:
        """Of how many observations something was not counted, by reason, since this was last asked."""
        left_out = self._left_out
        self._left_out = Counter()
        return left_out

    async def _hear(self, observations: Sequence[Observation]) -> list[Decision]:
        places: dict[str, list[int]] = defaultdict(list)
        decisions = [SECOND] * len(observations)
        for place, observation in enumerate(observations):
            if not observation.what.visitor_id and (reason := decision.left_out(observation, self._limits)):
                decisions[place] = Decision(Telling.FIRST, reason=reason)  # of nobody, for nobody
            else:
                places[keys.visitor_key(observation.key)].append(place)

        async def rework(key: str, old: bytes | None) -> Reworked:
            visitor = Visitor(old)
            for place in places[key]:
                decisions[place] = decide(visitor, observations[place], self._limits)
                if self.time_slice.is_used_up():
                    await self.time_slice.give_way()
            more_seconds = keys.BUYER_SECONDS - keys.VISITOR_SECONDS if visitor.state.bought else 0
            return Reworked(visitor.encoded(), bool(visitor.state.recent), more_seconds)

        spans = {key: _visitor_ttl([observations[place] for place in mine]) for key, mine in places.items()}
        await self._replace(spans, rework)
        return decisions

    async def _count(self, decided: Iterable[tuple[Observation, Decision]]) -> None:
        """Count them in the order of the log, not too many at a time.

        Objects by the hundred thousand are slow.
        """
        increments: dict[str, list[Increment]] = defaultdict(list)
        spans: dict[str, int] = {}
        for observation, what in decided:
            for key, base_seconds, increment in _increments(observation, what):
                increments[key].append(increment)
                spans[key] = max(spans.get(key, 0), _ttl(base_seconds, observation.logged_seconds))
            await self.time_slice.give_way()
            if len(spans) >= _COUNTED_AT_ONCE:
                await self._add(increments, spans)
                increments.clear()
                spans.clear()
        await self._add(increments, spans)

    async def _add(self, increments: Mapping[str, Sequence[Increment]], spans: Mapping[str, int]) -> None:
        async def rework(key: str, old: bytes | None) -> Reworked:
            counters = Counters(old)
            changed = False
            mine = increments[key]
            for start in range(0, len(mine), _INCREMENTS_AT_ONCE):
                changed = counters.add(mine[start : start + _INCREMENTS_AT_ONCE]) or changed
                if self.time_slice.is_used_up():
                    await self.time_slice.give_way()
            return Reworked(counters.encoded() if changed else old or b"", counters.acted)

        await self._replace(spans, rework)

    async def _replace(self, spans: Mapping[str, int], rework: Rework) -> None:
        """Rework the value of each key (with its seconds to live), again where another was quicker."""
        left = list(spans)
        while left:
            some = left[:_KEYS_AT_ONCE]
            left = left[_KEYS_AT_ONCE:]
            changes: list[Change] = []
            for key, old in zip(some, await self._store.values(some, self._generation), strict=True):
                value, acted, more_seconds = await rework(key, old)
                if value != old:
                    expected = old[: marks.size(old)] if old else b""
                    changes.append(Change(key, expected, value, spans[key] + more_seconds, acted))
                if self.time_slice.is_used_up():
                    await self.time_slice.give_way()
            written = await self._store.replace(changes, self._generation)
            left += [change.key for change, done in zip(changes, written, strict=True) if not done]
            await self.time_slice.give_way()


def _increments(observation: Observation, decided: Decision) -> Iterable[tuple[str, int, Increment]]:
    """Key, how many seconds it lives, and what is added to it, for the products that count."""
    source = decision.source_of(observation)
    made: dict[tuple[str, ...], Increment] = {}  # the same for all products of an event
    for scope in SCOPES:
        product_ids = decided.under_query if scope.by_query else decided.product_ids
        for key, base_seconds, names in scope.counted(observation.what, product_ids):
            if names not in made:
                made[names] = Increment(source, observation.offset, decided.day, names, decided.counter)
            yield key, base_seconds, made[names]


def _visitor_ttl(observations: Sequence[Observation]) -> int:
    known = any(observation.what.visitor_id for observation in observations)
    base_seconds = keys.VISITOR_SECONDS if known else keys.SEARCH_SECONDS
    return _ttl(base_seconds, max(observation.logged_seconds for observation in observations))


def _ttl(base_seconds: int, logged_seconds: float) -> int:
    return max(_LEAST_TTL_SECONDS, int(base_seconds - (clock.now() - logged_seconds)))
