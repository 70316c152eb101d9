"""A scope of features.

What an event adds under its keys, what a page reads, and the columns made of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.features.observation import Interaction, Shown
from shared.features.spec import LEAST_VISITORS

if TYPE_CHECKING:  # the feedback worker, which only counts, does without numpy
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

# Key, seconds to live, and the names whose counter grows by 1
Counted = tuple[str, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Whose page it is, and what may be on it."""

    product_ids: Sequence[str]  # the candidates
    query: str = ""  # as searched; empty: browsing
    visitor_id: str = ""  # empty: unknown
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredScope:
    """What the store has of a scope for one page."""

    values: Sequence[bytes | None]  # in the order of the scope's keys
    request: PageRequest
    now_seconds: float
    least_visitors: int = LEAST_VISITORS  # a counter whose total is below is read as 0


class Scope(Protocol):
    """One kind of key. Each scope is a file in scopes/, and has a place in scopes.SCOPES."""

    @property
    def letter(self) -> str:
        """What its keys begin with, before a colon."""

    @property
    def share(self) -> float:
        """Of the bytes of a store in memory."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that it makes."""

    @property
    def by_query(self) -> bool:
        """Whether a visitor counts once a day for each query, or once for all."""

    def counted(self, what: Interaction | Shown, product_ids: Sequence[str]) -> Iterable[Counted]:
        """What an observation adds to, of these of its products."""

    def keys(self, request: PageRequest) -> list[str]:
        """What is read for a page."""

    def key_count(self, request: PageRequest) -> int:
        """How many keys that is."""

    def make(self, stored: StoredScope, made: Mapping[str, Matrix]) -> Mapping[str, Matrix]:
        """The columns (n,) of n candidates, from the values of the keys.

        `made` are those of the scopes before.
        """

    def check(self, value: bytes) -> None:
        """Raises ValueError, TypeError, IndexError or struct.error if bytes are not a value of this
        scope.
        """
