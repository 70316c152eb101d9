"""Writes shoppers' actions to the feature store.

Each event counts once, however often it is delivered.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from services.feedback import decision
from services.feedback.decision import DUPLICATE, Decision, decide
from shared import clock
from shared.features import keys, watermarks
from shared.features.counters import Counters, Increment
from shared.features.evidence import LIMITS, EvidenceLimits
from shared.features.observation import Observation
from shared.features.scopes import SCOPES
from shared.features.store import Change, FeatureStore
from shared.features.visitor import Delivery, Visitor
from shared.time_slice import TimeSlice

# A key and its value -> the new value
Rework = Callable[[str, bytes | None], Awaitable["Reworked"]]

_LEAST_TTL_SECONDS = 3_600  # for old records: a replay reaches newer ones within this time
_INCREMENTS_AT_ONCE = 20  # of up to 100 names each, which takes about a millisecond
_COUNTED_AT_ONCE = 5_000  # keys; more than a batch of ordinary pages and events has
_KEYS_AT_ONCE = 500  # read and written in one round trip to the store


class Reworked(NamedTuple):
    """A key's new value."""

    value: bytes
    acted: bool  # whether a shopper acted, rather than only being shown a page
    more_seconds: int = 0  # added to the time to live of its kind of key


class FeatureWriter:
    """Applies observations in the order of the log, to one feature generation.

    Each visitor's value is written first. It decides which records are duplicates and which
    products of the others count. The counters are written second. A value contains its watermarks:
    the highest offset applied of each partition. A write succeeds only if the watermarks are still
    those that were read. So a batch changes nothing when it is applied again, in part or by another
    worker at the same time. See docs/decisions/an-effect-happens-once-per-key.md and
    docs/decisions/evidence-not-floods.md.
    """

    def __init__(
        self,
        store: FeatureStore,
        generation: str,
        time_slice: TimeSlice | None = None,
        limits: EvidenceLimits = LIMITS,
    ) -> None:
        """`time_slice` says when to yield to the event loop while a batch is applied."""
        self._limits = limits
        self._store = store
        self._generation = generation
        self.time_slice = time_slice or TimeSlice()
        self._counts: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    async def apply(self, observations: Sequence[Observation]) -> None:
        """Write all effects to the store before returning.

        Raises Unavailable if the store is down; then apply the same observations again later.
        """
        decisions = await self._decide(observations)
        self._counts.update(each.delivery.value for each in decisions)
        self._left_out.update(each.reason for each in decisions if each.reason)
        await self._count(zip(observations, decisions, strict=True))

    def take_counts(self) -> Counter[str]:
        """The number of observations by delivery (values of Delivery) since the last call."""
        counts = self._counts
        self._counts = Counter()
        return counts

    def take_left_out(self) -> Counter[str]:
        """The number of observations not counted in full, by reason, since the last call."""
        left_out = self._left_out
        self._left_out = Counter()
        return left_out

    async def _decide(self, observations: Sequence[Observation]) -> list[Decision]:
        places: dict[str, list[int]] = defaultdict(list)
        decisions = [DUPLICATE] * len(observations)
        for place, observation in enumerate(observations):
            has_visitor = bool(observation.content.visitor_id)
            if not has_visitor and (reason := decision.left_out(observation, self._limits)):
                decisions[place] = Decision(Delivery.FIRST, reason=reason)  # no value to update
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

        spans = {key: _visitor_ttl([observations[place] for place in own]) for key, own in places.items()}
        await self._replace(spans, rework)
        return decisions

    async def _count(self, decided: Iterable[tuple[Observation, Decision]]) -> None:
        """Count products in the order of the log, at most _COUNTED_AT_ONCE keys at a time.

        Hundreds of thousands of objects would be slow.
        """
        increments: dict[str, list[Increment]] = defaultdict(list)
        spans: dict[str, int] = {}
        for observation, counted in decided:
            for key, base_seconds, increment in _increments(observation, counted):
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
            added = increments[key]
            for start in range(0, len(added), _INCREMENTS_AT_ONCE):
                changed = counters.add(added[start : start + _INCREMENTS_AT_ONCE]) or changed
                if self.time_slice.is_used_up():
                    await self.time_slice.give_way()
            return Reworked(counters.encoded() if changed else old or b"", counters.acted)

        await self._replace(spans, rework)

    async def _replace(self, spans: Mapping[str, int], rework: Rework) -> None:
        """Replace the value of each key; retry a key that another worker changed meanwhile.

        `spans` has the keys with their time to live in seconds.
        """
        left = list(spans)
        while left:
            batch = left[:_KEYS_AT_ONCE]
            left = left[_KEYS_AT_ONCE:]
            changes: list[Change] = []
            for key, old in zip(batch, await self._store.values(batch, self._generation), strict=True):
                value, acted, more_seconds = await rework(key, old)
                if value != old:
                    expected = old[: watermarks.size(old)] if old else b""
                    changes.append(Change(key, expected, value, spans[key] + more_seconds, acted))
                if self.time_slice.is_used_up():
                    await self.time_slice.give_way()
            written = await self._store.replace(changes, self._generation)
            left += [
                change.key for change, is_written in zip(changes, written, strict=True) if not is_written
            ]
            await self.time_slice.give_way()


def _increments(observation: Observation, decided: Decision) -> Iterable[tuple[str, int, Increment]]:
    """Key, base time to live in seconds, and increment, for the products that count."""
    source = decision.source_of(observation)
    made: dict[tuple[str, ...], Increment] = {}  # the same for all products of an event
    for scope in SCOPES:
        product_ids = decided.under_query if scope.by_query else decided.product_ids
        for key, base_seconds, names in scope.counted(observation.content, product_ids):
            if names not in made:
                made[names] = Increment(source, observation.offset, decided.day, names, decided.counter)
            yield key, base_seconds, made[names]


def _visitor_ttl(observations: Sequence[Observation]) -> int:
    known = any(observation.content.visitor_id for observation in observations)
    base_seconds = keys.VISITOR_SECONDS if known else keys.SEARCH_SECONDS
    return _ttl(base_seconds, max(observation.logged_seconds for observation in observations))


def _ttl(base_seconds: int, logged_seconds: float) -> int:
    return max(_LEAST_TTL_SECONDS, int(base_seconds - (clock.now() - logged_seconds)))
