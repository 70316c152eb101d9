"""Chooses queries so that no kind of product dominates."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import itemgetter
from typing import Protocol, TypeVar


class Said(Protocol):
    """Something that is asked for in words."""

    @property
    def text(self) -> str: ...


Asked = TypeVar("Asked", bound=Said)


def distinct(everything: Iterable[Asked]) -> list[Asked]:
    """One of each text, the first."""
    by_text: dict[str, Asked] = {}
    for one in everything:
        by_text.setdefault(one.text, one)
    return list(by_text.values())


def in_turns(
    among: Iterable[Asked], picked: Iterable[Asked], kind: Callable[[Asked], Hashable], count: int
) -> Sequence[Asked]:
    """`count` of some queries. Kinds take turns, and kinds in `picked` go later."""
    turns = Counter(kind(one) for one in picked)
    pool: list[tuple[int, Asked]] = []
    for one in among:
        turns[kind(one)] += 1
        pool.append((turns[kind(one)], one))
    return [one for _, one in sorted(pool, key=itemgetter(0))[:count]]
